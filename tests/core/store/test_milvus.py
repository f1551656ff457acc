"""A space searched by Milvus: it follows the catalog, and whatever happens to Milvus changes no answer.

Milvus is the real thing: milvus-lite in this process, or in another one behind the address of a server.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.records import Changes, Filters, FolderId, Kind, SpaceId
from core.store.vectors import milvus
from core.store.vectors.exact import ExactStore
from core.store.vectors.remote import collection as collections
from core.store.vectors.remote import server as servers
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import ServedIndex
from tests.core.store.conftest import LOOKS, WORDS, Library, found, unit_vector

pytestmark = pytest.mark.skipif(
    find_spec("pymilvus") is None or find_spec("milvus_lite") is None,
    reason="Milvus is not installed here; `pip install '.[milvus]'` adds it",
)

PICTURES = [f"{number}.jpg" for number in range(600)]
QUERIES = [unit_vector(b"question %d" % number, WORDS.dim) for number in range(10)]


@pytest.fixture(autouse=True)
def asked_even_when_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred vectors are searched by Milvus and a failure is forgiven soon."""
    monkeypatch.setattr(milvus, "EXACT_COUNT", 50)
    monkeypatch.setattr(milvus, "EXACT_IDS", 50)
    monkeypatch.setattr(servers, "REST_S", 0.05)
    monkeypatch.setattr(servers, "LONGEST_REST_S", 0.05)


@pytest.fixture
def filled(library: Library) -> Library:
    library.add_indexed(*PICTURES)
    return library


class Said(list[str]):
    """What the user was told."""


@contextmanager
def open_index(
    library: Library, uri: Path | str, space_id: SpaceId = WORDS.space_id, said: Said | None = None
) -> Iterator[ServedIndex]:
    server = MilvusServer(MilvusPlace(str(uri), library_id(library.paths)), (said if said is not None else []).append)
    index = ServedIndex(library.reader, space_id, server)
    index.open()
    try:
        yield index
    finally:
        assert server.close()


def work(index: ServedIndex, limit_s: float = 30) -> None:
    """All that can be done now."""
    deadline = time.monotonic() + limit_s
    while index.work():
        assert time.monotonic() < deadline


def catch_up(index: ServedIndex, limit_s: float = 30) -> None:
    """All there is to do, resting where it fails."""
    deadline = time.monotonic() + limit_s
    while True:
        work(index, limit_s)
        if not index.left and index.is_current:
            return
        assert time.monotonic() < deadline
        time.sleep(0.06)


def assert_right(library: Library, index: ServedIndex, *, by_milvus: bool) -> None:
    """The index knows what the catalog knows, and answers as exact search does."""
    ids = library.reader.searchable(WORDS.space_id).come
    oracle = ExactStore(WORDS.dim)
    oracle.add(*library.reader.vectors(WORDS.space_id, ids))
    assert index.count == len(ids)
    missed, before = 0, index.served
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
    if by_milvus:
        assert index.served - before == 2 * len(QUERIES)
    else:
        assert index.served == before


def is_sentence(text: str) -> bool:
    return text.endswith(".") and text[0].isupper() and "Exception" not in text and "grpc" not in text


def test_answers_are_right_before_and_after_milvus_is_filled(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        assert_right(filled, index, by_milvus=False)
        assert index.work()
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_opening_neither_connects_nor_waits(filled: Library) -> None:
    started = time.monotonic()
    with open_index(filled, "http://10.255.255.1:19530") as index:
        assert index.search(QUERIES[0], 10)[0].size == 10
        assert time.monotonic() - started < 1


def test_empty_space_answers_nothing(library: Library, tmp_path: Path) -> None:
    with open_index(library, tmp_path / "milvus.db") as index:
        catch_up(index)
        assert index.search(QUERIES[0], 10)[0].size == 0
        assert index.vectors(index.some(10))[1].shape == (0, WORDS.dim)
        assert index.begin_snapshot() is None


def test_milvus_follows_the_catalog(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
        filled.add_indexed("new.jpg")
        gone = filled.segment("/pictures/3.jpg")
        filled.catalog.apply_changes(filled.folder_id, Changes(gone=[filled.file_id("/pictures/3.jpg")]))
        assert index.refresh() == 2
        new = unit_vector(b"/pictures/new.jpg", WORDS.dim)
        for _ in range(2):  # before Milvus knows and after
            assert index.search(new, 1)[0].tolist() == [filled.segment("/pictures/new.jpg")]
            assert gone not in index.search(unit_vector(b"/pictures/3.jpg", WORDS.dim), 10)[0].tolist()
            catch_up(index)
        assert_right(filled, index, by_milvus=True)
        assert (index.check().missing, index.check().surplus) == (0, 0)


def test_what_came_and_went_while_it_was_on_its_way(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        while index.left == len(PICTURES):
            index.work()
            filled.catalog.apply_changes(
                filled.folder_id,
                Changes(gone=[filled.file_id("/pictures/0.jpg")] if index.count == len(PICTURES) else []),
            )
            index.refresh()
        catch_up(index)
        assert index.count == len(PICTURES) - 1
        check = index.check()
        assert (check.wanted, check.missing, check.surplus) == (len(PICTURES) - 1, 0, 0)


def test_what_milvus_has_is_not_sent_again(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
    filled.reopen()
    with open_index(filled, tmp_path / "milvus.db") as index:
        monkeypatch.setattr(MilvusCollection, "feed", lambda *_: pytest.fail("sent again"))
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_changes_made_while_milvus_was_not_open(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
    gone = [filled.file_id(f"/pictures/{number}.jpg") for number in range(0, 600, 9)]
    filled.catalog.apply_changes(filled.folder_id, Changes(gone=gone))
    filled.add_indexed(*(f"more {number}.jpg" for number in range(30)))
    filled.reopen()
    with open_index(filled, tmp_path / "milvus.db") as index:
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
        assert index.check().surplus == 0


def test_library_put_back_from_an_older_copy(filled: Library, tmp_path: Path) -> None:
    """Milvus then has segments that the catalog never heard of."""
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
        part = index._collection
        strangers = np.array([700, 9000, 12_345])
        part.feed(strangers, np.stack(QUERIES[:3]), np.zeros((3, 4), np.int64), strangers[:0])
        assert index.check().surplus == 3
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
        assert index.check().surplus == 0
        assert_right(filled, index, by_milvus=True)


@pytest.mark.parametrize("lost", ["the collection", "the partition", "what is in it"])
def test_what_is_lost_at_milvus_is_made_again(filled: Library, tmp_path: Path, lost: str) -> None:
    said = Said()
    with open_index(filled, tmp_path / "milvus.db", said=said) as index:
        catch_up(index)
        client, part = index._server.client, index._collection
        if lost == "the collection":
            client.drop_collection(part.name)
        elif lost == "the partition":
            part._release(client)
            client.drop_partition(part.name, part._partition)
        else:
            client.delete(part.name, filter="id >= 0")
        assert index.search(QUERIES[0], 10)[0].size == 10
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
    if lost == "the collection":
        assert len(said) == 1
        assert is_sentence(said[0])


def test_collection_of_another_dimension_is_left_alone(filled: Library, tmp_path: Path) -> None:
    said = Said()
    with open_index(filled, tmp_path / "milvus.db") as index:
        index._server.connect()
        name = index._collection.name
        index._server.client.create_collection(name, dimension=7)
    with open_index(filled, tmp_path / "milvus.db", said=said) as index:
        work(index)
        assert_right(filled, index, by_milvus=False)
        assert "7" in said[0]
        assert is_sentence(said[0])
        assert index._server.client.describe_collection(name)["fields"][1]["params"]["dim"] == 7


def test_file_that_another_process_has_open(filled: Library, tmp_path: Path) -> None:
    said = Said()
    holder = "import sys, milvus_lite; db = milvus_lite.MilvusLite(sys.argv[1]); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, tmp_path / "milvus.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with open_index(filled, tmp_path / "milvus.db", said=said) as index:
            for _ in range(3):
                work(index)
                time.sleep(0.06)
                assert_right(filled, index, by_milvus=False)
            assert len(said) == 1
            assert "another program" in said[0]
            process.kill()
            process.wait()
            catch_up(index)
            assert_right(filled, index, by_milvus=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def milvus_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server in another process, reached by an address; killed at the end."""
    code = (
        "import sys; from milvus_lite.adapter.grpc.server import run_server;"
        "run_server(sys.argv[1], '127.0.0.1', int(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, folder, str(port)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_server_that_comes_goes_and_comes_back(filled: Library, tmp_path: Path) -> None:
    said, port = Said(), free_port()
    with open_index(filled, f"http://127.0.0.1:{port}", said=said) as index:
        work(index)
        assert_right(filled, index, by_milvus=False)
        assert len(said) == 1
        assert "cannot be reached" in said[0]
        with milvus_server(tmp_path / "server", port):
            catch_up(index)
            assert_right(filled, index, by_milvus=True)
        filled.add_indexed("while it was away.jpg")
        index.refresh()
        started = time.monotonic()
        assert_right(filled, index, by_milvus=False)
        assert time.monotonic() - started < 20 * 0.5 + collections.SEARCH_LIMIT_S
        with milvus_server(tmp_path / "server", port):
            catch_up(index)
            deadline, served = time.monotonic() + 30, index.served
            while index.served == served:  # gRPC finds out by itself that the server is back
                index.search(QUERIES[0], 10)
                work(index)
                assert time.monotonic() < deadline
            assert_right(filled, index, by_milvus=True)


def test_server_that_never_answers(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "CONNECT_LIMIT_S", 0.5)
    said = Said()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with open_index(filled, f"http://127.0.0.1:{listener.getsockname()[1]}", said=said) as index:
            work(index)
            assert_right(filled, index, by_milvus=False)
            assert len(said) == 1
            assert is_sentence(said[0])


@contextmanager
def grpc_server(answer: Callable[[Any, Any], Any] | None) -> Iterator[int]:
    """A server that answers every call with `answer`, or knows none."""
    import grpc

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, handler_call_details: object) -> object:
            return None if answer is None else grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(0).wait()


def test_token_that_is_refused_is_said_and_never_shown(
    filled: Library, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import grpc

    seen: list[str] = []

    def refuse(request: object, context: Any) -> None:
        seen.extend(str(value) for _, value in context.invocation_metadata())
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure for SECRET-TOKEN")

    said = Said()
    caplog.set_level(logging.DEBUG)
    with grpc_server(refuse) as port:
        place = MilvusPlace(f"http://127.0.0.1:{port}", library_id(filled.paths), lambda: "SECRET-TOKEN")
        server = MilvusServer(place, said.append)
        index = ServedIndex(filled.reader, WORDS.space_id, server)
        index.open()
        work(index)
        assert_right(filled, index, by_milvus=False)
        assert server.close()
    assert seen
    assert len(said) == 1
    assert "token" in said[0]
    assert is_sentence(said[0])
    shown = capfd.readouterr()
    assert "SECRET-TOKEN" not in "".join([*said, caplog.text, shown.out, shown.err])


def test_server_of_another_version(filled: Library) -> None:
    said = Said()
    with grpc_server(None) as port, open_index(filled, f"http://127.0.0.1:{port}", said=said) as index:
        work(index)
        assert_right(filled, index, by_milvus=False)
    assert "version" in said[0]
    assert is_sentence(said[0])


def test_address_with_a_password_is_refused_without_showing_it(filled: Library) -> None:
    said = Said()
    with open_index(filled, "https://me:SECRET@127.0.0.1:1", said=said) as index:
        work(index)
    assert "password" in said[0]
    assert "SECRET" not in said[0]


def test_installation_without_milvus(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _: None)
    said = Said()
    with open_index(filled, tmp_path / "milvus.db", said=said) as index:
        work(index)
        assert_right(filled, index, by_milvus=False)
    assert "likewise[milvus]" in said[0]


def test_closing_breaks_off_what_is_on_its_way(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        for _ in range(6):
            index.work()
        started = time.monotonic()
        assert index._server.close()
        assert time.monotonic() - started < 2
        assert not index.work()
        assert index.search(QUERIES[0], 10)[0].size == 10
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
        assert_right(filled, index, by_milvus=True)


def test_libraries_on_one_server_do_not_see_each_other(tmp_path: Path) -> None:
    """Their segments have the same numbers."""
    libraries = [Library(tmp_path / name) for name in ("one", "two")]
    for library, count in zip(libraries, (300, 200), strict=True):
        library.add_indexed(*(f"{library.paths.root.name} {number}.jpg" for number in range(count)))
        with open_index(library, tmp_path / "milvus.db") as index:
            catch_up(index)
    for library in libraries:
        with open_index(library, tmp_path / "milvus.db") as index:
            assert index.check().missing == index.check().surplus == 0
            catch_up(index)
            assert_right(library, index, by_milvus=True)
    with open_index(libraries[0], tmp_path / "milvus.db") as index:
        index.forget()
    with open_index(libraries[1], tmp_path / "milvus.db") as index:
        assert index.check().missing == 0
        index.forget()
        assert index._server.client.list_collections() == []
    for library in libraries:
        library.close()


def test_spaces_of_one_library_share_a_server(filled: Library, tmp_path: Path) -> None:
    server = MilvusServer(MilvusPlace(str(tmp_path / "milvus.db"), library_id(filled.paths)))
    indexes = [ServedIndex(filled.reader, spec.space_id, server) for spec in (WORDS, LOOKS)]
    for index in indexes:
        index.open()
        catch_up(index)
    assert_right(filled, indexes[0], by_milvus=True)
    assert indexes[1].check().missing == 0
    assert server.close()


def test_milvus_is_told_kind_folder_day_and_length_and_nothing_else(library: Library, tmp_path: Path) -> None:
    library.add(found("/pictures/a.jpg", version=3), replace(found("/pictures/b.mp4"), kind=Kind.VIDEO))
    library.index(taken_at="2024-05-06T07:08:09")
    with open_index(library, tmp_path / "milvus.db") as index:
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


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_filters_are_asked_of_milvus_and_decided_by_the_catalog(
    library: Library, tmp_path: Path, filters: Filters
) -> None:
    for number in range(1, 5):
        day = [f"/pictures/{number} {count}.jpg" for count in range(100)]
        library.add(*(replace(found(path), kind=(Kind.IMAGE, Kind.VIDEO)[number % 2]) for path in day))
        library.index(taken_at=f"2024-01-0{number}")
    among = library.reader.segments_matching(filters)
    oracle = ExactStore(WORDS.dim)
    oracle.add(*library.reader.vectors(WORDS.space_id, library.reader.searchable(WORDS.space_id).come))
    with open_index(library, tmp_path / "milvus.db") as index:
        catch_up(index)
        for query in QUERIES:
            found_ids, _ = index.search(query, 10, among, filters)
            assert found_ids.tolist() == oracle.search_among(query, among, 10)[0].tolist()
        assert index.served == (len(QUERIES) if len(among) else 0)


def test_what_is_known_of_a_file_is_put_right_at_the_next_start(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        catch_up(index)
        part = index._collection
        some = library_ids = filled.reader.searchable(WORDS.space_id).come[:5]
        part.feed(some, filled.reader.vectors(WORDS.space_id, library_ids)[1], np.full((5, 4), 9), some[:0])
        assert index.check().outdated == 5
    with open_index(filled, tmp_path / "milvus.db") as index:
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


def test_vectors_come_in_the_order_asked_for(filled: Library, tmp_path: Path) -> None:
    with open_index(filled, tmp_path / "milvus.db") as index:
        asked = np.array([3, 1, 999_999, 2])
        ids, vectors = index.vectors(asked)
        assert ids.tolist() == [3, 1, 2]
        for number, vector in zip(ids, vectors, strict=True):
            assert np.array_equal(vector, filled.reader.vectors(WORDS.space_id, np.array([number]))[1][0])
