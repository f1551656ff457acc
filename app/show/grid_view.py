"""The banded grid of thumbnails: a Qt list view with a geometry of its own, smooth at a hundred thousand results."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDrag, QNativeGestureEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from app.controls import Button
from app.desktop import make_mime
from app.preferences import DEFAULT_CELL_PX, MAX_CELL_PX, MIN_CELL_PX
from app.show.banded_view import BandedView
from app.show.cell_delegate import CellDelegate
from app.show.date_bubble import DateBubble
from app.show.grid_layout import MARGIN_PX
from app.show.grid_model import GridModel, same_question
from app.show.thumbnails import Thumbnails
from app.wording import number
from core import Answer, FileId, ItemId, Result

_ASK_PERIOD_MS = 30
_ZOOM_STEP = 1.15
_DRAG_PX = 96
_RESTORED_SELECTION = 1000
_Select = QItemSelectionModel.SelectionFlag


@dataclass(frozen=True, slots=True)
class _Place:
    """What must survive when the same question gets a newer answer."""

    current: FileId | None
    selected: tuple[FileId, ...]
    first: FileId | None
    offset_px: int


class GridView(BandedView):
    """Thumbnails in bands. Selection, keyboard and screen readers work as in any Qt list.

    Signals:
        picked: the selection changed.
        zoomed: the wanted cell size changed, in pixels.
        typed: a character was typed here that belongs in the search field.
        end_neared: the last rows are on screen, and none are held back: more would be seen.
    """

    picked = Signal()
    zoomed = Signal(int)
    typed = Signal(str)
    end_neared = Signal()

    def __init__(self, model: GridModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(model, DEFAULT_CELL_PX, parent)
        self._thumbnails = thumbnails
        self._on_screen: dict[ItemId, list[int]] = {}
        self.setAccessibleName("Results")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setItemDelegate(CellDelegate(thumbnails, self))
        self.weaker_button = Button("", self.viewport())
        self.weaker_button.clicked.connect(self.show_weaker)
        self.weaker_button.hide()
        self._ask_timer = QTimer(self)
        self._ask_timer.setSingleShot(True)
        self._ask_timer.setInterval(_ASK_PERIOD_MS)
        self._ask_timer.timeout.connect(self._ask_thumbnails)
        thumbnails.arrived.connect(self._draw_thumbnail)
        self.begin()
        self.date_bubble = DateBubble(self)

    # what is shown

    def set_cell_px(self, cell_px: int) -> None:
        """Makes cells about this large; what is at the top stays there."""
        cell_px = min(max(cell_px, MIN_CELL_PX), MAX_CELL_PX)
        if cell_px == self.wanted_cell_px:
            return
        place = self._place()
        self.wanted_cell_px = cell_px
        self.updateGeometries()
        self._return_to(place)
        self.viewport().update()
        self.zoomed.emit(cell_px)

    def show_answer(self, answer: Answer | None) -> None:
        """Shows `answer`, or nothing. A newer answer to the same question leaves selection and place as they are."""
        shown = self.results.answer
        same = shown is not None and answer is not None and same_question(shown.question, answer.question)
        place = self._place() if same else None
        self._thumbnails.forget_absent()
        self.results.set_answer(answer)
        self.doItemsLayout()
        if place is None:
            self.verticalScrollBar().setValue(0)
        else:
            self._select_again(place)
            self._return_to(place)
        self.picked.emit()

    @Slot()
    def show_weaker(self) -> None:
        """Shows the weak results too."""
        self.results.show_weaker()
        self.doItemsLayout()

    def selected_results(self) -> list[Result]:
        """What is selected, in the order shown."""
        return [self.results.result(index.row()) for index in sorted(self.selectedIndexes())]

    @property
    def selected_count(self) -> int:
        """How many are selected."""
        selection = self.selectionModel().selection()
        return sum(selection.at(place).height() for place in range(selection.count()))

    def current_result(self) -> Result | None:
        """The one the keyboard is on."""
        index = self.currentIndex()
        return self.results.result(index.row()) if index.isValid() else None

    @Slot()
    def enter(self) -> None:
        """Takes the keyboard; the first result is selected unless something is."""
        self.setFocus()
        if not self.selected_count and self.results.rowCount():
            self.setCurrentIndex(self.results.index(0))

    @property
    def is_complete(self) -> bool:
        """Whether every thumbnail on screen is drawn."""
        return not self._ask_timer.isActive() and self._thumbnails.is_idle

    def walk(self, forward: bool) -> None:
        """Selects the next or the previous result."""
        row = self.currentIndex().row() + (1 if forward else -1)
        if 0 <= row < self.results.rowCount():
            self.setCurrentIndex(self.results.index(row))

    def resizeEvent(self, event: QResizeEvent) -> None:
        place = self._place()
        QAbstractItemView.resizeEvent(self, event)
        self._return_to(place)

    def updateGeometries(self) -> None:
        hidden = self.results.hidden_count
        self.footer_px = self.weaker_button.sizeHint().height() + MARGIN_PX if hidden else 0
        super().updateGeometries()
        self.weaker_button.setText(f"Show weaker matches ({number(hidden, at_least=self.results.may_have_more)})")
        self.weaker_button.adjustSize()
        self.weaker_button.setVisible(bool(hidden))
        area = QRect(QPoint(MARGIN_PX, max(self.grid.height_px, MARGIN_PX)), self.weaker_button.size())
        self.weaker_button.move(self.seen(area).topLeft())
        self._ask_timer.start()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if not self._ask_timer.isActive():
            self._ask_timer.start()

    # input

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(larger=event.angleDelta().y() > 0)
            event.accept()
            return
        super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.set_cell_px(round(self.wanted_cell_px * (1 + event.value())))
            return True
        return super().viewportEvent(event)

    def zoom(self, *, larger: bool) -> None:
        """One step larger or smaller."""
        self.set_cell_px(round(self.wanted_cell_px * (_ZOOM_STEP if larger else 1 / _ZOOM_STEP)))

    def keyboardSearch(self, search: str) -> None:
        self.typed.emit(search)

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        results = self.selected_results()
        if not results:
            return
        drag = QDrag(self)
        drag.setMimeData(make_mime([result.path for result in results]))
        pixmap = self._thumbnails.pixmap(results[0].item_id)
        if pixmap is not None:
            small = pixmap.scaled(_DRAG_PX, _DRAG_PX, mode=Qt.TransformationMode.SmoothTransformation)
            drag.setPixmap(small)
        drag.exec(Qt.DropAction.CopyAction)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.picked.emit()

    # thumbnails

    @Slot()
    def _ask_thumbnails(self) -> None:
        window = self.content(self.viewport().rect())
        rows = self.grid.rows_in(window.adjusted(0, -self.grid.step_px, 0, self.grid.step_px))
        on_screen: dict[ItemId, list[int]] = {}
        for row in rows:
            on_screen.setdefault(self.results.result(row).item_id, []).append(row)
        self._on_screen = on_screen
        self._thumbnails.set_edge(round(self.grid.cell_px * self.devicePixelRatioF()))
        self._thumbnails.want(on_screen)
        if rows and rows[-1] >= self.results.rowCount() - 1 and not self.results.hidden_count:
            self.end_neared.emit()

    @Slot(object)
    def _draw_thumbnail(self, item_id: ItemId) -> None:
        for row in self._on_screen.get(item_id, ()):
            if row < self.grid.row_count:
                self.viewport().update(self.seen(self.grid.cell(row)))

    # places

    def _place(self) -> _Place:
        window = self.content(self.viewport().rect())
        rows = self.grid.rows_in(window)
        first = rows[0] if rows and self.verticalOffset() > 0 and rows[0] < self.results.rowCount() else None
        current = self.current_result()
        few = self.selected_count <= _RESTORED_SELECTION
        return _Place(
            current=current.file_id if current else None,
            selected=tuple(result.file_id for result in self.selected_results()) if few else (),
            first=None if first is None else self.results.result(first).file_id,
            offset_px=0 if first is None else self.grid.cell(first).top() - self.verticalOffset(),
        )

    def _return_to(self, place: _Place) -> None:
        if place.first is None:
            return
        row = self.results.row_of(place.first)
        if row is not None:
            self.verticalScrollBar().setValue(self.grid.cell(row).top() - place.offset_px)

    def _select_again(self, place: _Place) -> None:
        selection = QItemSelection()
        for file_id in place.selected:
            row = self.results.row_of(file_id)
            if row is not None:
                selection.select(self.results.index(row), self.results.index(row))
        self.selectionModel().select(selection, _Select.ClearAndSelect)
        row = None if place.current is None else self.results.row_of(place.current)
        if row is not None:
            self.setAutoScroll(False)
            self.selectionModel().setCurrentIndex(self.results.index(row), _Select.NoUpdate)
            self.setAutoScroll(True)
