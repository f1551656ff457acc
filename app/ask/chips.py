"""The chips in the search field: one for each example and each filter; pressing one removes it.

An example is asked for more like it or for less like it; which one is said by a sign, and turned by a key or the menu.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from app.bridge import Bridge
from app.controls import letters_px, paint_focus, set_tip
from app.icons import draw, icon
from app.show.thumbnails import cropped, to_image
from app.theme import blend
from core import ItemId, Picture

_HEIGHT_PX = 26
_SIGN_PX = 20
_CROSS_PX = 14
_LABEL_LETTERS = 24
_MINUS_PX = 14
_TURNS = {Qt.Key.Key_Minus: True, Qt.Key.Key_Plus: False, Qt.Key.Key_Equal: False}
"""Keys that ask for less of it, or for more."""


def height_px(widget: QWidget) -> int:
    """How high what stands among chips is."""
    return max(_HEIGHT_PX, widget.fontMetrics().height() + 8)


class Chip(QAbstractButton):
    """A small rounded sign with a cross.

    Signals:
        removed: it was pressed, or Delete or Backspace on it.
        turned: less of it is wanted instead of more, or more instead of less.
    """

    removed = Signal()
    turned = Signal()

    def __init__(
        self,
        label: str,
        icon_name: str,
        parent: QWidget | None = None,
        *,
        less: bool | None = None,
    ) -> None:
        """`less`: whether it is asked for less like it; None if it cannot be turned."""
        super().__init__(parent)
        self._less = less
        self._icon_name = icon_name
        self._pixmap = QPixmap()
        self._compact = False
        self.label = label
        self.is_example = less is not None
        self.setText(
            self.fontMetrics().elidedText(label, Qt.TextElideMode.ElideMiddle, letters_px(self, _LABEL_LETTERS))
        )
        wish = "" if less is None else "Less like " if less else "More like "
        turn = "" if less is None else " (+ for more like it)" if less else " (− for less like it)"
        set_tip(self, [f"{wish}{label}", f"Press to remove{turn}"])
        self.setAccessibleName(f"{wish}{label}: remove from the question")
        self.setFixedHeight(self.sizeHint().height())
        self.setFixedWidth(self.sizeHint().width())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.clicked.connect(self.removed)

    def set_compact(self, compact: bool) -> None:
        """Whether it shows its picture alone, without words."""
        self._compact = compact
        self.setFixedWidth(self.sizeHint().width())

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
        return QSize(self._minus_px + 3 + _SIGN_PX + 4 + words + _CROSS_PX + 6, height_px(self))

    @property
    def _minus_px(self) -> int:
        return _MINUS_PX + 4 if self._less else 0

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._less is not None:
            name, title = ("plus", "More like this") if self._less else ("minus", "Less like this")
            menu.addAction(icon(name), title).triggered.connect(self.turned)
        menu.addAction(icon("close"), "Remove").triggered.connect(self.removed)
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.removed.emit()
        elif self._less is not None and event.key() in _TURNS:
            if _TURNS[Qt.Key(event.key())] is not self._less:
                self.turned.emit()
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
        if self._less:
            minus = self._across(QRect(4, (self.height() - _MINUS_PX) // 2, _MINUS_PX, _MINUS_PX))
            painter.drawPixmap(minus, draw("minus", minus.size() * self.devicePixelRatioF(), ink))
        left = self._minus_px
        sign = self._across(QRect(left + 3, (self.height() - _SIGN_PX) // 2, _SIGN_PX, _SIGN_PX))
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
            words = QRect(left + _SIGN_PX + 7, 0, self.width() - left - _SIGN_PX - _CROSS_PX - 16, self.height())
            painter.drawText(self._across(words), int(Qt.AlignmentFlag.AlignCenter), self.text())
        top = (self.height() - _CROSS_PX) // 2
        cross = self._across(QRect(self.width() - _CROSS_PX - 5, top, _CROSS_PX, _CROSS_PX))
        painter.drawPixmap(cross, draw("close", cross.size() * self.devicePixelRatioF(), ink))
        if self.hasFocus():
            paint_focus(painter, area, palette, ground)

    def _across(self, area: QRect) -> QRect:
        """`area`, mirrored where reading goes from right to left."""
        if self.isRightToLeft():
            area.moveRight(self.width() - 1 - area.left())
        return area
