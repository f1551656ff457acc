"""Moved files keep what is known of them, unless they could be others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.records import Changes, FoundFile
from core.store.presence import CONFIRM_AFTER_S
from tests.core.store.conftest import Library, found


def with_times_of(file: FoundFile, other: FoundFile) -> FoundFile:
    """`file` as a copy of `other` would be: with its size and time, which an inode of its own goes with."""
    taken = other.signature
    return replace(file, signature=replace(file.signature, size_bytes=taken.size_bytes, mtime_ns=taken.mtime_ns))


@pytest.mark.parametrize("other", ["known", "unread", "lost"])
def test_a_moved_file_with_size_and_time_of_another_is_read_again(library: Library, other: str) -> None:
    """A freed inode is soon taken again: what passes for the moved file may be a copy of the other."""
    alike = found("/pictures/other.jpg", 3)
    library.add(with_times_of(found("/pictures/one.jpg"), alike))
    library.index()
    one = library.file_id("/pictures/one.jpg")
    if other != "unread":
        library.add(alike)
        library.index()
    if other == "lost":
        missing = Changes(missing=[library.file_id("/pictures/other.jpg")])
        for now_s in (1e9, 1e9 + CONFIRM_AFTER_S):
            library.catalog.pass_time(now_s)
            library.catalog.apply_changes(library.folder_id, missing)
    moved = with_times_of(found("/pictures/sub/one.jpg"), alike)
    added = [alike] if other == "unread" else []
    library.catalog.apply_changes(library.folder_id, Changes(moved=[(one, moved)], added=added))
    work = library.catalog.claim(9)
    assert one in [item.file_id for item in work]
    assert library.searchable(), "and is found by what it was until then"


@pytest.mark.parametrize("other", ["none", "a copy", "a hard link"])
def test_a_moved_file_is_not_read_again(library: Library, other: str) -> None:
    file = found("/pictures/one.jpg", 3)
    library.add(file)
    if other != "none":
        copy = with_times_of(found("/pictures/copy.jpg"), file)
        library.add(replace(copy, signature=file.signature) if other == "a hard link" else copy)
    library.index(content=lambda path: b"the same")
    moved = with_times_of(found("/pictures/sub/one.jpg"), file)
    changes = Changes(moved=[(library.file_id("/pictures/one.jpg"), moved)], added=[found("/pictures/new.jpg")])
    library.catalog.apply_changes(library.folder_id, changes)
    assert [item.path for item in library.catalog.claim(9)] == [b"/pictures/new.jpg"]
