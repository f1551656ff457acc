"""Paints a file of the list: its name, how it is with it, where it is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import wording
from app.controls import paint_focus
from app.icons import draw
from app.problems.health_model import FILE_ROLE
from app.theme import RADIUS_PX, SPACE_PX, TEXT_CONTRAST, blend, distinct
from core import FileStanding, Standing

_ICON_PX = 22
_PADDING_PX = 10
_LINE_GAP_PX = 3
ICONS = {
    Standing.FAILED: "problem",
    Standing.OFFLINE: "folder-offline",
    Standing.EXCHANGED: "folders",
    Standing.MISSING: "search",
    Standing.WAITING: "pause",
    Standing.LISTENING: "speech",
    Standing.OUTDATED: "models",
    Standing.INDEXED: "check",
    Standing.LOST: "info",
    Standing.BEING_WRITTEN: "undo",
    Standing.SKIPPED: "filter",
}


class FileDelegate(QStyledItemDelegate):
    """Three lines a row; none of them is ever read as HTML."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, 3 * option.fontMetrics.height() + 2 * _LINE_GAP_PX + 2 * _PADDING_PX + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        file: FileStanding = index.data(FILE_ROLE)
        palette: QPalette = option.palette
        ground = palette.color(QPalette.ColorRole.Base)
        ink, dim = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.PlaceholderText)
        area: QRect = option.rect.adjusted(SPACE_PX, 1, -SPACE_PX, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            ground = blend(ground, ink, 0.1 if selected else 0.04)
            dim = distinct(dim, ink, (ground,), TEXT_CONTRAST)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, QRectF(area), palette, ground)
        inner = area.adjusted(_PADDING_PX, _PADDING_PX, -_PADDING_PX, -_PADDING_PX)
        icon = QRect(inner.left(), inner.top() - 1, _ICON_PX, _ICON_PX)
        lines = inner.adjusted(_ICON_PX + _PADDING_PX, 0, 0, 0)
        icon = QStyle.visualRect(option.direction, inner, icon)
        lines = QStyle.visualRect(option.direction, inner, lines)
        sign = draw(ICONS[file.standing], icon.size() * painter.device().devicePixelRatioF(), dim)
        painter.drawPixmap(icon, sign)
        bold = option.font
        bold.setWeight(bold.Weight.DemiBold)
        texts = (
            (bold, ink, wording.name_of(file.path), Qt.TextElideMode.ElideMiddle),
            (option.widget.font(), ink, wording.safe(file.sentence), Qt.TextElideMode.ElideRight),
            (option.widget.font(), dim, wording.place_of(file.path.parent), Qt.TextElideMode.ElideMiddle),
        )
        flags = int(QStyle.visualAlignment(option.direction, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop))
        for font, colour, text, elide in texts:
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(lines, flags, painter.fontMetrics().elidedText(text, elide, lines.width()))
            lines.translate(0, painter.fontMetrics().height() + _LINE_GAP_PX)
        painter.restore()
