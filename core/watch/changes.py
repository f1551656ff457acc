"""How a folder differs from what the catalog remembers of it."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from core.records import Changes, FileId, FoundFile, KnownFile, Signature
from core.watch.identity import signature_from
from core.watch.scan import Listing


def compare(known: Sequence[KnownFile], listing: Listing) -> Changes:
    """Tells what happened between what was `known` and what was listed, by signatures alone.

    - changed: the same path, another signature. Its content may be the same; only its hash tells.
    - moved: the same inode, size and modification time under another path, and no longer under its own (a rename
      changes ctime, so that is not asked). Also, at the same path, a file that was missing, and one whose drive got
      another device number: same size and times. Nothing need be read again.
    - missing: not found, though it could be asked for and every directory above it was listed. `proven` makes sure.
    - back: was missing, and is at its path as it was.

    Paths may pass from one file to another (two that changed places, one renamed over another): apply all of moved at
    once, then changed and added.
    """
    known_at = {file.path: file for file in known}
    found_at = {file.path: file for file in listing.files}
    candidates_at = _missing(known, found_at, listing.unread)
    added: list[FoundFile] = []
    changed: list[tuple[FileId, FoundFile]] = []
    moved: list[tuple[FileId, FoundFile]] = []
    back: list[FileId] = []
    remaining: list[FoundFile] = []
    arrived: set[FileId] = set()
    for found in listing.files:
        before = known_at.get(found.path)
        if before is not None and before.signature == found.signature:
            if not before.is_here:
                back.append(before.file_id)
            continue
        if before is not None and _is_again(before, found.signature):
            moved.append((before.file_id, found))
        elif before is not None and _same_inode(before.signature, found.signature):
            remaining.append(found)
        elif candidates := candidates_at.get(_inode_key(found.signature)):
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
    missing = [file.file_id for files in candidates_at.values() for file in files if file.file_id not in replaced]
    return Changes(tuple(added), tuple(changed), tuple(moved), tuple(sorted(missing)), tuple(back))


def proven(changes: Changes, known: Sequence[KnownFile]) -> Changes:
    """The changes without those missing files of which the system does not say that they are not there.

    What a directory lists is not proof enough: drives that fail and servers that are busy leave files out.
    """
    if not changes.missing:
        return changes
    file_of = {file.file_id: file for file in known}
    return replace(changes, missing=[file_id for file_id in changes.missing if _is_absent(file_of[file_id])])


def arrived(changes: Changes, elsewhere: Sequence[KnownFile]) -> Changes:
    """The changes with those added files as moved that were `elsewhere` before and are not there any more."""
    if not elsewhere:
        return changes
    origins: defaultdict[_InodeKey, list[KnownFile]] = defaultdict(list)
    for file in elsewhere:
        origins[_inode_key(file.signature)].append(file)
    added, moved = [], list(changes.moved)
    for found in changes.added:
        origin = next((file for file in origins[_inode_key(found.signature)] if _is_absent(file)), None)
        if origin is None:
            added.append(found)
        else:
            origins[_inode_key(found.signature)].remove(origin)
            moved.append((origin.file_id, found))
    return replace(changes, added=tuple(added), moved=tuple(moved))


def _is_absent(file: KnownFile) -> bool:
    """Whether the file is certainly not at its path: the system says so, or something else is there."""
    try:
        status = os.lstat(file.path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    before, now = file.signature, signature_from(status)
    same = _same_inode(before, now) or (before.size_bytes, before.mtime_ns) == (now.size_bytes, now.mtime_ns)
    return not (stat.S_ISREG(status.st_mode) and same)


_InodeKey: TypeAlias = tuple[int, int, int, int]


def _inode_key(signature: Signature) -> _InodeKey:
    return signature.device, signature.inode, signature.size_bytes, signature.mtime_ns


def _same_inode(before: Signature, now: Signature) -> bool:
    return (before.device, before.inode) == (now.device, now.inode)


def _is_again(before: KnownFile, now: Signature) -> bool:
    """Whether it is the same file though its signature is another: its drive's number is, or it was away and back."""
    came_back = not before.is_here and _inode_key(before.signature) == _inode_key(now)
    return came_back or _renumbered(before.signature, now)


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
            certain = file.path not in unread and not _is_below(file.path, unread)
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
