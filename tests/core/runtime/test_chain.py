"""One future after another: whatever goes wrong on the way, the last one ends."""

from __future__ import annotations

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
