"""Calls that nobody can break off: made on a thread of their own, which may be left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TypeVar

T = TypeVar("T")

LOOK_UP_S = 0.05
"""How often a wait looks whether the answer is still wanted."""


def wait(future: Future[T], abandoned: threading.Event) -> T:
    """The future's result, unless it is no longer wanted before it is there: then CancelledError."""
    while True:
        try:
            return future.result(timeout=LOOK_UP_S)
        except TimeoutError:
            if future.done():  # in this very moment, or by a time-out of its own
                return future.result()
            if abandoned.is_set():
                future.cancel()
                raise CancelledError from None


def apart(call: Callable[[], T], abandoned: threading.Event, name: str) -> T:
    """What `call` returns or raises; CancelledError once `abandoned` is set, though the call may go on for ever."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - belongs to who waits
            future.set_exception(error)

    future.set_running_or_notify_cancel()
    threading.Thread(target=run, name=name, daemon=True).start()
    return wait(future, abandoned)
