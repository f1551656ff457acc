"""What is remembered of a model's files once their digests are known, so that they are not read whole each time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import ModelError

NAME = "likewise.json"
"""The receipt in a folder of ours, which therefore comes and goes with it in one step."""
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when its digest was taken."""

    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def read(cls, path: Path) -> File:
        """Reads the whole file. Raises OSError."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, digest(path))

    def is_like(self, path: Path) -> bool:
        """Whether the file still looks as it did, by size and time alone."""
        try:
            status = path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The files of one model in one folder.

    Attributes:
        path: where the receipt itself is kept.
        files: named as in the repository; none if the folder is known to hold damaged ones.
        commit: which state of the repository it is, as far as known.
    """

    path: Path
    folder: Path
    files: Mapping[str, File]
    model_id: str
    family: str
    licence: str = ""
    commit: str = ""

    @classmethod
    def load(cls, path: Path) -> Receipt | None:
        """The receipt in a file; None if there is none that can be read."""
        try:
            content = json.loads(path.read_bytes())
            files = {name: File(**file) for name, file in content.pop("files").items()}
            return cls(path, Path(content.pop("folder", path.parent)), files, **content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self) -> None:
        """Writes the receipt in one step. Raises OSError."""
        content = asdict(self)
        del content["path"]
        content["folder"] = str(self.folder)
        if self.is_ours:
            del content["folder"]  # the two are moved together
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    @property
    def is_ours(self) -> bool:
        """Whether the files are ours to delete: the receipt lies beside them."""
        return self.path.name == NAME

    @property
    def size_bytes(self) -> int:
        """What all files take."""
        return sum(file.size for file in self.files.values())

    def amiss(self) -> str:
        """What can be seen to be wrong without reading a file, in words; empty if nothing is."""
        for name, file in self.files.items():
            try:
                size = (self.folder / name).stat().st_size
            except OSError:
                return f"{self.folder / name} is missing."
            if size != file.size:
                return f"{self.folder / name} is not as it was: {size:,} bytes instead of {file.size:,}."
        return ""

    def changed(self) -> list[str]:
        """The files that do not look as they did, by size and time."""
        return [name for name, file in self.files.items() if not file.is_like(self.folder / name)]

    def checked(self, names: Iterable[str]) -> Receipt:
        """The receipt with the times of today for `names`, which are read whole. Raises ModelError for a wrong one."""
        files = dict(self.files)
        for name in names:
            path = self.folder / name
            try:
                files[name] = File.read(path)
            except OSError as error:
                raise ModelError(f"{path} cannot be read ({error.strerror}).") from error
            if files[name].sha256 != self.files[name].sha256:
                raise DamagedError(path)
        return replace(self, files=files)


class DamagedError(ModelError):
    """A file of a model holds other bytes than it should."""

    def __init__(self, path: Path, advice: str = "") -> None:
        super().__init__(f"{path} is damaged: it no longer holds what it should.", advice)
        self.path = path


def digest(path: Path) -> str:
    """The sha256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_etag(path: Path, size: int, etag: str) -> bool:
    """Whether a file is there whole: it has that size, and that digest by which the hub knows it.

    For large files that is the sha256; for small ones, kept in git, it is git's sha1 of length and content.
    """
    try:
        if path.stat().st_size != size:
            return False
        if len(etag) == _SHA256_DIGITS:
            return digest(path) == etag
        return hashlib.sha1(b"blob %d\0" % size + path.read_bytes(), usedforsecurity=False).hexdigest() == etag
    except OSError:
        return False
