"""Files and folders as a scan finds them and the catalog remembers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.records.basics import FileId, FolderId, Kind


@dataclass(frozen=True, slots=True)
class Signature:
    """What `lstat` says of a file; equal signatures mean unread bytes need no second reading."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file seen by a scan. `path` is raw bytes: names need not be UTF-8."""

    path: bytes
    kind: Kind
    signature: Signature


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the catalog remembers it."""

    file_id: FileId
    path: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from what the catalog remembers of it."""

    added: Sequence[FoundFile] = ()
    changed: Sequence[tuple[FileId, FoundFile]] = ()
    moved: Sequence[tuple[FileId, FoundFile]] = ()
    gone: Sequence[FileId] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.moved or self.gone)


class FolderState(StrEnum):
    """Whether a watched folder can be read now."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder the user asked us to watch, with the number of its files in each state.

    `found` is how many of each kind can be found; some of them may still wait for what takes long, or have failed it.
    """

    folder_id: FolderId
    path: Path
    state: FolderState = FolderState.ONLINE
    files: int = 0
    waiting: int = 0
    failed: int = 0
    found: Mapping[Kind, int] = field(default_factory=dict)
