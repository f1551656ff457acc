"""Paints a row of the sidebar: icon, name, count on the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import wording
from app.controls import ICON_PX, paint_focus
from app.folders.folders_model import ROW_ROLE, Place, Row
from app.icons import draw
from app.theme import RADIUS_PX, SPACE_PX, TEXT_CONTRAST, blend, distinct

_ROW_PX = 36
_HEADING_PX = 32
_BREAK_PX = 12


class RowDelegate(QStyledItemDelegate):
    """Rounded selection, quiet headings."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row: Row = index.data(ROW_ROLE)
        letters = option.fontMetrics.height()
        if row.place is not Place.HEADING:
            return QSize(0, max(_ROW_PX, letters + 16))
        return QSize(0, max(_HEADING_PX, letters + 12) if row.title else _BREAK_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row = index.data(ROW_ROLE)
        palette: QPalette = option.palette
        area: QRect = option.rect.adjusted(SPACE_PX, 1, -SPACE_PX, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.place is Place.HEADING:
            font = option.font
            font.setWeight(font.Weight.DemiBold)
            font.setPointSizeF(font.pointSizeF() * 0.92)
            painter.setFont(font)
            active = QPalette.ColorGroup.Active  # a heading cannot be chosen, but it can be read
            painter.setPen(palette.color(active, QPalette.ColorRole.PlaceholderText))
            heading = area.adjusted(SPACE_PX, SPACE_PX // 2, -SPACE_PX, 0)
            painter.drawText(heading, self._flags(option, Qt.AlignmentFlag.AlignLeading), row.title)
        else:
            self._paint_row(painter, option, row, area)
        painter.restore()

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, area: QRect) -> None:
        palette: QPalette = option.palette
        ink = palette.color(QPalette.ColorRole.WindowText)
        dim = palette.color(QPalette.ColorRole.PlaceholderText)
        ground = palette.color(QPalette.ColorRole.Window)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            ground = blend(ground, ink, 0.11 if selected else 0.05)
            dim = distinct(dim, ink, (ground,), TEXT_CONTRAST)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, QRectF(area), palette, ground)
        inner = area.adjusted(SPACE_PX, 0, -SPACE_PX, 0)
        icon = QRect(inner.left(), inner.center().y() - ICON_PX // 2 + 1, ICON_PX, ICON_PX)
        count = wording.number(row.count) if row.count else ""
        room = painter.fontMetrics().horizontalAdvance(count)
        name = inner.adjusted(ICON_PX + SPACE_PX + 2, 0, -room - (SPACE_PX if room else 0), 0)
        number = inner
        if option.direction == Qt.LayoutDirection.RightToLeft:
            icon = QStyle.visualRect(option.direction, inner, icon)
            name = QStyle.visualRect(option.direction, inner, name)
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(icon, draw(row.icon_name, icon.size() * ratio, dim if row.is_away else ink))
        painter.setPen(dim if row.is_away else ink)
        title = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, self._flags(option, Qt.AlignmentFlag.AlignLeading), title)
        painter.setPen(dim)
        painter.drawText(number, self._flags(option, Qt.AlignmentFlag.AlignTrailing), count)

    def _flags(self, option: QStyleOptionViewItem, side: Qt.AlignmentFlag) -> int:
        return int(QStyle.visualAlignment(option.direction, side | Qt.AlignmentFlag.AlignVCenter))
