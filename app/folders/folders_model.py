"""The sidebar's rows as a Qt model: all media, each kind, the watched folders, the problems if there are any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot

from app import wording
from app.bridge import Bridge
from app.folders.remarks import skipped_lines
from app.icons import KIND_ICONS
from core import Event, FailuresChanged, Folder, FolderId, FoldersChanged, FolderState, Kind, LibraryChanged

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
_NO_INDEX = QModelIndex()
_STATES = {FolderState.OFFLINE: "not reachable", FolderState.CHANGED: "something else is in its place"}


class Place(Enum):
    """What a row of the sidebar leads to."""

    ALL = "all"
    KIND = "kind"
    HEADING = "heading"
    FOLDER = "folder"
    PROBLEMS = "problems"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `kind` is set for kinds, `folder` for folders; `count` is what is said on the right."""

    place: Place
    title: str
    icon_name: str = ""
    count: int = 0
    kind: Kind | None = None
    folder: Folder | None = None

    @property
    def is_away(self) -> bool:
        """Whether it is a folder that cannot be read now, or is not what it was."""
        return self.folder is not None and self.folder.state is not FolderState.ONLINE


class FoldersModel(QAbstractListModel):
    """Follows the engine.

    Signals:
        updated: the folders or the number of problems are known anew.
        went_offline: a sentence about folders that can no longer be read.
    """

    updated = Signal()
    went_offline = Signal(str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.folders: list[Folder] = []
        self.failed = 0
        self.known = False
        self._rows = self._make_rows()
        bridge.opened.connect(self.refresh)
        bridge.happened.connect(self._hear)

    @property
    def found(self) -> Counter[Kind]:
        """How many files of each kind can be found in all folders."""
        return sum((Counter(folder.found) for folder in self.folders), Counter())

    @property
    def waiting(self) -> int:
        """How many files are still to be read, in folders that can be read now."""
        return sum(folder.waiting for folder in self.folders if folder.state is FolderState.ONLINE)

    def folder(self, folder_id: FolderId | None) -> Folder | None:
        """The folder with this id, if there is one."""
        return next((folder for folder in self.folders if folder.folder_id == folder_id), None)

    def name_of(self, folder_id: FolderId) -> str:
        """The folder's name; empty when there is no such folder."""
        folder = self.folder(folder_id)
        return "" if folder is None else wording.name_of(folder.path)

    def row(self, index: QModelIndex | QPersistentModelIndex) -> Row | None:
        """What is in a row."""
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, place: Place, which: FolderId | Kind | None = None) -> QModelIndex:
        """Where something is; an invalid index when it is not shown."""
        for number, row in enumerate(self._rows):
            if row.place is place and which in {None, row.kind, row.folder and row.folder.folder_id}:
                return self.index(number)
        return QModelIndex()

    @Slot()
    def refresh(self) -> None:
        """Asks the engine anew."""
        engine = self._bridge.engine
        if engine is not None:
            self._bridge.call(engine.folders(), self._show, lane="folders")

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, FoldersChanged | LibraryChanged | FailuresChanged):
            self.refresh()

    def _show(self, folders: list[Folder]) -> None:
        lost = _offline(folders) - _offline(self.folders)
        self.folders = folders
        self.failed = sum(folder.failed for folder in folders)
        self.known = True
        rows = self._make_rows()
        if [(row.place, row.folder and row.folder.folder_id) for row in rows] == [
            (row.place, row.folder and row.folder.folder_id) for row in self._rows
        ]:
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
        else:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        self.updated.emit()
        if lost:
            names = ", ".join(sorted(f"“{wording.name_of(path)}”" for path in lost))
            them = "it" if len(lost) == 1 else "them"
            self.went_offline.emit(f"{names} cannot be reached now. What is in {them} can be found, but not opened.")

    def _make_rows(self) -> list[Row]:
        found = self.found
        rows = [Row(Place.ALL, "All media", "media", found.total())]
        for kind, icon_name in KIND_ICONS.items():
            rows.append(Row(Place.KIND, wording.kind_title(kind), icon_name, found[kind], kind=kind))
        rows.append(Row(Place.HEADING, "Folders"))
        for folder in self.folders:
            icon_name = "folder" if folder.state is FolderState.ONLINE else "folder-offline"
            count = sum(folder.found.values())
            rows.append(Row(Place.FOLDER, wording.name_of(folder.path), icon_name, count, folder=folder))
        if self.failed:
            rows.append(Row(Place.HEADING, ""))
            rows.append(Row(Place.PROBLEMS, "Problems", "problem", self.failed))
        return rows

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        row = self.row(index)
        if row is None or row.place is Place.HEADING:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row(index)
        if row is None:
            return None
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(_described(row))
        if role == Qt.ItemDataRole.ToolTipRole and row.folder is not None:
            return wording.tip([wording.safe(str(row.folder.path)), *_remarks(row.folder)])
        if role == Qt.ItemDataRole.AccessibleDescriptionRole and row.folder is not None:
            return ". ".join(_remarks(row.folder))
        return None


def _remarks(folder: Folder) -> list[str]:
    state = _STATES.get(folder.state, "")
    return [state[:1].upper() + state[1:]] * bool(state) + [f"Not taken in: {line}" for line in skipped_lines(folder)]


def _offline(folders: list[Folder]) -> set[Path]:
    return {folder.path for folder in folders if folder.state is FolderState.OFFLINE}


def _described(row: Row) -> list[str]:
    said = [row.title]
    if row.place is Place.PROBLEMS:
        said.append(wording.count(row.count, "file"))
    elif row.place is not Place.HEADING:
        said.append(wording.count(row.count, wording.kind_name(row.kind) if row.kind else "file"))
    if row.folder is not None and row.is_away:
        said.append(_STATES[row.folder.state])
    return said
