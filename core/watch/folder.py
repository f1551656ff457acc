"""Which folders can be watched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import FolderError


def watchable(path: Path, library: Path, watched: Sequence[Path], *, again: bool = False) -> Path:
    """The real, absolute path under which `path` is to be watched.

    Raises FolderError when there is no such folder, it belongs to the library, it lies in a watched folder, or
    a watched folder lies in it (each file has one folder, so that removing a
    folder is clear). A folder that is watched already is answered as it is. One that is watched `again` may be away.
    """
    real = path.expanduser().resolve()
    if not (again or real.is_dir()):
        what = "is not a folder" if real.exists() else "does not exist"
        raise FolderError(f"{path} {what}.", "Choose a folder that holds photos.")
    if real == library or library in real.parents:
        raise FolderError(f"{path} holds Likewise's own data.", "Choose a folder that holds photos.")
    for other in watched:
        if other in real.parents:
            raise FolderError(f"{path} is already being watched, as part of {other}.")
        if real in other.parents:
            raise FolderError(f"{path} contains {other}, which is being watched.", "Remove that folder first.")
    return real
