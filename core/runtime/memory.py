"""How this process asks the system for memory, so that what it has freed goes back."""

from __future__ import annotations

import sys
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
LARGE_BYTES = 1 << 20


def give_back_what_is_large() -> None:
    """Has what takes a megabyte or more go back to the system as soon as it is freed. Linux with glibc only.

    Left to itself, glibc raises that bound to 32 MB as such things are freed. From then on frames and sounds of a long
    video lie between what stays, and the more there is to be read, the more room there is that is free and lost.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError, OSError):  # musl has no such bound, and needs none
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
