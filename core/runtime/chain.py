"""One future after another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def chain(first: Future[A], go_on: Callable[[A], Future[B]]) -> Future[B]:
    """A future for the result of `go_on(first's result)`; `go_on` runs on the thread that completes `first`.

    It fails as either of them fails, and can be cancelled until the second has ended.
    """
    last: Future[B] = Future()

    def on_second(second: Future[B]) -> None:
        if not _failed(second, last) and last.set_running_or_notify_cancel():
            last.set_result(second.result())

    def on_first(done: Future[A]) -> None:
        if not _failed(done, last):
            second = go_on(done.result())
            second.add_done_callback(on_second)
            last.add_done_callback(lambda ended: second.cancel() if ended.cancelled() else None)

    first.add_done_callback(on_first)
    return last


def _failed(done: Future[A], last: Future[B]) -> bool:
    error = CancelledError() if done.cancelled() else done.exception()
    if error is not None and last.set_running_or_notify_cancel():
        last.set_exception(error)
    return error is not None
