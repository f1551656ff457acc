"""How it is with the files: how many of each standing, and those of one standing as a Qt model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot

from app import wording
from app.bridge import Bridge
from core import Event, FailuresChanged, FileStanding, FoldersChanged, LibraryChanged, Standing

FILE_ROLE = int(Qt.ItemDataRole.UserRole)
MOST = 2000
"""More files than this nobody looks through; the exported list has them all."""
_COUNTS, _FILES = "standings", "files"
_NO_INDEX = QModelIndex()


class HealthModel(QAbstractListModel):
    """Follows the engine while somebody looks.

    Signals:
        counted: how many files have each standing is known anew.
    """

    counted = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._files: Sequence[FileStanding] = ()
        self._watched = False
        self.counts: Mapping[Standing, int] = {}
        self.standing = Standing.FAILED
        bridge.opened.connect(self._refresh)
        bridge.happened.connect(self._hear)

    def watch(self, *, watched: bool) -> None:
        """Somebody looks from now on, or no longer."""
        self._watched = watched
        for lane in (_COUNTS, _FILES):
            self._bridge.drop(lane)
        self._refresh()

    def show_standing(self, standing: Standing) -> None:
        """Lists the files of another standing; the former ones stay until these are known."""
        self.standing = standing
        self._refresh()

    def file(self, row: int) -> FileStanding:
        """The file in `row`."""
        return self._files[row]

    def row_of(self, file: FileStanding) -> int:
        """Where the file is listed, whatever is said of it now; -1 if it is not."""
        return next((row for row, listed in enumerate(self._files) if listed.path == file.path), -1)

    @Slot()
    def _refresh(self) -> None:
        engine = self._bridge.engine
        if engine is not None and self._watched:
            self._bridge.call(engine.standings(), self._count, lane=_COUNTS)
            self._bridge.call(engine.files(self.standing, MOST), self._show, lane=_FILES)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, FailuresChanged | FoldersChanged | LibraryChanged):
            self._refresh()

    def _count(self, counts: Mapping[Standing, int]) -> None:
        self.counts = counts
        self.counted.emit()

    def _show(self, files: list[FileStanding]) -> None:
        if list(self._files) == files:
            return
        self.beginResetModel()
        self._files = files
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._files)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        file = self._files[index.row()]
        if role == FILE_ROLE:
            return file
        if role == Qt.ItemDataRole.DisplayRole:
            return wording.name_of(file.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{wording.name_of(file.path)}: {wording.safe(file.sentence)}"
        return None
