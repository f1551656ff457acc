"""A pool of small children, and requests to put to them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.runtime.frames import FrameError
from core.runtime.pool import ProcessPool
from core.runtime.requests import Loss, Request
from core.runtime.worker import Priority
from tests.conftest import REPOSITORY, WAIT_S

IMPORTS = "import os, signal, time; from core.runtime.child_process import serve\n"
IMPORTS += "from core.runtime.sandbox import confine, resident_bytes\n"
IMPORTS += "def confined(): confine(os.getppid(), memory_bytes=1 << 30, nice=5)\n"


class LostError(Exception):
    """What the tests' requests make of a lost child."""


@contextmanager
def running(body: str, *, processes: int = 1, limit_s: float = WAIT_S) -> Iterator[ProcessPool]:
    """A pool whose children run `body`, which has `serve` and defines what it needs."""
    prelude = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {IMPORTS}"
    command = [sys.executable, "-I", "-c", prelude + textwrap.dedent(body)]
    pool = ProcessPool("test", command, processes, limit_s=limit_s, environment={})
    try:
        yield pool
    finally:
        assert pool.close(WAIT_S)


def request(header: Mapping[str, Any] | None = None, payload: bytes = b"", *, limit: int = 1000) -> Request[Any]:
    def explain(loss: Loss) -> Exception:
        return LostError(loss)

    def accept(reply: Mapping[str, Any], data: bytes) -> tuple[Mapping[str, Any], bytes]:
        if "refuse" in reply:
            raise FrameError("not what was asked for")
        if "problem" in reply:
            raise LookupError(reply["problem"])
        return reply, data

    return Request(header or {}, payload, limit, accept, explain)


def ask(pool: ProcessPool, header: Mapping[str, Any] | None = None, payload: bytes = b"", *, limit: int = 1000) -> Any:
    return pool.submit(request(header, payload, limit=limit), Priority.BATCH)


ECHO = "serve(lambda header, payload: (header | {'pid': os.getpid()}, [payload]))"


CONFINED_ECHO = "serve(lambda header, _: (header | {'pid': os.getpid()}, []), prepare=confined)"


def is_gone_or_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
