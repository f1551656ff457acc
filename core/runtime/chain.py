"""One future after another.

A future keeps its callbacks when it is done. None of those here leads back to it: it would be kept alive, with what it
holds, until garbage is collected.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def chain(first: Future[A], go_on: Callable[[A], Future[B]]) -> Future[B]:
    """A future for the result of `go_on(first's result)`; `go_on` runs on the thread that completes `first`.

    It fails as either of them fails. Cancelling it cancels whichever has not ended.
    """
    last: Future[B] = Future()

    def on_second(second: Future[B]) -> None:
        if not _failed(second, last) and last.set_running_or_notify_cancel():
            last.set_result(second.result())

    def on_first(done: Future[A]) -> None:
        if not _failed(done, last):
            try:
                second = go_on(done.result())
            except Exception as error:  # noqa: BLE001 - belongs to the future
                if last.set_running_or_notify_cancel():
                    last.set_exception(error)
                return
            second.add_done_callback(on_second)
            _cancel_with(last, second)

    first.add_done_callback(on_first)
    _cancel_with(last, first)
    return last


def then(first: Future[A], make: Callable[[A], B]) -> Future[B]:
    """A future for `make(first's result)`; `make` runs on the thread that completes `first`, so it must be quick."""

    def made(result: A) -> Future[B]:
        done: Future[B] = Future()
        done.set_result(make(result))
        return done

    return chain(first, made)


def repeat(step: Callable[[], Future[bool]]) -> Future[None]:
    """A future for the end of `step`, done again and again until its result is False; it fails as one of them fails.

    Each but the first begins on the thread that completed the one before.
    """
    steps = _Steps(step)
    steps.go_on()
    return steps.last


class _Steps:
    """What is done again and again."""

    def __init__(self, step: Callable[[], Future[bool]]) -> None:
        self.last: Future[None] = Future()
        self._step = step

    def go_on(self) -> None:
        try:
            begun = self._step()
        except Exception as error:  # noqa: BLE001 - belongs to the future
            if self.last.set_running_or_notify_cancel():
                self.last.set_exception(error)
            return
        begun.add_done_callback(self._on_step)

    def _on_step(self, done: Future[bool]) -> None:
        if self.last.cancelled() or _failed(done, self.last):
            return
        if done.result():
            self.go_on()
        elif self.last.set_running_or_notify_cancel():
            self.last.set_result(None)


def _failed(done: Future[A], last: Future[B]) -> bool:
    error = CancelledError() if done.cancelled() else done.exception()
    if error is not None and last.set_running_or_notify_cancel():
        last.set_exception(error)
    return error is not None


def _cancel_with(last: Future[B], earlier: Future[A]) -> None:
    known = weakref.ref(earlier)

    def cancel(ended: Future[B]) -> None:
        future = known()
        if future is not None and ended.cancelled():
            future.cancel()

    last.add_done_callback(cancel)
