"""A space searched by Milvus follows the catalog. Milvus is the real thing: milvus-lite in this process."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.records import Changes, Filters, FolderId, Kind
from core.store.vectors.exact import ExactStore
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import ServedIndex
from tests.core.store.conftest import LOOKS, WORDS, Library, found, unit_vector
from tests.core.store.milvus.steps import (
    PICTURES,
    QUERIES,
    assert_right,
    catch_up,
    open_index,
)


def test_answers_are_right_before_and_after_milvus_is_filled(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        assert_right(filled, index, by_milvus=False)
        assert index.work()
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_opening_and_answering_do_not_connect(filled: Library) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        with open_index(filled, f"http://127.0.0.1:{listener.getsockname()[1]}") as index:
            assert index.search(QUERIES[0], 10)[0].size == 10
            with pytest.raises(BlockingIOError):
                listener.accept()


def test_first_question_does_not_wait_for_code_to_be_loaded(tmp_path: Path) -> None:
    """pymilvus loads a hundred modules more with its first search: seconds, on a cold disk."""
    code = """
import sys
import numpy as np
from core.records import SpaceId
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer

server = MilvusServer(MilvusPlace(sys.argv[1], "a1"))
part = MilvusCollection(server, SpaceId("made/words@1"), 3)
part.prepare()
before = set(sys.modules)
part.search(np.ones(3, np.float32), 1)
print(sorted(set(sys.modules) - before))
server.close()
"""
    run = [sys.executable, "-c", code, str(tmp_path / "milvus.db")]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_empty_space_answers_nothing(library: Library, place: str) -> None:
    with open_index(library, place) as index:
        catch_up(index)
        assert index.search(QUERIES[0], 10)[0].size == 0
        assert index.vectors(index.some(10))[1].shape == (0, WORDS.dim)
        assert index.begin_snapshot() is None


def test_milvus_follows_the_catalog(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        catch_up(index)
        filled.add_indexed("new.jpg")
        gone = filled.segment("/pictures/3.jpg")
        filled.catalog.apply_changes(filled.folder_id, Changes(left_out=[filled.file_id("/pictures/3.jpg")]))
        assert index.refresh() == 2
        new = unit_vector(b"/pictures/new.jpg", WORDS.dim)
        for _ in range(2):  # before Milvus knows and after
            assert index.search(new, 1)[0].tolist() == [filled.segment("/pictures/new.jpg")]
            assert gone not in index.search(unit_vector(b"/pictures/3.jpg", WORDS.dim), 10)[0].tolist()
            catch_up(index)
        assert_right(filled, index, by_milvus=True)
        assert (index.check().missing, index.check().surplus) == (0, 0)


def test_what_came_and_went_while_it_was_on_its_way(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        while index.left == len(PICTURES):
            index.work()
            filled.catalog.apply_changes(
                filled.folder_id,
                Changes(left_out=[filled.file_id("/pictures/0.jpg")] if index.count == len(PICTURES) else []),
            )
            index.refresh()
        catch_up(index)
        assert index.count == len(PICTURES) - 1
        check = index.check()
        assert (check.wanted, check.missing, check.surplus) == (len(PICTURES) - 1, 0, 0)


def test_what_milvus_has_is_not_sent_again(filled: Library, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(filled, place) as index:
        catch_up(index)
    filled.reopen()
    with open_index(filled, place) as index:
        monkeypatch.setattr(MilvusCollection, "feed", lambda *_: pytest.fail("sent again"))
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_changes_made_while_milvus_was_not_open(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        catch_up(index)
    gone = [filled.file_id(f"/pictures/{number}.jpg") for number in range(0, 600, 9)]
    filled.catalog.apply_changes(filled.folder_id, Changes(left_out=gone))
    filled.add_indexed(*(f"more {number}.jpg" for number in range(30)))
    filled.reopen()
    with open_index(filled, place) as index:
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
        assert index.check().surplus == 0


def test_library_put_back_from_an_older_copy(filled: Library, place: str) -> None:
    """Milvus then has segments that the catalog never heard of."""
    with open_index(filled, place) as index:
        catch_up(index)
        part = index._collection
        strangers = np.array([700, 9000, 12_345])
        part.feed(strangers, np.stack(QUERIES[:3]), np.zeros((3, 4), np.int64), strangers[:0])
        assert index.check().surplus == 3
    with open_index(filled, place) as index:
        catch_up(index)
        assert index.check().surplus == 0
        assert_right(filled, index, by_milvus=True)


def test_closing_breaks_off_what_is_on_its_way(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        for _ in range(6):
            index.work()
        assert index._server.close()
        assert not index.work()
        assert index.search(QUERIES[0], 10)[0].size == 10
    with open_index(filled, place) as index:
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_libraries_on_one_server_do_not_see_each_other(tmp_path: Path, place: str) -> None:
    """Their segments have the same numbers."""
    libraries = [Library(tmp_path / name) for name in ("one", "two")]
    for library, count in zip(libraries, (300, 200), strict=True):
        library.add_indexed(*(f"{library.paths.root.name} {number}.jpg" for number in range(count)))
        with open_index(library, place) as index:
            catch_up(index)
    for library in libraries:
        with open_index(library, place) as index:
            assert index.check().missing == index.check().surplus == 0
            catch_up(index)
            assert_right(library, index, by_milvus=True)
    with open_index(libraries[0], place) as index:
        index.forget()
    with open_index(libraries[1], place) as index:
        assert index.check().missing == 0
        index.forget()
        assert index._server.client.list_collections() == []
    for library in libraries:
        library.close()


def test_spaces_of_one_library_share_a_server(filled: Library, place: str) -> None:
    server = MilvusServer(MilvusPlace(place, library_id(filled.paths)))
    indexes = [ServedIndex(filled.reader, spec.space_id, server) for spec in (WORDS, LOOKS)]
    for index in indexes:
        index.open()
        catch_up(index)
    assert_right(filled, indexes[0], by_milvus=True)
    assert indexes[1].check().missing == 0
    assert server.close()


def test_milvus_is_told_kind_folder_day_and_length_and_nothing_else(library: Library, place: str) -> None:
    library.add(found("/pictures/a.jpg", version=3), replace(found("/pictures/b.mp4"), kind=Kind.VIDEO))
    library.index(taken_at="2024-05-06T07:08:09")
    with open_index(library, place) as index:
        catch_up(index)
        ids, facts = index._collection.window(0, 100)
        kinds = {library.segment("/pictures/a.jpg"): 0, library.segment("/pictures/b.mp4"): 2}
        expected = [[kinds[number], library.folder_id, 20240506, 0] for number in sorted(kinds)]
        assert (ids.tolist(), facts.tolist()) == (sorted(kinds), expected)
        told = index._server.client.describe_collection(index._collection.name)
        assert [field["name"] for field in told["fields"]] == ["id", "vector", "kind", "folder", "day", "duration"]
        assert told["enable_dynamic_field"] is False


FILTERS = [
    Filters(kinds=frozenset({Kind.IMAGE})),
    Filters(kinds=frozenset({Kind.IMAGE, Kind.VIDEO}), since="2024-01-02"),
    Filters(since="2024-01-02", until="2024-01-03"),
    Filters(folder_id=FolderId(1), until="2024-01-02"),
    Filters(folder_id=FolderId(99)),
]


@pytest.mark.parametrize("filters", FILTERS, ids=["kind", "kinds since", "days", "folder until", "no folder"])
def test_filters_are_asked_of_milvus_and_decided_by_the_catalog(library: Library, place: str, filters: Filters) -> None:
    for number in range(1, 5):
        day = [f"/pictures/{number} {count}.jpg" for count in range(100)]
        library.add(*(replace(found(path), kind=(Kind.IMAGE, Kind.VIDEO)[number % 2]) for path in day))
        library.index(taken_at=f"2024-01-0{number}")
    among = library.reader.segments_matching(filters)
    oracle = ExactStore(WORDS.dim)
    oracle.add(*library.reader.vectors(WORDS.space_id, library.reader.searchable(WORDS.space_id).come))
    with open_index(library, place) as index:
        catch_up(index)
        for query in QUERIES:
            found_ids, _ = index.search(query, 10, among, filters)
            assert found_ids.tolist() == oracle.search_among(query, among, 10)[0].tolist()
        assert index.served == (len(QUERIES) if len(among) else 0)


def test_what_is_known_of_a_file_is_put_right_at_the_next_start(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        catch_up(index)
        part = index._collection
        some = library_ids = filled.reader.searchable(WORDS.space_id).come[:5]
        part.feed(some, filled.reader.vectors(WORDS.space_id, library_ids)[1], np.full((5, 4), 9), some[:0])
        assert index.check().outdated == 5
    with open_index(filled, place) as index:
        catch_up(index)
        assert index.check().outdated == 0


def test_some_are_the_same_for_the_same_library(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "one.db") as index, open_index(filled, tmp_path / "two.db") as other:
        some = index.some(50)
        assert len(set(some.tolist())) == 50
        assert some.tolist() == other.some(50).tolist()
        assert len(index.some(5000)) == len(PICTURES)
        filled.add_indexed("new.jpg")
        index.refresh()
        assert len(index.some(5000)) == len(PICTURES) + 1


def test_vectors_come_in_the_order_asked_for(filled: Library, place: str) -> None:
    with open_index(filled, place) as index:
        asked = np.array([3, 1, 999_999, 2])
        ids, vectors = index.vectors(asked)
        assert ids.tolist() == [3, 1, 2]
        for number, vector in zip(ids, vectors, strict=True):
            assert np.array_equal(vector, filled.reader.vectors(WORDS.space_id, np.array([number]))[1][0])
