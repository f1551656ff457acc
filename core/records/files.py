"""Files and folders as a scan finds them and the catalog remembers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

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


class Rule(StrEnum):
    """Why a file or folder in a watched folder is not taken in."""

    HIDDEN = "hidden"
    SYSTEM = "system"
    """Kept by a system or program for itself: its trash, previews, caches."""
    PATTERN = "pattern"
    TOO_LARGE = "too large"
    BEING_WRITTEN = "being written"
    """Not left out but waited for."""
    UNREADABLE = "unreadable"
    """Nor is this: the drive or the system does not let it be looked at now. What is known of it stays as it is."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What one rule (of the user's patterns: one pattern) leaves out of a folder, with some examples.

    What is in a folder that is left out is not counted.
    """

    MOST_EXAMPLES: ClassVar[int] = 20

    rule: Rule
    pattern: str = ""
    files: int = 0
    folders: int = 0
    examples: tuple[str, ...] = ()

    def plus(self, other: Skipped) -> Skipped:
        """What both leave out together."""
        examples = self.examples
        if len(examples) < self.MOST_EXAMPLES:
            examples = (examples + other.examples)[: self.MOST_EXAMPLES]
        return replace(self, files=self.files + other.files, folders=self.folders + other.folders, examples=examples)


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from what the catalog remembers of it.

    `moved` files may come from another folder. `missing` are all that are certainly not there now, `back` those that
    were and are there again as they were. `left_out` files are no longer to be known, whether there or not. `skipped`
    is None where it is as before.
    """

    added: Sequence[FoundFile] = ()
    changed: Sequence[tuple[FileId, FoundFile]] = ()
    moved: Sequence[tuple[FileId, FoundFile]] = ()
    missing: Sequence[FileId] = ()
    back: Sequence[FileId] = ()
    left_out: Sequence[FileId] = ()
    skipped: Sequence[Skipped] | None = None

    def __bool__(self) -> bool:
        files = self.added or self.changed or self.moved or self.missing or self.back or self.left_out
        return bool(files) or self.skipped is not None


@dataclass(frozen=True, slots=True)
class Given:
    """What is at paths that the user gave us: files and folders, with links followed; nothing of what is neither."""

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What patterns would leave out.

    `files` of the `known` ones can be found now and could not be any more. `by_pattern` counts these and what the
    pattern leaves out already. `wrong` are lines that are no patterns.
    """

    known: int
    files: int
    by_pattern: tuple[Skipped, ...] = ()
    wrong: tuple[str, ...] = ()


class Gap(StrEnum):
    """Why live watching does not see every change in a folder."""

    WATCHES = "watches"
    """The system allows no more watches; each directory needs one."""
    INSTANCES = "instances"
    """The system allows no further program to watch."""
    REMOTE = "remote"
    """Others may change it without this computer's being told."""
    REFUSED = "refused"
    """Directories that may not be read, or cannot be watched for another reason."""


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A folder that is not, or not wholly, watched live; changes there are found by looking through it now and then.

    `directories` is how many could not be watched, 0 where that cannot be known. `remedy` is a command for the user to
    run, empty where there is none.
    """

    path: Path
    gap: Gap
    directories: int = 0
    remedy: str = ""


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
    skipped: tuple[Skipped, ...] = ()
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
