"""How it is with every file: numbers that filter a list, and what can be done about the files in it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QListView, QScrollArea, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.controls import Button, Label, letters_px
from app.flow import FlowRow
from app.problems.file_delegate import FileDelegate
from app.problems.health_model import MOST, HealthModel
from app.problems.standing_filters import StandingFilters
from app.theme import SPACE_PX
from core import FileId, FileStanding, Standing

_MOST_SHARE = 0.6
_WORDS = 36
"""With room for fewer letters beside the buttons, the words stand over them."""


class HealthView(QWidget):
    """The files of one standing, the problems first: try one again, try all again, show where it is, export the list.

    Signals:
        retry_asked: the FileIds to try again, or None for all.
        reveal_asked: the FileStanding to show where it is.
        export_asked: the Standing whose list is to be written.
    """

    retry_asked = Signal(object)
    reveal_asked = Signal(object)
    export_asked = Signal(object)

    def __init__(self, model: HealthModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._kept: tuple[list[FileStanding], FileStanding | None, int] = ([], None, 0)
        self._begins = False
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._title = Label(bold=True, scale=1.2)
        self._explanation = Label(dim=True, wraps=True)
        self.filters = StandingFilters()
        self.filters.chosen.connect(self._choose)
        self.retry_button = Button("Try again", icon_name="retry")
        self.retry_button.clicked.connect(self._retry)
        self.retry_all_button = Button("Try all again")
        self.retry_all_button.clicked.connect(self._retry_all)
        self.reveal_button = Button("Show in folder", icon_name="reveal")
        self.reveal_button.clicked.connect(self._reveal)
        self.export_button = Button("Save list…")
        self.export_button.clicked.connect(self._export)
        self.list = QListView()
        self._make_list()
        model.counted.connect(self._refresh)
        model.modelAboutToBeReset.connect(self._keep_place)
        model.modelReset.connect(self._find_place)
        self._arrange()
        self._refresh()

    def _make_list(self) -> None:
        self.list.setModel(self._model)
        self.list.setItemDelegate(FileDelegate(self.list))
        self.list.setVerticalScrollBar(SlimScrollBar())
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.selectionModel().selectionChanged.connect(self._refresh)

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._explanation)
        self._buttons = FlowRow(spacing_px=SPACE_PX)
        for button in (self.reveal_button, self.retry_button, self.retry_all_button, self.export_button):
            self._buttons.flow.addWidget(button)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.setSpacing(SPACE_PX)
        self._top.addLayout(words, 1)
        self._top.addWidget(self._buttons)
        self._above = QWidget()
        head = QVBoxLayout(self._above)
        head.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, SPACE_PX)
        head.setSpacing(SPACE_PX)
        head.addLayout(self._top)
        head.addWidget(self.filters)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE_PX)
        layout.setSpacing(0)
        self._head = QScrollArea()
        self._head.setFrameShape(QFrame.Shape.NoFrame)
        self._head.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._head.setVerticalScrollBar(SlimScrollBar())
        self._head.setWidgetResizable(True)
        self._head.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._head.setWidget(self._above)
        self._above.setBackgroundRole(QPalette.ColorRole.Base)
        layout.addWidget(self._head)
        layout.addWidget(self.list, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """What is over the list takes no more than a part of the height; the rest of it can be scrolled to."""
        beside = self._buttons.sizeHint().width() + letters_px(self, _WORDS) <= self.width()
        directions = QBoxLayout.Direction
        self._top.setDirection(directions.LeftToRight if beside else directions.TopToBottom)
        wanted = self._above.heightForWidth(self.width())
        self._head.setFixedHeight(min(wanted, round(self.height() * _MOST_SHARE)))

    def selected(self) -> list[FileStanding]:
        """The files that are marked."""
        return [self._model.file(index.row()) for index in sorted(self.list.selectedIndexes())]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._model.watch(watched=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._model.watch(watched=False)

    @Slot()
    def _refresh(self, *_changes: QItemSelection) -> None:
        standing = self._model.standing
        count = self._model.counts.get(standing, 0)
        failed = standing is Standing.FAILED
        self.filters.show_counts(self._model.counts)
        self._title.setText(
            "No problems" if failed and not count else f"{wording.count(count, 'file')} {standing.words}"
        )
        explanation = "Each says why. A file that changes is tried again by itself." if failed and count else ""
        if count > MOST:
            explanation = f"These are {wording.number(MOST)} of them. The saved list has all. {explanation}"
        if standing is Standing.SKIPPED:
            explanation = (
                "These are some of them, file by file or folder by folder. Settings → Folders says what is left out."
            )
        self._explanation.setText(explanation)
        self._explanation.setVisible(bool(explanation))
        self.list.setAccessibleName(f"Files: {standing.words}")
        chosen = self.selected()
        self.retry_all_button.setVisible(failed)
        self.retry_button.setVisible(failed)
        self.retry_all_button.setEnabled(bool(count))
        self.retry_button.setEnabled(bool(chosen))
        self.reveal_button.setEnabled(len(chosen) == 1)
        self.export_button.setEnabled(bool(count))
        sentences = [wording.safe(file.sentence) for file in chosen]
        self.list.setToolTip(wording.tip(sentences, wraps=True) if len(sentences) == 1 else "")
        self._fit()

    @Slot(object)
    def _choose(self, standing: Standing) -> None:
        self._begins = True
        self._model.show_standing(standing)
        self._refresh()

    @Slot()
    def _keep_place(self) -> None:
        """What is marked and seen stays so while the list changes under the user's hands."""
        index = self.list.currentIndex()
        current = self._model.file(index.row()) if index.isValid() else None
        self._kept = self.selected(), current, self.list.verticalScrollBar().value()

    @Slot()
    def _find_place(self) -> None:
        selected, current, value = self._kept
        selection = self.list.selectionModel()
        if current is not None:
            none = QItemSelectionModel.SelectionFlag.NoUpdate
            selection.setCurrentIndex(self._index_of(current), none)
        for file in selected:
            if (index := self._index_of(file)).isValid():
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)
        self.list.verticalScrollBar().setValue(0 if self._begins else value)
        self._begins = False
        self._refresh()

    def _index_of(self, file: FileStanding) -> QModelIndex:
        row = self._model.row_of(file)
        return self._model.index(row) if row >= 0 else QModelIndex()

    @Slot()
    def _retry(self) -> None:
        file_ids: list[FileId] = [file.file_id for file in self.selected() if file.file_id is not None]
        if file_ids:
            self.retry_asked.emit(file_ids)

    @Slot()
    def _retry_all(self) -> None:
        self.retry_asked.emit(None)

    @Slot()
    def _reveal(self) -> None:
        for file in self.selected()[:1]:
            self.reveal_asked.emit(file)

    @Slot()
    def _export(self) -> None:
        self.export_asked.emit(self._model.standing)
