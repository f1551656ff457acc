"""The settings in use: changed one after the other, however many threads want that at once, and kept in their file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from core.settings import Settings

Update: TypeAlias = Callable[[Settings], Settings]
"""Makes other settings of those that are."""


class SettingsKeeper:
    """Read and changed on any thread, saved on `store`."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._now = settings
        self._path = path
        self._lock = threading.Lock()

    @property
    def now(self) -> Settings:
        """Those that count."""
        return self._now

    def change(self, update: Update) -> tuple[Settings, Settings]:
        """Those that counted and those that count from now on; they are not saved yet."""
        with self._lock:
            before, self._now = self._now, update(self._now)
            return before, self._now

    def save(self) -> None:
        """Saves those that count by now. Raises LibraryError."""
        self._now.save(self._path)

    def keep(self, update: Update) -> Settings:
        """Changes and saves; those that count from now on. Raises LibraryError, and then nothing has changed."""
        before, after = self.change(update)
        if after != before:
            try:
                after.save(self._path)
            except BaseException:
                with self._lock:
                    self._now = before if self._now is after else self._now
                raise
        return after
