"""Listening to speech in a process of its own: it takes minutes, can be ended at once, and holds up no question."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import MediaError, ModelError
from core.records import Line, Reason, Samples
from core.runtime.child_process import python_command, serve
from core.runtime.frames import FrameError
from core.runtime.pool import ProcessPool
from core.runtime.requests import Loss, Request
from core.runtime.sandbox import end_with_parent
from core.runtime.worker import Priority

if TYPE_CHECKING:
    from core.embed.transcriber import Transcriber

LIMIT_S = 300.0
"""The longest that listening to one stretch may take, the loading of the model included."""
_REPLY_BYTES = 1 << 20


class Listener:
    """Writes down what is said. The process starts with the first sound and ends with `rest` or `close`."""

    def __init__(self, folder: Callable[[], Path], *, cores: int, nice: int) -> None:
        """`folder` finds the model's files when they are first needed; it raises ModelError if they are not here.

        The process uses so many `cores` and stands back behind other programs as far as `nice` says.
        """
        self._folder = folder
        self._pool = ProcessPool("listen", _command(cores, nice), 1, limit_s=LIMIT_S, environment={})

    def listen(self, sound: Samples) -> Future[list[Line]]:
        """What is said in mono sound at SOUND_RATE_HZ, with times from its start. Fails with ModelError, MediaError."""
        try:
            folder = str(self._folder())
        except ModelError as error:
            failed: Future[list[Line]] = Future()
            failed.set_exception(error)
            return failed
        request = Request(
            header={"folder": folder},
            payload=sound.astype("<f4").tobytes(),
            reply_limit=_REPLY_BYTES,
            accept=_lines,
            explain=_explain,
        )
        return self._pool.submit(request, Priority.BATCH)

    def change(self, *, cores: int, nice: int) -> None:
        """From now on uses so many cores and stands back so far. What is being listened to is finished."""
        self._pool.change(_command(cores, nice), 1)

    def close(self, timeout_s: float) -> bool:
        """Ends the process and cancels what is unfinished. Returns whether it ended within `timeout_s`."""
        return self._pool.close(timeout_s)


def _command(cores: int, nice: int) -> list[str]:
    return python_command("core.embed.listening", str(os.getpid()), str(cores), str(nice))


def _lines(header: Mapping[str, Any], payload: bytes) -> list[Line]:
    if "error" in header:
        raise ModelError(str(header["error"]))
    try:
        return [
            Line(int(start), int(end), str(text), str(language)) for start, end, text, language in json.loads(payload)
        ]
    except (TypeError, ValueError) as error:
        raise FrameError("no lines") from error


def _explain(loss: Loss) -> MediaError:
    advice = "It can still be found by what it shows and sounds like."
    if loss is Loss.LATE:
        return MediaError("Listening to its speech took too long.", advice, reason=Reason.TOO_SLOW, retryable=True)
    what = "What listens to speech crashed over it."
    return MediaError(what, advice, reason=Reason.DECODER_CRASHED, retryable=True)


def main() -> None:
    """The process: serves requests until the parent ends. The arguments: that one's id, how many cores, how nice."""
    parent_pid, cores, nice = map(int, sys.argv[1:4])
    serve(_Desk(cores).answer, prepare=lambda: end_with_parent(parent_pid, nice=nice))


class _Desk:
    """Holds the model that was asked for last."""

    def __init__(self, cores: int) -> None:
        self._cores = cores
        self._loaded: tuple[str, Transcriber] | None = None

    def answer(self, request: Mapping[str, Any], payload: bytes) -> tuple[Mapping[str, Any], Sequence[bytes]]:
        import numpy as np

        try:
            lines = self._transcriber(request["folder"]).transcribe(np.frombuffer(payload, "<f4"))
        except ModelError as error:
            return {"error": str(error)}, ()
        return {}, (json.dumps([(line.start_ms, line.end_ms, line.text, line.language) for line in lines]).encode(),)

    def _transcriber(self, folder: str) -> Transcriber:
        if self._loaded is None or self._loaded[0] != folder:
            from core.embed.transcriber import Transcriber

            self._loaded = folder, Transcriber(Path(folder), cores=self._cores)
        return self._loaded[1]
