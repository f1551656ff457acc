"""Why nothing further is begun: somebody said so, or the settings do under the present circumstances."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.records import PauseReason
from core.runtime.busyness import Busyness
from core.runtime.power import on_battery
from core.settings import Settings

LOOK_EVERY_S = 5.0
"""How often it is looked how the computer is."""
BUSY_SHARE = 0.25
"""Others keep the processors busy when they use more than this share of them."""
CALM_SHARE = 0.15
"""They no longer do when they use less than this: between the two nothing changes, so that it is no back and forth."""


class Pausing:
    """Which reasons hold. May be used on any thread."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        *,
        on_battery: Callable[[], bool] = on_battery,
        busyness: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._on_battery = on_battery
        self._busyness = busyness or Busyness().share
        self._clock = clock
        self._lock = threading.Lock()
        self._told: set[PauseReason] = set()
        self._seen: set[PauseReason] = set()
        self._waived: set[PauseReason] = set()
        self._follows = False
        self._looked_at: float | None = None

    def follow(self) -> None:
        """From now on the settings count: what the user paused stays so, and the computer is looked at."""
        with self._lock:
            self._follows = True
            self._looked_at = None
            if self._settings().paused:
                self._told.add(PauseReason.USER)

    @property
    def look_every_s(self) -> float | None:
        """How often it should be asked whether circumstances still hold; None where they do not count."""
        settings = self._settings()
        return LOOK_EVERY_S if self._follows and (settings.only_on_mains or settings.only_when_idle) else None

    def pause(self, reason: PauseReason) -> None:
        """Holds everything until `resume`."""
        with self._lock:
            self._told.add(reason)

    def resume(self) -> None:
        """Lets it go on. Circumstances that hold now count again when they have changed in between."""
        with self._lock:
            self._told.clear()
            self._waived = set(self._seen)

    def look_again(self) -> None:
        """The settings have changed: what holds now is looked at anew, and what was waived counts again."""
        with self._lock:
            self._waived.clear()
            self._looked_at = None

    def reason(self) -> PauseReason | None:
        """Why nothing further is to be begun, the most important reason first; None when it may."""
        self._look()
        with self._lock:
            holding = self._told | (self._seen - self._waived)
        return next((reason for reason in PauseReason if reason in holding), None)

    def _look(self) -> None:
        """Outside the lock: asking for the battery may take seconds, and nobody who pauses or resumes waits for it."""
        now = self._clock()
        with self._lock:
            if self._looked_at is not None and now - self._looked_at < LOOK_EVERY_S:
                return
            self._looked_at = now
        settings, seen = self._settings(), set[PauseReason]()
        if self._follows and settings.only_on_mains and self._on_battery():
            seen.add(PauseReason.BATTERY)
        if self._follows and settings.only_when_idle:
            bound = CALM_SHARE if PauseReason.BUSY in self._seen else BUSY_SHARE
            if self._busyness() > bound:
                seen.add(PauseReason.BUSY)
        with self._lock:
            self._seen = seen
            self._waived &= seen
