"""The time of day as it goes on from when the program started, whatever is done to the system's clock meanwhile."""

from __future__ import annotations

import time

_STARTED_S = time.time() - time.monotonic()


def steady_s() -> float:
    """Unix seconds."""
    return _STARTED_S + time.monotonic()
