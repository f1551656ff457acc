"""The files that failed, as a Qt model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot

from app import wording
from app.bridge import Bridge
from core import Event, Failure, FailuresChanged, FoldersChanged

FAILURE_ROLE = int(Qt.ItemDataRole.UserRole)
_NO_INDEX = QModelIndex()


class FailuresModel(QAbstractListModel):
    """Follows the engine: newest first."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._failures: Sequence[Failure] = ()
        bridge.opened.connect(self.refresh)
        bridge.happened.connect(self._hear)

    def failure(self, row: int) -> Failure:
        """The failure in `row`."""
        return self._failures[row]

    @Slot()
    def refresh(self) -> None:
        """Asks the engine anew."""
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.failures(), self._show, lane="failures")

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, FailuresChanged | FoldersChanged):
            self.refresh()

    def _show(self, failures: list[Failure]) -> None:
        if list(self._failures) == failures:
            return
        self.beginResetModel()
        self._failures = failures
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._failures)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        failure = self._failures[index.row()]
        if role == FAILURE_ROLE:
            return failure
        if role == Qt.ItemDataRole.DisplayRole:
            return wording.name_of(failure.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{wording.name_of(failure.path)}: {wording.safe(failure.sentence)}"
        return None
