"""One Likewise at a time has a library open."""

from __future__ import annotations

from pathlib import Path

from core.errors import LibraryBusyError
from core.runtime.file_lock import lock_file


class LibraryLock:
    """Holds `path` locked from construction to `close`. Raises `LibraryBusyError` when another has it."""

    def __init__(self, path: Path) -> None:
        file = lock_file(path)
        if file is None:
            raise LibraryBusyError("This library is already open.", "Use that window, or close it first.")
        self._file = file

    def close(self) -> None:
        """Lets others in."""
        self._file.close()
