"""One Likewise at a time has a library open. The system drops the lock when its holder dies, however it dies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from core.errors import LibraryBusyError


class LibraryLock:
    """Holds `path` locked from construction to `close`. Raises `LibraryBusyError` when another has it."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise LibraryBusyError("This library is already open.", "Use that window, or close it first.") from None

    def close(self) -> None:
        """Lets others in."""
        self._file.close()


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
