"""A list view with a geometry of its own: squares in sections, each under a heading. Knows nothing of pictures.

It stays a QListView, so selection models, keyboard, drag and screen readers work as everywhere in Qt; every question
about positions is answered by `GridLayout`, never by Qt's own layout, which would measure each row.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import QGuiApplication, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyleOptionViewItem, QWidget

from app.bars import SlimScrollBar
from app.show.grid_layout import HEADING_PX, MARGIN_PX, GridLayout
from app.show.grid_model import GridModel
from app.theme import SPACE_PX

_WHEEL_STEP_PX = 40
_Move = QAbstractItemView.CursorAction
_Select = QItemSelectionModel.SelectionFlag


class BandedView(QListView):
    """Shows a `GridModel`'s sections. `footer_px` more are left below the last one."""

    def __init__(self, model: GridModel, cell_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.results = model
        self.wanted_cell_px = cell_px
        self.footer_px = 0
        self.grid = GridLayout((), 1, cell_px)
        self._anchor = QPersistentModelIndex()
        self._pressed_at = QPoint()
        self._band = QRect()

    def begin(self) -> None:
        """Connects to the model; to be called last in `__init__`, for Qt asks for the geometry at once."""
        self.setVerticalScrollBar(SlimScrollBar())
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setModel(self.results)

    # geometry, as QAbstractItemView asks for it

    def visualRect(self, index: QModelIndex | QPersistentModelIndex) -> QRect:
        if not index.isValid() or index.row() >= self.grid.row_count:
            return QRect()
        return self.seen(self.grid.cell(index.row()))

    def indexAt(self, point: QPoint) -> QModelIndex:
        content = self.content(QRect(point, point))
        row = self.grid.row_at(content.x(), content.y())
        return QModelIndex() if row is None else self.results.index(row)

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid() or index.row() >= self.grid.row_count:
            return
        cell = self.grid.cell(index.row())
        bar = self.verticalScrollBar()
        top = cell.top() - self.grid.heading_px
        bottom = cell.bottom() + MARGIN_PX - self.viewport().height()
        if bar.value() > top:
            bar.setValue(top)
        elif bar.value() < bottom:
            bar.setValue(bottom)

    def moveCursor(self, action: _Move, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        last = self.results.rowCount() - 1
        if last < 0:
            return QModelIndex()
        if not self.currentIndex().isValid():
            return self.results.index(0)
        row = self.currentIndex().row()
        page = max(1, (self.viewport().height() - self.grid.heading_px) // self.grid.step_px)
        backward = _Move.MoveRight if self.mirrored else _Move.MoveLeft
        if action in {_Move.MoveLeft, _Move.MoveRight, _Move.MoveNext, _Move.MovePrevious}:
            row += -1 if action in {backward, _Move.MovePrevious} else 1
        elif action in {_Move.MoveUp, _Move.MovePageUp}:
            row = self.grid.row_above(row, 1 if action == _Move.MoveUp else page)
        elif action in {_Move.MoveDown, _Move.MovePageDown}:
            row = self.grid.row_above(row, -1 if action == _Move.MoveDown else -page)
        else:
            row = 0 if action == _Move.MoveHome else last
        return self.results.index(min(max(row, 0), last))

    def setSelection(self, rect: QRect, command: _Select) -> None:
        if self.state() == QAbstractItemView.State.DragSelectingState:
            runs = self.grid.runs_in(self.content(rect.normalized()))
        elif self.currentIndex().isValid():
            row = self.currentIndex().row()
            anchor = self._anchor.row() if command & _Select.Current and self._anchor.isValid() else row
            runs = [(min(row, anchor), max(row, anchor) + 1)]
        else:
            runs = []
        selection = QItemSelection()
        for start, end in runs:
            selection.select(self.results.index(start), self.results.index(end - 1))
        self.selectionModel().select(selection, command)

    def selectAll(self) -> None:
        last = self.results.rowCount() - 1
        if last >= 0:  # as one range; Qt would visit every row
            everything = QItemSelection(self.results.index(0), self.results.index(last))
            self.selectionModel().select(everything, _Select.ClearAndSelect)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        window = self.viewport().rect()
        for row in self.grid.rows_in(self.content(window)):
            if selection.contains(self.results.index(row)):
                region += self.seen(self.grid.cell(row))
        return region

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        return False

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)  # not QListView's, which measures every row

    def updateGeometries(self) -> None:
        bar = self.verticalScrollBar()
        # always leaves room for the scroll bar, so that cells do not change size when it comes and goes
        room = self.width() - bar.sizeHint().width()
        heading_px = max(HEADING_PX, self.fontMetrics().height() + 20)
        self.grid = GridLayout(self.results.sections, room, self.wanted_cell_px, heading_px)
        height = max(self.grid.height_px, MARGIN_PX) + self.footer_px
        bar.setSingleStep(_WHEEL_STEP_PX)
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, max(0, height - self.viewport().height()))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)
        if not self._band.isNull():
            self.viewport().update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~(QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus)
        current = self.currentIndex().row() if self.hasFocus() else -1
        selection = self.selectionModel()
        delegate = self.itemDelegate()
        touched = self.content(event.rect())
        for number in self.grid.sections_in(touched):
            self._paint_heading(painter, number)
        for row in self.grid.rows_in(touched):
            index = self.results.index(row)
            option.rect = self.seen(self.grid.cell(row))
            option.state = plain
            if selection.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if row == current:
                option.state |= QStyle.StateFlag.State_HasFocus
            delegate.paint(painter, option, index)
        if not self._band.isNull():
            self._paint_band(painter)

    def _paint_heading(self, painter: QPainter, section: int) -> None:
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        area = self.seen(self.grid.heading(section)).adjusted(0, SPACE_PX // 2, 0, 0)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading
        title = self.grid.sections[section].title
        painter.drawText(area, int(QStyle.visualAlignment(self.layoutDirection(), flags)), title)

    def _paint_band(self, painter: QPainter) -> None:
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(colour, 1))
        colour.setAlphaF(0.18)
        painter.setBrush(colour)
        painter.drawRect(self._band.adjusted(0, 0, -1, -1))

    # input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint() + QPoint(0, self.verticalOffset())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self.state() == QAbstractItemView.State.DragSelectingState:
            start = self._pressed_at - QPoint(0, self.verticalOffset())
            self._band = QRect(start, event.position().toPoint()).normalized()
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._band = QRect()
        self.viewport().update()

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if not QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = QPersistentModelIndex(current)

    # places

    @property
    def mirrored(self) -> bool:
        """Whether reading goes from right to left."""
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def seen(self, content: QRect) -> QRect:
        """Content coordinates → where it is on the viewport."""
        seen = content.translated(0, -self.verticalOffset())
        if self.mirrored:
            seen.moveRight(self.viewport().width() - 1 - content.left())
        return seen

    def content(self, seen: QRect) -> QRect:
        """Where something on the viewport is in content coordinates."""
        content = seen.translated(0, self.verticalOffset())
        if self.mirrored:
            content.moveRight(self.viewport().width() - 1 - seen.left())
        return content
