"""How a folder differs from what the catalog remembers of it, and whether it can be trusted at all."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from core.records import Changes, FileId, FolderState, FoundFile, KnownFile, Signature
from core.watch.scan import Listing


def root_state(listing: Listing, known_count: int) -> FolderState:
    """OFFLINE when nothing may be concluded from `listing`: the root could not be listed, or all files seem gone.

    A drive that was unplugged leaves an empty folder behind, exactly as if its files had been deleted.
    """
    lost = listing.root in listing.unread or (known_count > 0 and not listing.files)
    return FolderState.OFFLINE if lost else FolderState.ONLINE


def compare(known: Sequence[KnownFile], listing: Listing) -> Changes:
    """Tells what happened between what was `known` and what was listed, by signatures alone.

    - changed: the same path, another signature. Its content may be the same; only its hash tells.
    - moved: the same inode, size and modification time under another path, and no longer under its own (a rename
      changes ctime, so that is not asked). Also a file whose drive got another device number: same path, same size
      and times. Nothing need be read again.
    - gone: not found, though every directory above it was listed.

    Paths may pass from one file to another (two that changed places, one renamed over another): apply gone first,
    then all of moved at once, then changed and added.
    """
    known_at = {file.path: file for file in known}
    found_at = {file.path: file for file in listing.files}
    missing = _missing(known, found_at, listing.unread)
    added: list[FoundFile] = []
    changed: list[tuple[FileId, FoundFile]] = []
    moved: list[tuple[FileId, FoundFile]] = []
    remaining: list[FoundFile] = []
    arrived: set[FileId] = set()
    for found in listing.files:
        before = known_at.get(found.path)
        if before is not None and before.signature == found.signature:
            continue
        if before is not None and _renumbered(before.signature, found.signature):
            moved.append((before.file_id, found))
        elif before is not None and _same_inode(before.signature, found.signature):
            remaining.append(found)
        elif candidates := missing.get(_inode_key(found.signature)):
            origin = candidates.pop()
            arrived.add(origin.file_id)
            moved.append((origin.file_id, found))
        else:
            remaining.append(found)
    for found in remaining:
        before = known_at.get(found.path)
        if before is None or before.file_id in arrived:
            added.append(found)
        else:
            changed.append((before.file_id, found))

    replaced = {file_id for file_id, _ in changed}
    gone = [file.file_id for candidates in missing.values() for file in candidates if file.file_id not in replaced]
    return Changes(tuple(added), tuple(changed), tuple(moved), tuple(sorted(gone)))


_InodeKey: TypeAlias = tuple[int, int, int, int]


def _inode_key(signature: Signature) -> _InodeKey:
    return signature.device, signature.inode, signature.size_bytes, signature.mtime_ns


def _same_inode(before: Signature, now: Signature) -> bool:
    return (before.device, before.inode) == (now.device, now.inode)


def _renumbered(before: Signature, now: Signature) -> bool:
    """Whether a drive came back under another device number (its inodes may be made up anew, too)."""
    return (
        before.device != now.device
        and before.size_bytes == now.size_bytes
        and before.mtime_ns == now.mtime_ns
        and before.ctime_ns == now.ctime_ns
    )


def _missing(
    known: Sequence[KnownFile], found_at: Mapping[bytes, FoundFile], unread: Collection[bytes]
) -> dict[_InodeKey, list[KnownFile]]:
    """The known files that are certainly not at their path any more, by inode; of hard links the first is last."""
    missing: defaultdict[_InodeKey, list[KnownFile]] = defaultdict(list)
    for file in reversed(known):
        found = found_at.get(file.path)
        if found is None:
            certain = not _is_below(file.path, unread)
        else:
            before, now = file.signature, found.signature
            certain = not _same_inode(before, now) and not _renumbered(before, now)
        if certain:
            missing[_inode_key(file.signature)].append(file)
    return missing


def _is_below(path: bytes, directories: Collection[bytes]) -> bool:
    while directories and (parent := os.path.split(path)[0]) != path:
        if parent in directories:
            return True
        path = parent
    return False
