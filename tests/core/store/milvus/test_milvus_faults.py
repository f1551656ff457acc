"""Whatever happens to Milvus changes no answer, and one sentence says what it is.

Milvus is the real thing: in this process, or in another one behind the address of a server.
"""

from __future__ import annotations

import base64
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.store.vectors.remote import collection as collections
from core.store.vectors.remote import server as servers
from core.store.vectors.remote.place import MilvusPlace, library_id
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.served_index import ServedIndex
from tests.conftest import until
from tests.core.store.conftest import WORDS, Library
from tests.core.store.milvus.steps import (
    QUERIES,
    Said,
    assert_right,
    catch_up,
    free_port,
    is_sentence,
    milvus_server,
    open_index,
    work,
)


@pytest.mark.parametrize("lost", ["the collection", "the partition", "what is in it"])
def test_what_is_lost_at_milvus_is_made_again(filled: Library, place: str, lost: str) -> None:
    said = Said()
    with open_index(filled, place, said=said) as index:
        catch_up(index)
        client, part = index._server.client, index._collection
        if lost == "the collection":
            client.drop_collection(part.name)
        elif lost == "the partition":
            part._release(client)
            client.drop_partition(part.name, part._partition)
        else:
            client.delete(part.name, filter="id >= 0")
            until(lambda: not len(part.search(QUERIES[0], 10)))  # a server takes a moment
        assert index.search(QUERIES[0], 10)[0].size == 10
        assert_right(filled, index, by_milvus=False)
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
    if lost == "the collection":
        assert len(said) == 1
        assert is_sentence(said[0])


def test_collection_of_another_dimension_is_left_alone(filled: Library, place: str) -> None:
    said = Said()
    with open_index(filled, place) as index:
        index._server.connect()
        name = index._collection.name
        index._server.client.create_collection(name, dimension=7)
    with open_index(filled, place, said=said) as index:
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


@pytest.mark.parametrize(
    ("token", "code", "word"),
    [("", "UNAUTHENTICATED", "asks for a token"), ("guest", "PERMISSION_DENIED", "does not let this token")],
)
def test_what_is_wrong_about_a_token_is_said(filled: Library, token: str, code: str, word: str) -> None:
    import grpc

    def refuse(request: object, context: Any) -> None:
        context.abort(getattr(grpc.StatusCode, code), "PrivilegeCreateCollection: permission deny to guest")

    said = Said()
    with grpc_server(refuse) as port:
        place = MilvusPlace(f"http://127.0.0.1:{port}", library_id(filled.paths), lambda: token)
        server = MilvusServer(place, said.append)
        index = ServedIndex(filled.reader, WORDS.space_id, server)
        index.open()
        work(index)
        assert_right(filled, index, by_milvus=False)
        assert server.close()
    assert len(said) == 1
    assert word in said[0]
    assert is_sentence(said[0])


@contextmanager
def guarded_milvus(folder: Path, wanted: Callable[[], str]) -> Iterator[int]:
    """milvus-lite behind an address, which answers who shows the token that is wanted just then."""
    import grpc
    from milvus_lite.adapter.grpc.servicer import MilvusServicer
    from milvus_lite.db import MilvusLite
    from pymilvus.grpc_gen.milvus_pb2_grpc import add_MilvusServiceServicer_to_server

    def refuse(request: object, context: Any) -> None:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure")

    class Guard(grpc.ServerInterceptor):  # type: ignore[misc]
        def intercept_service(self, go_on: Callable[[Any], Any], details: Any) -> Any:
            shown = dict(details.invocation_metadata).get("authorization", "")
            if shown == base64.b64encode(wanted().encode()).decode():
                return go_on(details)
            return grpc.unary_unary_rpc_method_handler(refuse)

    database = MilvusLite(str(folder))
    with futures.ThreadPoolExecutor(3) as threads:
        server = grpc.server(threads, interceptors=[Guard()])
        add_MilvusServiceServicer_to_server(MilvusServicer(database), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield port
        server.stop(0).wait()
    database.close()


def test_token_that_counts_no_more_is_asked_for_anew(filled: Library, tmp_path: Path) -> None:
    wanted, kept, said = ["one"], ["one"], Said()
    with guarded_milvus(tmp_path / "guarded", lambda: wanted[0]) as port:
        place = MilvusPlace(f"http://127.0.0.1:{port}", library_id(filled.paths), lambda: kept[0])
        server = MilvusServer(place, said.append)
        index = ServedIndex(filled.reader, WORDS.space_id, server)
        index.open()
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
        wanted[0] = "two"
        filled.add_indexed("new.jpg")
        index.refresh()
        work(index)
        assert_right(filled, index, by_milvus=False)
        assert len(said) == 1
        assert "refuses this token" in said[0]
        kept[0] = "two"
        catch_up(index)
        assert_right(filled, index, by_milvus=True)
        assert index.check().missing == 0
        assert server.close()


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
