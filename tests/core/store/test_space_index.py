"""A space's search follows the catalog, and no damage to its files changes an answer."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import LibraryError
from core.records import Changes, FileId, SpaceId
from core.store.vectors import graph, hnsw
from core.store.vectors.exact import ExactStore
from core.store.vectors.space_index import SpaceIndex
from tests.core.store.conftest import LOOKS, WORDS, Library, unit_vector

PICTURES = [f"{number}.jpg" for number in range(700)]
QUERIES = [unit_vector(b"question %d" % number, WORDS.dim) for number in range(10)]


@pytest.fixture(autouse=True)
def small_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred vectors fill several graphs, which are asked even where looking at all were faster."""
    monkeypatch.setattr(graph, "TARGET_BYTES", 60 * 1000)
    monkeypatch.setattr(hnsw, "EXACT_PER_RESULT", 1)


@pytest.fixture
def filled(library: Library) -> Library:
    library.add_indexed(*PICTURES)
    return library


def open_index(library: Library, space_id: SpaceId = WORDS.space_id) -> SpaceIndex:
    index = SpaceIndex(library.paths, library.reader, space_id)
    index.open()
    return index


def work(index: SpaceIndex) -> int:
    steps = 0
    while index.work():
        steps += 1
    return steps


def save(library: Library, index: SpaceIndex) -> int:
    saved = 0
    while (pending := index.begin_snapshot()) is not None:
        library.catalog.save_snapshot(pending.finish())
        saved += 1
    return saved


def files(library: Library) -> set[str]:
    return {file.name for file in library.paths.stores.iterdir()}


def assert_right(library: Library, index: SpaceIndex) -> None:
    """The index knows what the catalog knows, and answers as exact search over it does."""
    ids = library.reader.searchable(WORDS.space_id).come
    oracle = ExactStore(WORDS.dim)
    oracle.add(*library.reader.vectors(WORDS.space_id, ids))
    assert index.count == len(ids)
    missed = 0
    for query in QUERIES:
        for among in (None, ids[::3]):
            found_ids, scores = index.search(query, 10, among)
            right_ids, right_scores = (
                oracle.search(query, 10) if among is None else oracle.search_among(query, among, 10)
            )
            assert len(found_ids) == len(right_ids)
            missed += len(set(right_ids.tolist()) - set(found_ids.tolist()))
            if set(found_ids.tolist()) == set(right_ids.tolist()):
                assert found_ids.tolist() == right_ids.tolist()
                assert scores.tolist() == right_scores.tolist()
    assert missed <= 0.02 * 2 * 10 * len(QUERIES)


def test_answers_are_right_before_during_and_after_the_graphs_are_made(filled: Library) -> None:
    index = open_index(filled)
    assert_right(filled, index)
    index.work()
    assert_right(filled, index)
    work(index)
    assert_right(filled, index)


def test_empty_space_answers_nothing_and_has_nothing_to_save(library: Library) -> None:
    index = open_index(library)
    assert work(index) == 0
    assert index.begin_snapshot() is None
    assert index.search(QUERIES[0], 10)[0].size == 0


def test_saved_graphs_are_loaded_and_not_made_again(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    assert save(filled, index) == len(files(filled)) == 3
    assert save(filled, index) == 0
    before = files(filled)
    filled.reopen()
    again = open_index(filled)
    assert work(again) == 2 * 3  # each checked, then loaded; nothing merged
    assert_right(filled, again)
    assert save(filled, again) == 0
    assert files(filled) == before


def test_only_what_changed_is_saved_and_replaced_files_go(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    before = files(filled)
    filled.add_indexed(*(f"more {number}.jpg" for number in range(50)))
    index.refresh()
    work(index)
    assert save(filled, index) == 1
    assert len(files(filled) & before) == 2
    assert len(files(filled)) == 3


def test_index_follows_the_catalog(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    filled.add_indexed("new.jpg")
    gone = filled.segment("/pictures/3.jpg")
    filled.catalog.apply_changes(filled.folder_id, Changes(left_out=[filled.file_id("/pictures/3.jpg")]))
    assert index.refresh() == 2
    assert index.refresh() == 0
    new = unit_vector(b"/pictures/new.jpg", WORDS.dim)
    assert index.search(new, 1)[0].tolist() == [filled.segment("/pictures/new.jpg")]
    assert gone not in index.search(unit_vector(b"/pictures/3.jpg", WORDS.dim), 10)[0].tolist()
    assert_right(filled, index)


def test_folder_removed_and_added_back(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    filled.catalog.remove_folder(filled.folder_id)
    index.refresh()
    assert index.count == 0
    assert index.search(QUERIES[0], 10)[0].size == 0
    work(index)
    filled.folder_id = filled.catalog.add_folder(Path("/pictures")).folder_id
    filled.add_indexed(*PICTURES)
    index.refresh()
    assert_right(filled, index)
    work(index)
    assert_right(filled, index)
    save(filled, index)
    filled.reopen()
    assert_right(filled, open_index(filled))


def test_changes_made_while_no_index_was_open(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    gone = [filled.file_id(f"/pictures/{number}.jpg") for number in range(0, 700, 9)]
    filled.catalog.apply_changes(filled.folder_id, Changes(left_out=gone))
    filled.add_indexed(*(f"more {number}.jpg" for number in range(30)))
    filled.reopen()
    again = open_index(filled)
    assert_right(filled, again)
    work(again)
    assert_right(filled, again)


def test_every_near_one_gone_while_no_index_was_open(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    near = index.search(QUERIES[0], 300)[0]
    gone = [FileId(number) for number in filled.reader.files_of(filled.reader.item_of_each(near))[0].tolist()]
    filled.catalog.apply_changes(filled.folder_id, Changes(left_out=gone))
    filled.reopen()
    again = open_index(filled)
    while again.work():
        assert_right(filled, again)
    assert_right(filled, again)


def test_files_of_what_is_removed_go(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    gone = [filled.file_id(f"/pictures/{number}.jpg") for number in range(600)]
    filled.catalog.apply_changes(filled.folder_id, Changes(left_out=gone))
    index.refresh()
    work(index)
    save(filled, index)
    assert len(files(filled)) == 1
    assert_right(filled, index)


def _truncate(data: bytearray) -> None:
    del data[len(data) // 2 :]


def _flip_a_bit(data: bytearray) -> None:
    data[len(data) // 3] ^= 16


def _zero_a_page(data: bytearray) -> None:
    data[4096:8192] = bytes(4096)


def _damage_the_header(data: bytearray) -> None:
    data[:64] = os.urandom(64)


@pytest.mark.parametrize("damage", [_truncate, _flip_a_bit, _zero_a_page, _damage_the_header, bytearray.clear])
def test_damaged_files_are_never_loaded(filled: Library, damage: Callable[[bytearray], None]) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    filled.close()
    for file in sorted(filled.paths.stores.iterdir())[:2]:
        data = bytearray(file.read_bytes())
        damage(data)
        file.write_bytes(data)
    filled.open()
    again = open_index(filled)
    assert_right(filled, again)
    work(again)
    assert_right(filled, again)
    assert save(filled, again) >= 1
    filled.reopen()
    assert_right(filled, open_index(filled))


def test_missing_files_are_made_again(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    filled.close()
    for file in filled.paths.stores.iterdir():
        file.unlink()
    filled.paths.stores.rmdir()
    filled.open()
    again = open_index(filled)
    work(again)
    assert_right(filled, again)
    assert save(filled, again) == 3


@pytest.mark.parametrize("foreign", ["another space", "another format", "an older file", "other ids"])
def test_files_that_are_not_this_space_s_are_never_trusted(filled: Library, foreign: str) -> None:
    """hnswlib itself would load each of these without a word."""
    looks, index = open_index(filled, LOOKS.space_id), open_index(filled)
    for each in (looks, index):
        work(each)
        save(filled, each)
    mine = filled.reader.snapshots(WORDS.space_id)[0]
    other = filled.reader.snapshots(LOOKS.space_id)[0]
    change = {
        "another space": "UPDATE snapshot SET (size_bytes, sha256, format, ids) = "
        f"(SELECT size_bytes, sha256, format, ids FROM snapshot WHERE file = '{other.file}') "
        f"WHERE file = '{mine.file}'",
        "another format": f"UPDATE snapshot SET format = 'hnswlib 9' WHERE file = '{mine.file}'",
        "an older file": f"UPDATE snapshot SET sha256 = zeroblob(32) WHERE file = '{mine.file}'",
        "other ids": f"UPDATE snapshot SET ids = substr(ids, 1, 80) WHERE file = '{mine.file}'",
    }[foreign]
    if foreign == "another space":
        (filled.paths.stores / mine.file).write_bytes((filled.paths.stores / other.file).read_bytes())
    filled.close()
    with closing(sqlite3.connect(filled.paths.catalog)) as database:
        database.execute(change)
        database.commit()
    filled.open()
    again = open_index(filled)
    work(again)
    assert_right(filled, again)


def test_strays_are_deleted_when_the_library_opens(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    save(filled, index)
    named = files(filled)
    (filled.paths.stores / "half.hnsw.tmp").write_bytes(b"half")
    (filled.paths.stores / "old.hnsw").write_bytes(b"old")
    filled.reopen()
    assert files(filled) == named


def test_snapshot_that_is_never_committed_costs_nothing_but_time(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    pending = index.begin_snapshot()
    assert pending is not None
    pending.finish()
    save(filled, index)
    filled.reopen()
    again = open_index(filled)
    work(again)
    assert_right(filled, again)


def test_unwritable_store_folder_is_said_and_search_goes_on(filled: Library) -> None:
    index = open_index(filled)
    work(index)
    filled.paths.stores.rename(filled.paths.root / "moved away")
    with pytest.raises(LibraryError, match="could not be saved"):
        index.begin_snapshot()
    assert_right(filled, index)
    (filled.paths.root / "moved away").rename(filled.paths.stores)
    assert save(filled, index) == 3


def test_files_are_made_safe_in_this_order(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synced, renamed, folder synced, committed, and only then is the replaced file deleted."""
    index = open_index(filled)
    work(index)
    save(filled, index)
    filled.add_indexed(*(f"more {number}.jpg" for number in range(50)))
    index.refresh()
    work(index)
    done: list[str] = []
    fsync, replace, unlink = os.fsync, Path.replace, Path.unlink

    def record_fsync(descriptor: int) -> None:
        done.append("sync " + ("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "replace", lambda path, target: (done.append("rename"), replace(path, target))[1])
    monkeypatch.setattr(Path, "unlink", lambda path, **how: (done.append("delete"), unlink(path, **how))[1])
    filled.catalog._db.set_trace_callback(lambda sql: done.append("commit") if sql == "COMMIT" else None)
    save(filled, index)
    assert done == ["sync file", "rename", "sync folder", "commit", "delete"]


def test_library_without_hnswlib_is_searched_exactly(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hnsw, "graphs_available", lambda: False)
    index = open_index(filled)
    assert work(index) == 0
    assert index.begin_snapshot() is None
    assert_right(filled, index)


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_history_ends_in_the_same_answers(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Files come, go and return between refreshes, merges, snapshots and restarts, some snapshots being lost."""
    library = Library(tmp_path_factory.mktemp("library"))
    index = open_index(library)
    present: set[str] = set()
    try:
        for _ in range(data.draw(st.integers(3, 12))):
            step = data.draw(st.sampled_from(["come", "go", "refresh", "work", "save", "lose", "restart"]))
            if step == "come":
                names = {
                    f"{number}.jpg" for number in data.draw(st.sets(st.integers(0, 600), min_size=1, max_size=150))
                } - present
                library.add_indexed(*sorted(names))
                present |= names
            elif step == "go" and present:
                names = set(data.draw(st.lists(st.sampled_from(sorted(present)), max_size=200)))
                known = {known.path: known.file_id for known in library.reader.known_files(library.folder_id)}
                gone = [known[f"/pictures/{name}".encode()] for name in names]
                library.catalog.apply_changes(library.folder_id, Changes(left_out=gone))
                present -= names
            elif step == "refresh":
                index.refresh()
            elif step == "work":
                index.work()
            elif step == "save":
                save(library, index)
            elif step == "lose":
                index.begin_snapshot()
            elif step == "restart":
                library.reopen()
                index = open_index(library)
        index.refresh()
        assert index.count == len(present)
        assert_right(library, index)
        work(index)
        assert_right(library, index)
    finally:
        library.close()
