"""milvus-lite: Milvus inside this process, on a folder that one process at a time can use."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from core.runtime.worker import make_threads

THREADS = 3
"""One searches, one is written to; it is not made for more."""
_LARGEST_MESSAGE = 256 << 20
_OPTIONS = [("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.max_send_message_length", _LARGEST_MESSAGE)]


class Lite:
    """A milvus-lite that runs, reached through a socket that only this user can open.

    Put together from its parts: what pymilvus starts by itself opens a port to every user of the computer, says not why
    it could not start, and leaves threads behind.
    """

    def __init__(self, path: Path) -> None:
        _load_faiss()
        import grpc
        from milvus_lite.adapter.grpc.servicer import MilvusServicer
        from milvus_lite.db import MilvusLite
        from pymilvus.grpc_gen.milvus_pb2_grpc import add_MilvusServiceServicer_to_server

        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = MilvusLite(str(path))
        self._sockets = Path(tempfile.mkdtemp(prefix="likewise-"))
        self._threads = make_threads(THREADS, "milvus-lite")
        self._server = grpc.server(self._threads, options=_OPTIONS)
        add_MilvusServiceServicer_to_server(MilvusServicer(self._database), self._server)
        if sys.platform == "win32":
            self.uri = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        else:
            self.uri = f"unix:{self._sockets / 'milvus'}"
            self._server.add_insecure_port(self.uri)
        self._server.start()

    def close(self) -> None:
        """Ends its threads and lets go of the folder."""
        self._server.stop(grace=0).wait(2)
        self._threads.shutdown(cancel_futures=True)
        with suppress(Exception):  # what it could not write is in its log, and in the catalog anyway
            self._database.close()
        shutil.rmtree(self._sockets, ignore_errors=True)


def _load_faiss() -> None:
    """WORKAROUND: faiss' idle threads spin, which on a busy computer makes its work and ours several times slower.

    Its own copy of the OpenMP library reads how they are to wait when it is loaded, and never again.
    """
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        import faiss  # noqa: F401
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
        else:
            os.environ["OMP_WAIT_POLICY"] = before
