"""The sidebar."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListView, QMenu, QVBoxLayout, QWidget

from app.bars import SlimScrollBar
from app.controls import Button, letters_px
from app.folders.folders_model import FoldersModel, Place
from app.folders.row_delegate import RowDelegate
from app.icons import icon
from app.theme import SPACE_PX
from core import FolderId, FolderState, Kind

WIDTH_PX = 216


class FoldersView(QWidget):
    """Where to look: everything, one kind, one folder, or the problems.

    Signals:
        chosen: the FolderId to look in, or the Kind to look for, or None for all.
        problems_chosen: the list of problems is wanted.
        problems_entered: so is the keyboard in it: by a click or Enter, not by walking past.
        add_asked: a folder is to be added.
        rescan_asked, reveal_asked, left_out_asked, remove_asked, accept_asked: the Folder meant.
    """

    chosen = Signal(object)
    problems_chosen = Signal()
    problems_entered = Signal()
    add_asked = Signal()
    rescan_asked = Signal(object)
    reveal_asked = Signal(object)
    left_out_asked = Signal(object)
    remove_asked = Signal(object)
    accept_asked = Signal(object)

    def __init__(self, model: FoldersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._place = Place.ALL
        self._which: FolderId | Kind | None = None
        self.setMinimumWidth(max(160, letters_px(self, 20)))
        self.list = QListView()
        self.list.setModel(model)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setVerticalScrollBar(SlimScrollBar(QPalette.ColorRole.Window))
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName("Places")
        self.list.viewport().setAutoFillBackground(False)  # the window's own ground
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.list, context=Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._remove_marked)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.list.selectionModel().selectionChanged.connect(self._choose)
        self.list.clicked.connect(self._enter)
        self.list.activated.connect(self._enter)
        model.modelReset.connect(self._select_again)
        add = Button("Add a folder…", icon_name="folder-add", flat=True)
        add.clicked.connect(self.add_asked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE_PX, 0, SPACE_PX // 2)
        layout.setSpacing(0)
        layout.addWidget(self.list, 1)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(SPACE_PX, 0, SPACE_PX, 0)
        bottom.addWidget(add)
        bottom.addStretch()
        layout.addLayout(bottom)
        self._select_again()

    def show_place(self, place: Place, which: FolderId | Kind | None = None) -> None:
        """Marks where the window looks now, without choosing it."""
        self._place, self._which = place, which
        self._select_again()

    @Slot()
    def _remove_marked(self) -> None:
        row = self._model.row(self.list.currentIndex())
        if row is not None and row.folder is not None:
            self.remove_asked.emit(row.folder)

    @Slot()
    def _select_again(self) -> None:
        index = self._model.index_of(self._place, self._which)
        selection = self.list.selectionModel()
        selection.blockSignals(True)
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        selection.blockSignals(False)
        self.list.viewport().update()

    @Slot()
    def _choose(self, *_changes: QItemSelection) -> None:
        row = self._model.row(self.list.currentIndex())
        if row is None:
            return
        self._place = row.place
        self._which = row.folder.folder_id if row.folder else row.kind
        if row.place is Place.PROBLEMS:
            self.problems_chosen.emit()
        else:
            self.chosen.emit(self._which)

    @Slot(QModelIndex)
    def _enter(self, index: QModelIndex) -> None:
        row = self._model.row(index)
        if row is not None and row.place is Place.PROBLEMS:
            self.problems_entered.emit()

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        row = self._model.row(self.list.indexAt(place))
        if row is None or row.folder is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entries = [
            ("Look for changes", "retry", self.rescan_asked),
            ("Show in folder", "reveal", self.reveal_asked),
            ("What is left out…", "filter", self.left_out_asked),
            ("Remove from Likewise", "close", self.remove_asked),
        ]
        if row.is_away:  # one that cannot be reached may have been emptied; it is more likely to be back soon
            at = 0 if row.folder.state is FolderState.CHANGED else len(entries) - 1
            entries.insert(at, ("Use this folder as it is now", "check", self.accept_asked))
        for title, icon_name, signal in entries:
            action = QAction(icon(icon_name), title, menu)
            action.setData((signal, row.folder))
            menu.addAction(action)
        menu.triggered.connect(self._run)
        menu.popup(self.list.viewport().mapToGlobal(place))

    @Slot(QAction)
    def _run(self, action: QAction) -> None:
        signal, folder = action.data()
        signal.emit(folder)
