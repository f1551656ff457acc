"""What a watched folder is: by what it is known again, on which drive it lies, and whether what is there now is it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

from core.records import FolderState, KnownFile
from core.watch.scan import Listing

_SAME_SHARE = 0.5
"""Of a drive that tells nothing of itself, so many of the known files must be there, or it is another."""


@dataclass(frozen=True, slots=True)
class RootIdentity:
    """What the system says of a folder. `filesystem` is its file system's own id (statvfs(3)), 0 where it has none.

    No part of it is proof alone: a drive gets another device number every time, most have the same inode at their top,
    and many file systems make their id from the device number.
    """

    device: int
    inode: int
    filesystem: int = 0

    def __str__(self) -> str:
        return " ".join(map(str, astuple(self)))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` wrote; None for an empty text."""
        return cls(*map(int, text.split())) if text else None

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """What is at `path` now; None if it cannot be reached."""
        try:
            status = path.stat()
            filesystem = os.statvfs(path).f_fsid if hasattr(os, "statvfs") else 0
        except OSError:
            return None
        return cls(status.st_dev, status.st_ino, filesystem)

    def may_be(self, other: RootIdentity) -> bool:
        """Whether the two may be the same folder of the same file system."""
        if self.inode != other.inode:
            return False
        if self.filesystem and other.filesystem:
            return self.filesystem == other.filesystem
        return self.device == other.device

    def is_beside(self, other: RootIdentity) -> bool:
        """Whether the two lie on the same drive, as far as the system tells."""
        return (self.device, self.filesystem) == (other.device, other.filesystem)


def root_state(
    listing: Listing,
    known: Sequence[KnownFile],
    before: RootIdentity | None,
    now: RootIdentity | None,
    *,
    accepted: bool = False,
) -> FolderState:
    """Whether the folder that was listed is the one whose files are `known`; only then anything follows from it.

    - OFFLINE: it could not be listed, or nothing is there. A drive that was unplugged leaves an empty folder behind,
      exactly as if its files had been deleted.
    - CHANGED: something else is there. A folder is known again by what it was `before`, and one file that is still at
      its place; or, if it is something else by what the system says, by half of them. On a drive that no one unplugs
      a folder is what it is: it was emptied, or deleted and made again.
    - With `accepted` it is whatever can be listed: the user said so.
    """
    if now is None or listing.root in listing.unread:
        return FolderState.OFFLINE
    here = [file for file in known if file.is_here]
    if accepted or not here:
        return FolderState.ONLINE
    if not listing.files:
        return FolderState.OFFLINE
    found = {file.path: file.signature.size_bytes for file in listing.files}
    same = sum(found.get(file.path) == file.signature.size_bytes for file in here)
    enough = 1.0 if before is None or now.may_be(before) else _SAME_SHARE * len(here)
    is_it = same >= enough or (before is not None and now.is_beside(before) and _is_fixed(now))
    return FolderState.ONLINE if is_it else FolderState.CHANGED


def drive_of(path: Path) -> str:
    """What the drive is called that `path` lies on; empty for that of the user's home, which is always there."""
    try:
        if _is_fixed(RootIdentity(path.stat().st_dev, 0)):
            return ""
        top = next(place for place in (path, *path.parents) if os.path.ismount(place))
    except (OSError, StopIteration):
        return ""
    return "" if top == Path(path.anchor) and os.name != "nt" else top.name or top.drive


def _is_fixed(root: RootIdentity) -> bool:
    """Whether it lies on a drive that no one unplugs while we run: the system's, or that of the user's home."""
    for place in (Path("/"), Path.home()):
        try:
            if place.stat().st_dev == root.device:
                return True
        except OSError:
            continue
    return False
