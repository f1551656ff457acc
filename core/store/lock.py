"""One Likewise at a time has a library open."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from core.errors import LibraryBusyError
from core.runtime.file_lock import lock_file

LATELY_S = 600.0


class LibraryLock:
    """Holds `path` locked from construction to `close`. Raises `LibraryBusyError` when another has it.

    Attributes:
        crashes: how many of those who took it in the last ten minutes ended without closing it.
    """

    def __init__(self, path: Path) -> None:
        file = lock_file(path)
        if file is None:
            raise LibraryBusyError("This library is already open.", "Use that window, or close it first.")
        self._file = file
        self._open_since = path.with_name(".open-since")
        now = time.time()
        lately = [began for began in self._unclosed() if abs(now - began) <= LATELY_S]
        self.crashes = len(lately)
        with suppress(OSError):  # a full disk keeps nobody from opening a library
            self._open_since.write_text(json.dumps([*lately, now]), "utf-8")

    def close(self) -> None:
        """Lets others in."""
        with suppress(OSError):
            self._open_since.unlink(missing_ok=True)
        self._file.close()

    def _unclosed(self) -> list[float]:
        """When those began who did not come to a close; it is removed by the first who does."""
        try:
            times = json.loads(self._open_since.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [began for began in times if isinstance(began, float)] if isinstance(times, list) else []
