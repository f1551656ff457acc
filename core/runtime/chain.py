"""One future after another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
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
            try:
                second = go_on(done.result())
            except Exception as error:  # noqa: BLE001 - belongs to the future
                if last.set_running_or_notify_cancel():
                    last.set_exception(error)
                return
            second.add_done_callback(on_second)
            last.add_done_callback(lambda ended: second.cancel() if ended.cancelled() else None)

    first.add_done_callback(on_first)
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
    last: Future[None] = Future()

    def on_step(done: Future[bool]) -> None:
        if _failed(done, last):
            return
        if done.result():
            go_on()
        elif last.set_running_or_notify_cancel():
            last.set_result(None)

    def go_on() -> None:
        try:
            begun = step()
        except Exception as error:  # noqa: BLE001 - belongs to the future
            if last.set_running_or_notify_cancel():
                last.set_exception(error)
            return
        begun.add_done_callback(on_step)

    go_on()
    return last


def gather(futures: Sequence[Future[A]]) -> Future[list[A]]:
    """A future for all results, in order, done when every one has ended; it fails as the first that failed."""
    last: Future[list[A]] = Future()
    left = len(futures)
    lock = threading.Lock()

    def on_one(_: Future[A] | None) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left > 0:
                return
        if not any(_failed(future, last) for future in futures) and last.set_running_or_notify_cancel():
            last.set_result([future.result() for future in futures])

    for future in futures:
        future.add_done_callback(on_one)
    if not futures:
        on_one(None)
    return last


def _failed(done: Future[A], last: Future[B]) -> bool:
    error = CancelledError() if done.cancelled() else done.exception()
    if error is not None and last.set_running_or_notify_cancel():
        last.set_exception(error)
    return error is not None
