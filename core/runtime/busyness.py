"""How much of the processors other programs use. Linux says it; elsewhere nobody seems busy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
HALF_LIFE_S = 10.0
"""After this long a reading counts half: a page that loads is no reason to stop."""


class Busyness:
    """The share of all processors that others than this process and its children use, smoothed over some seconds."""

    def __init__(self, proc: Path = _PROC, clock: Callable[[], float] = time.monotonic) -> None:
        self._proc = proc
        self._clock = clock
        self._share = 0.0
        self._last: tuple[float, int, int] | None = None

    def share(self) -> float:
        """Between 0 and 1, over the time since it was last asked and, less and less, before; 0 when first asked."""
        read = self._clock(), *self._read()
        last, self._last = self._last or read, read
        passed_s, busy, total = (now - before for now, before in zip(read, last, strict=True))
        if total > 0:
            keep = 0.5 ** (passed_s / HALF_LIFE_S)
            self._share = keep * self._share + (1 - keep) * min(1.0, max(0.0, busy / total))
        return self._share

    def _read(self) -> tuple[int, int]:
        """What others have used, and what there was to use, in the kernel's ticks, since the computer started."""
        try:
            user, nice, system, idle, waiting, irq, softirq = (
                int(ticks) for ticks in (self._proc / "stat").read_text().split("\n", 1)[0].split()[1:8]
            )
        except (OSError, ValueError):
            return 0, 0
        busy = user + nice + system + irq + softirq
        return busy - self._own(), busy + idle + waiting

    def _own(self) -> int:
        """What this process, its children and those that have ended have used."""
        me = os.getpid()
        used = 0
        for stat in self._proc.glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(stat.parent.name) == me:
                used += sum(map(int, fields[11:15]))
            elif int(fields[1]) == me:
                used += int(fields[11]) + int(fields[12])
        return used
