"""When Python looks for cyclic garbage: between frames and on the GUI thread, never in the middle of scrolling.

Left to itself, the collector runs on whichever thread allocates next. With a hundred thousand results in memory a full
collection stops everything for a quarter of a second, and one that runs on an engine thread may destroy Qt objects
there. So it is switched off, and what survives (results, models) is set aside from it; a full collection happens when
the user looks elsewhere.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication

_PERIOD_MS = 2000
_ENOUGH = 2000
"""New objects that are worth a look."""


class Garbage(QObject):
    """Collects for as long as it lives; `stop` hands back to Python."""

    def __init__(self, application: QGuiApplication) -> None:
        super().__init__(application)
        gc.disable()
        gc.freeze()
        application.applicationStateChanged.connect(self._clean_while_away)
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._collect_young)
        self._timer.start()

    @Slot()
    def set_aside(self) -> None:
        """What is there now will stay: it is not looked at again until the user is away. Costs nothing."""
        gc.freeze()

    def stop(self) -> None:
        """Lets Python collect by itself again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _collect_young(self) -> None:
        if gc.get_count()[0] > _ENOUGH:
            gc.collect(1)

    @Slot(Qt.ApplicationState)
    def _clean_while_away(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationInactive:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
