"""The chips in the search field: one for each example and each filter; pressing one removes it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.bridge import Bridge
from app.controls import paint_focus
from app.icons import draw
from app.show.thumbnails import cropped, to_image
from app.theme import blend
from core import ItemId, Picture

HEIGHT_PX = 26
_SIGN_PX = 20
_CROSS_PX = 14
_LABEL_PX = 150


class Chip(QAbstractButton):
    """A small rounded sign with a cross.

    Signals:
        removed: it was pressed, or Delete or Backspace on it.
    """

    removed = Signal()

    def __init__(self, label: str, icon_name: str, parent: QWidget | None = None, *, compact: bool = False) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._pixmap = QPixmap()
        self._compact = compact
        self.setText(self.fontMetrics().elidedText(label, Qt.TextElideMode.ElideMiddle, _LABEL_PX))
        self.setToolTip(f"Remove “{label}”" if "<" not in label else "Remove")
        self.setAccessibleName(f"{label}: remove from the question")
        self.setFixedHeight(HEIGHT_PX)
        self.setFixedWidth(self.sizeHint().width())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.clicked.connect(self.removed)

    def show_thumbnail(self, bridge: Bridge, item_id: ItemId) -> None:
        """Shows the item's own picture instead of the icon."""
        if bridge.engine is not None:
            bridge.call(bridge.engine.thumbnail(item_id), self._show_picture)

    @Slot(object)
    def _show_picture(self, picture: Picture | None) -> None:
        if picture is not None:
            self._pixmap = QPixmap.fromImage(cropped(to_image(picture), round(_SIGN_PX * self.devicePixelRatioF())))
            self.update()

    def sizeHint(self) -> QSize:
        words = 0 if self._compact else self.fontMetrics().horizontalAdvance(self.text()) + 6
        return QSize(3 + _SIGN_PX + 4 + words + _CROSS_PX + 6, HEIGHT_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        ground, ink = palette.color(QPalette.ColorRole.Button), palette.color(QPalette.ColorRole.ButtonText)
        if self.underMouse():
            ground = blend(ground, ink, 0.1)
        area = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(area, 6, 6)
        sign = self._across(QRect(3, 3, _SIGN_PX, _SIGN_PX))
        if self._pixmap.isNull():
            inner = sign.adjusted(2, 2, -2, -2)
            painter.drawPixmap(inner, draw(self._icon_name, inner.size() * self.devicePixelRatioF(), ink))
        else:
            outline = QPainterPath()
            outline.addRoundedRect(QRectF(sign), 4, 4)
            painter.setClipPath(outline)
            painter.drawPixmap(sign, self._pixmap)
            painter.setClipping(False)
        painter.setPen(ink)
        if not self._compact:
            words = QRect(_SIGN_PX + 7, 0, self.width() - _SIGN_PX - _CROSS_PX - 16, HEIGHT_PX)
            painter.drawText(self._across(words), int(Qt.AlignmentFlag.AlignCenter), self.text())
        cross = self._across(QRect(self.width() - _CROSS_PX - 5, (HEIGHT_PX - _CROSS_PX) // 2, _CROSS_PX, _CROSS_PX))
        painter.drawPixmap(cross, draw("close", cross.size() * self.devicePixelRatioF(), ink))
        if self.hasFocus():
            paint_focus(self, painter, area)

    def _across(self, area: QRect) -> QRect:
        """`area`, mirrored where reading goes from right to left."""
        if self.isRightToLeft():
            area.moveRight(self.width() - 1 - area.left())
        return area
