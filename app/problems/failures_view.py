"""The list of problems with what can be done about them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QListView, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.controls import Button, Label, set_tip
from app.problems.failure_delegate import FailureDelegate
from app.problems.failures_model import FailuresModel
from app.theme import SPACE_PX
from core import Failure, FileId


class FailuresView(QWidget):
    """Problem files: try one again, try all again, show where it is.

    Signals:
        retry_asked: the FileIds to try again, or None for all.
        reveal_asked: the path to show.
    """

    retry_asked = Signal(object)
    reveal_asked = Signal(object)

    def __init__(self, model: FailuresModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._title = Label(bold=True, scale=1.2)
        self._explanation = Label("Each says why. A file that changes is tried again by itself.", dim=True)
        self.retry_button = Button("Try again", icon_name="retry")
        self.retry_button.clicked.connect(self._retry)
        self.retry_all_button = Button("Try all again")
        self.retry_all_button.clicked.connect(self._retry_all)
        self.reveal_button = Button("Show in folder", icon_name="reveal")
        self.reveal_button.clicked.connect(self._reveal)
        self.list = QListView()
        self.list.setModel(model)
        self.list.setItemDelegate(FailureDelegate(self.list))
        self.list.setVerticalScrollBar(SlimScrollBar())
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Problems")
        self.list.selectionModel().selectionChanged.connect(self._refresh)
        model.modelReset.connect(self._refresh)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._explanation)
        top = QHBoxLayout()
        top.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, SPACE_PX)
        top.setSpacing(SPACE_PX)
        top.addLayout(words, 1)
        for button in (self.reveal_button, self.retry_button, self.retry_all_button):
            top.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE_PX)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        self._refresh()

    def selected(self) -> list[Failure]:
        """The problems that are marked."""
        return [self._model.failure(index.row()) for index in sorted(self.list.selectedIndexes())]

    @Slot()
    def _refresh(self, *_changes: QItemSelection) -> None:
        count = self._model.rowCount()
        self._title.setText(f"{wording.count(count, 'file')} could not be read" if count else "No problems")
        self._explanation.setVisible(bool(count))
        self.retry_all_button.setEnabled(bool(count))
        chosen = self.selected()
        self.retry_button.setEnabled(bool(chosen))
        self.reveal_button.setEnabled(len(chosen) == 1)
        set_tip(self.list, [wording.safe(chosen[0].sentence)] if len(chosen) == 1 else [], wraps=True)

    @Slot()
    def _retry(self) -> None:
        file_ids: list[FileId] = [failure.file_id for failure in self.selected()]
        if file_ids:
            self.retry_asked.emit(file_ids)

    @Slot()
    def _retry_all(self) -> None:
        self.retry_asked.emit(None)

    @Slot()
    def _reveal(self) -> None:
        for failure in self.selected()[:1]:
            self.reveal_asked.emit(failure.path)
