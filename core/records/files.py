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
    """A file as the catalog remembers it. `is_here`: it was there when it was last looked for."""

    file_id: FileId
    path: bytes
    signature: Signature
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from what the catalog remembers of it.

    `moved` files may come from another folder. `missing` are all that are certainly not there now, `back` those that
    were and are there again as they were. `left_out` files are no longer to be known, whether there or not.
    """

    added: Sequence[FoundFile] = ()
    changed: Sequence[tuple[FileId, FoundFile]] = ()
    moved: Sequence[tuple[FileId, FoundFile]] = ()
    missing: Sequence[FileId] = ()
    back: Sequence[FileId] = ()
    left_out: Sequence[FileId] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.moved or self.missing or self.back or self.left_out)


class FolderState(StrEnum):
    """Whether a watched folder can be read now. CHANGED: it can, but it seems to be another drive's."""

    ONLINE = "online"
    OFFLINE = "offline"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder the user asked us to watch, with the number of its files in each state.

    `found` is how many of each kind can be found; some of them may still wait for what takes long, or have failed it.
    `root` is what it was when it was last read, `drive` what its drive is called, empty for the one of the user's home.
    `lost` files are not there any more; `asks` of them are so many that the user is asked before they are forgotten.
    """

    folder_id: FolderId
    path: Path
    state: FolderState = FolderState.ONLINE
    files: int = 0
    waiting: int = 0
    failed: int = 0
    found: Mapping[Kind, int] = field(default_factory=dict)
    root: str = ""
    drive: str = ""
    lost: int = 0
    asks: int = 0

    @property
    def away(self) -> Away | None:
        """What must be there again for its files to be opened; None if they can be."""
        if self.state is FolderState.ONLINE:
            return None
        return Away(self.drive or self.path.name or str(self.path), bool(self.drive), self.state)


@dataclass(frozen=True, slots=True)
class Away:
    """A drive or folder that is not there: what it is called, and whether another is in its place."""

    name: str
    is_drive: bool
    state: FolderState
