"""What the exit code says."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Part of the command line's interface: scripts rely on these."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    LIBRARY_MISSING = 3
    INTERRUPTED = 130
