"""Processes that begin in milliseconds, to be killed or to have their files fail by the hundred.

A server imports what they need once and forks for each. It runs no thread of ours when it forks.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.conftest import REPOSITORY

_ENDED = "\x00 ended "


class Forks:
    """Runs functions of one module in processes of their own, one at a time. Use it as a context manager."""

    def __init__(self, module: str, env: Mapping[str, str] | None = None) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", module],
            cwd=REPOSITORY,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = 0

    def begin(self, function: str, *args: object) -> None:
        """Calls `function(*args)` in a new process, `pid`; paths among the arguments arrive as text."""
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps([function, *map(_plain, args)]) + "\n")
        self._server.stdin.flush()
        self.pid = int(self._line())

    def line(self) -> str:
        """The next whole line that it prints; empty when it has ended."""
        line, ended, status = self._line().partition(_ENDED)
        if ended:
            self.status = int(status)
            return ""
        return line

    def rest(self) -> list[str]:
        """All that it prints until it ends; `status` is then its exit code, or minus the signal that ended it."""
        return list(iter(self.line, ""))

    def run(self, function: str, *args: object) -> list[str]:
        """Begins a process and waits for its end."""
        self.begin(function, *args)
        return self.rest()

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def _line(self) -> str:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, "the server of forks ended"
        return line.rstrip("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str) else str(value)


def _serve(module: str) -> None:
    functions = importlib.import_module(module)
    for line in sys.stdin:
        name, *args = json.loads(line)
        pid = os.fork()
        if pid == 0:
            print(os.getpid(), flush=True)
            try:
                getattr(functions, name)(*args)
                sys.stdout.flush()
            except BaseException:  # noqa: BLE001 - the exit code says it
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(f"{_ENDED}{os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
