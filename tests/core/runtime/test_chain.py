"""One future after another: whatever goes wrong on the way, the last one ends."""

from __future__ import annotations

import weakref
from concurrent.futures import Future
from functools import partial

import pytest

from core.runtime.chain import chain, repeat, then
from tests.conftest import WAIT_S


def done(value: bool = True) -> Future[bool]:
    future: Future[bool] = Future()
    future.set_result(value)
    return future


def fail(*_: object) -> Future[bool]:
    raise ValueError("a bug of ours")


def test_what_goes_on_may_fail_before_there_is_a_future() -> None:
    for last in (chain(done(), fail), then(done(), fail), repeat(fail)):
        with pytest.raises(ValueError, match="a bug of ours"):
            last.result(WAIT_S)


def test_a_later_step_may_fail() -> None:
    steps = iter([done()])
    with pytest.raises(StopIteration):
        repeat(partial(next, steps)).result(WAIT_S)


class Frames:
    """Something that takes much memory."""


def test_what_has_ended_keeps_nothing_alive() -> None:
    """Nobody collects garbage for a while: the tests do not, and the program only when the user looks elsewhere."""
    first, second, frames = Future[Frames](), Future[Frames](), Frames()
    kept = weakref.ref(frames)
    waiting = [second]
    last = then(chain(first, lambda _: waiting.pop()), lambda found: found is not None)
    again = repeat(partial(lambda _: done(value=False), frames))
    first.set_result(frames)
    second.set_result(frames)
    assert last.result(WAIT_S)
    again.result(WAIT_S)
    assert kept() is frames
    del first, second, frames, last, again
    assert kept() is None


def test_giving_up_the_last_gives_up_what_it_waits_for() -> None:
    first, second = Future[bool](), Future[bool]()
    for last in (chain(first, lambda _: done()), chain(done(), lambda _: second)):
        last.cancel()
    assert first.cancelled()
    assert second.cancelled()


def test_steps_that_were_given_up_are_not_gone_on_with() -> None:
    steps = [Future[bool](), Future[bool]()]
    waiting = steps.copy()
    last = repeat(lambda: waiting.pop(0))
    last.cancel()
    steps[0].set_result(True)
    assert waiting == steps[1:]
