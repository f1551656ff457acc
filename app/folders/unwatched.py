"""Tells of folders in which changes are not all noticed at once, where something can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from app.folders.remarks import unwatched_line
from app.messages import Messages
from core import Event, WatchingChanged


class UnwatchedTeller(QObject):
    """Once for each folder."""

    def __init__(self, messages: Messages, show: Callable[[], object], parent: QObject) -> None:
        """`show` shows what to do."""
        super().__init__(parent)
        self._messages = messages
        self._show = show
        self._told: set[Path] = set()

    @Slot(object)
    def hear(self, event: Event) -> None:
        """Takes the engine's events."""
        if not isinstance(event, WatchingChanged):
            return
        new = [folder for folder in event.unwatched if folder.remedy and folder.path not in self._told]
        self._told.update(folder.path for folder in new)
        if new:
            self._messages.note(" ".join(map(unwatched_line, new)), "What to do", self._show, stays=True)
