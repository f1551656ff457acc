"""A child process that answers messages on its standard input with messages on its standard output.

The parent's side is `ChildProcess`, the child's side is `serve`.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import OverloadError
from core.runtime.frames import FrameError, read_frame, write_frame

_PIPE_BYTES = 1 << 18
"""Room for an answer, so that the child goes on with the next request before we have taken this one."""
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH")
_MAX_REQUEST_BYTES = 1 << 31
_OVERLOAD = {errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE}

Handler = Callable[[Mapping[str, Any], bytes], tuple[Mapping[str, Any], Sequence[bytes]]]
"""Answers one request (header, payload) with a header and the parts of a payload."""


class ChildStartError(RuntimeError):
    """A child did not come up: our installation is broken."""


def python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs `module`'s `main()` in an isolated interpreter that sees this project and no more."""
    root = str(Path(__file__).resolve().parent.parent.parent)
    code = f"import sys; sys.path.insert(0, {root!r}); from {module} import main; main()"
    return [sys.executable, "-I", "-X", "utf8", "-c", code, *arguments]


class ChildProcess:
    """One child. All methods but `kill` belong to one thread. The child ends at the latest when that thread does."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts the child, which sees almost nothing of our environment but `environment`; then `greet` it.

        Raises:
            OverloadError: the system has no room for it now.
            ChildStartError: it refuses for another reason.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**environment, **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}},
                process_group=0,
            )
        except OSError as error:
            if error.errno in _OVERLOAD:
                what = f"This computer cannot start another process just now ({error.strerror})."
                raise OverloadError(what, "Close other programs; it goes on by itself.") from error
            raise ChildStartError(f"a child process cannot be started: {error}") from error
        if self._process.stdin is None or self._process.stdout is None or self._process.stderr is None:
            raise AssertionError("pipes were asked for")
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._complaints = self._process.stderr
        _widen(self._answers)

    def greet(self) -> None:
        """Waits until the child is ready.

        Raises:
            ChildStartError: it is not; says why as far as the child could tell.
        """
        try:
            read_frame(self._answers, 0)
        except (EOFError, OSError, FrameError) as error:
            self.kill()
            complaint = self._complaints.read().decode(errors="replace")
            raise ChildStartError(f"a child process did not come up: {complaint or error}") from error
        finally:
            self._complaints.close()

    def has_ended(self) -> bool:
        """Whether the child is gone, for whatever reason."""
        return self._process.poll() is not None

    def send(self, header: Mapping[str, Any], payload: bytes) -> bool:
        """Sends a request. False if the child is gone; what it answered before can still be received."""
        try:
            write_frame(self._requests, header, payload)
        except OSError:
            return False
        return True

    def receive(self, payload_limit: int) -> tuple[dict[str, Any], bytes]:
        """The next answer. Raises EOFError if the child is gone, FrameError for what is no answer."""
        return read_frame(self._answers, payload_limit)

    def kill(self) -> None:
        """Ends the child at once. May be called from any thread, and again."""
        self._process.kill()

    def end(self) -> int:
        """Kills the child, reaps it and closes the pipes. Returns its exit status (minus the signal, if any)."""
        self._process.kill()
        status = self._process.wait()
        for stream in (self._requests, self._answers, self._complaints):
            try:
                stream.close()
            except OSError:  # what was not sent can no longer be
                continue
        return status


def _widen(pipe: IO[bytes]) -> None:
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:  # the user has too many pipes open; it goes on with a small one
            return


def serve(handle: Handler, *, prepare: Callable[[], None] | None = None) -> None:
    """The child's side: answers requests with `handle` until the parent closes the pipe or `last` is in an answer.

    Standard output belongs to the messages alone: what libraries print goes nowhere. `prepare` is called when no
    other file needs to be written any more; what it raises is told to the parent. An exception from `handle` is a
    bug and ends the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    if prepare is not None:
        prepare()
    os.dup2(nowhere, 2)
    os.close(nowhere)
    write_frame(answers, {"ready": True})
    while True:
        try:
            header, payload = read_frame(requests, _MAX_REQUEST_BYTES)
        except EOFError:
            return
        answer, parts = handle(header, payload)
        write_frame(answers, answer, *parts)
        if answer.get("last"):
            return
