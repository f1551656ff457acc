"""Paints one cell: the thumbnail cut to a rounded square, or its average colour until it is there."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.icons import draw
from app.show.badge import caption_px, paint_away_badge, paint_badge
from app.show.grid_model import RESULT_ROLE
from app.show.thumbnails import Thumbnails
from app.theme import RADIUS_PX
from core import Kind

_RING_PX = 3
_SIGN_PX = 24


class CellDelegate(QStyledItemDelegate):
    """Draws results; what is selected has a ring and a tick, so that colour is never the only sign."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        result = index.data(RESULT_ROLE)
        cell: QRect = option.rect
        palette: QPalette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        picture = cell.adjusted(_RING_PX + 2, _RING_PX + 2, -_RING_PX - 2, -_RING_PX - 2) if selected else cell
        painter.save()
        painter.setFont(option.font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(picture), RADIUS_PX, RADIUS_PX)
        pixmap = self._thumbnails.pixmap(result.item_id)
        if not result.can_be_opened:
            painter.setOpacity(0.45)
        if pixmap is None:
            painter.fillPath(outline, QColor.fromRgb(result.colour))
        else:
            painter.setClipPath(outline)
            exact = pixmap.width() == round(picture.width() * painter.device().devicePixelRatioF())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
            lifted = (
                caption_px(painter.fontMetrics()) // 2 if result.kind is Kind.AUDIO else 0
            )  # the middle of what its name leaves free
            painter.fillPath(outline, QColor.fromRgb(result.colour))
            painter.drawPixmap(picture.translated(0, -lifted), pixmap)
            painter.setClipping(False)
        painter.setOpacity(1.0)
        if result.kind is not Kind.IMAGE:
            painter.setClipPath(outline)
            mirrored = option.direction == Qt.LayoutDirection.RightToLeft
            paint_badge(painter, picture, palette, result, mirrored=mirrored)
            painter.setClipping(False)
        if not result.can_be_opened:
            mirrored = option.direction == Qt.LayoutDirection.RightToLeft
            paint_away_badge(painter, picture, palette, result, mirrored=mirrored)
        if selected:
            ring = QRectF(cell).adjusted(_RING_PX / 2, _RING_PX / 2, -_RING_PX / 2, -_RING_PX / 2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            at_work = option.widget is not None and option.widget.hasFocus()
            role = QPalette.ColorRole.Highlight if at_work else QPalette.ColorRole.PlaceholderText
            painter.setPen(QPen(palette.color(role), _RING_PX))
            painter.drawRoundedRect(ring, RADIUS_PX + 2, RADIUS_PX + 2)
            self._paint_tick(painter, picture, palette)
        if focused:
            inset = _RING_PX + 1 if selected else 1
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2))
            painter.drawRoundedRect(QRectF(cell).adjusted(inset, inset, -inset, -inset), RADIUS_PX, RADIUS_PX)
        painter.restore()

    def sizeHint(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QSize:
        return option.rect.size()

    def _paint_tick(self, painter: QPainter, picture: QRect, palette: QPalette) -> None:
        spot = QRect(0, 0, _SIGN_PX, _SIGN_PX)
        spot.moveRight(picture.right() - 6)
        spot.moveTop(picture.top() + 6)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.BrightText), 1.5))
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        painter.drawEllipse(spot)
        sign = spot.adjusted(4, 4, -4, -4)
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(sign, draw("check", sign.size() * ratio, palette.color(QPalette.ColorRole.HighlightedText)))
