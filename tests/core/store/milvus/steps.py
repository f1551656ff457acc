"""An index on a real Milvus, and what is asked of it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.records import SpaceId
from core.store.vectors.exact import ExactStore
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import ServedIndex
from tests.core.store.conftest import WORDS, Library, unit_vector

PICTURES = [f"{number}.jpg" for number in range(600)]
QUERIES = [unit_vector(b"question %d" % number, WORDS.dim) for number in range(10)]


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
