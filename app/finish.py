"""Tells the user, who looks elsewhere, that long work has ended."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QWidget

from app import desktop, wording
from app.folders.folders_model import FoldersModel
from core import Activity, Event, ProgressChanged

LONG_S = 60.0
"""Who waits for less needs not be told."""


class Finish(QObject):
    """Hears how the work goes on; a notice of the system says that it has ended, if it took long."""

    def __init__(self, window: QWidget, folders: FoldersModel) -> None:
        super().__init__(window)
        self._window = window
        self._folders = folders
        self._began: float | None = None
        self._ended = False
        folders.updated.connect(self._tell)

    @Slot(object)
    def hear(self, event: Event) -> None:
        """Takes the engine's progress."""
        if not isinstance(event, ProgressChanged):
            return
        if event.progress.activity is not Activity.IDLE:
            self._began = self._began or time.monotonic()
            self._ended = False
            return
        began, self._began = self._began, None
        took_long = began is not None and time.monotonic() - began > LONG_S
        if took_long and not event.progress.note:
            self._ended = True
            self._folders.refresh()

    @Slot()
    def _tell(self) -> None:
        """It may have been stopped: it is only all that can be found if nothing waits."""
        ended, self._ended = self._ended, False
        if ended and not self._folders.waiting and not self._window.isActiveWindow():
            QApplication.alert(self._window)
            desktop.notify("All new media can be found", wording.media(self._folders.found))
