"""Models that other programs downloaded from the hub. Read, never written."""

from __future__ import annotations

import re
from pathlib import Path

from core.models.contents import found_in
from core.models.receipt import DamagedError, File, Receipt, has_etag
from core.paths import hub_cache


def snapshot(repository: str) -> Path | None:
    """The newest state of a repository that the cache holds, if it holds any."""
    base = hub_cache() / f"models--{repository.replace('/', '--')}"
    try:
        commit = (base / "refs" / "main").read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    folder = base / "snapshots" / commit
    return folder if re.fullmatch(r"[0-9a-f]{40}", commit) and folder.is_dir() else None


def taken(path: Path, folder: Path, model_id: str, family: str) -> Receipt:
    """A receipt, to be kept in `path`, for a snapshot, each file of it checked against the digest in its name there.

    Raises DamagedError, or OSError for a file that cannot be read.
    """
    files = {}
    for name in found_in(folder):
        file = folder / name
        files[name] = File.read(file)
        # a link leads to a blob named by its digest; where links cannot be made, the cache holds plain copies
        if file.is_symlink() and not has_etag(file, files[name].size, file.readlink().name):
            raise DamagedError(file)
    return Receipt(path, folder, files, model_id, family, commit=folder.name)
