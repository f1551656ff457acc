"""How fast work goes and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

HALF_LIFE_S = 5.0
"""After this long an old rate counts half: quick enough to follow a change from small to large photos."""


class Pace:
    """An exponentially weighted rate of finished work. `clock` returns seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._finished = 0
        self._rate = 0.0
        self._weight = 0.0

    def restart(self) -> None:
        """Forgets the past, as after a pause."""
        self._last = self._clock()
        self._finished = 0
        self._rate = 0.0
        self._weight = 0.0

    def add(self, finished: int) -> None:
        """Counts finished work; the rate takes it in every half second."""
        self._finished += finished
        passed = self._clock() - self._last
        if passed < 0.5:
            return
        keep = 0.5 ** (passed / HALF_LIFE_S)
        self._rate = keep * self._rate + (1 - keep) * (self._finished / passed)
        self._weight = keep * self._weight + (1 - keep)
        self._last += passed
        self._finished = 0

    @property
    def rate_per_s(self) -> float:
        """Finished work a second, 0 while unknown."""
        return self._rate / self._weight if self._weight else 0.0

    def eta_s(self, left: int) -> float | None:
        """Seconds until `left` more are done, None while no rate is known."""
        rate = self.rate_per_s
        return left / rate if rate > 0 else None
