"""The whole window takes drops: while something is dragged over it, it says what dropping will do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from app.ask.incoming import may_hold_media, promise_of, read_mime
from app.icons import draw
from app.theme import SPACE_PX

_ICON_PX = 56


class DropOverlay(QWidget):
    """Covers its window while a drag is over it; hidden else. Takes no drop that came from the grid itself.

    Signals:
        dropped: an `Incoming`, empty when nothing of it can be used.
    """

    dropped = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._promise = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop here")
        self.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    @property
    def promise(self) -> str:
        """What the overlay says."""
        return self._promise or "Only files from this computer"

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            return self._enter(event)
        if kind == QEvent.Type.DragMove and isinstance(event, QDragMoveEvent):
            if self._promise:
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
            else:
                event.ignore()
            return True
        if kind == QEvent.Type.DragLeave:
            self.hide()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.hide()
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(read_mime(event.mimeData()))
            return True
        return super().eventFilter(watched, event)

    def _enter(self, event: QDragEnterEvent) -> bool:
        if isinstance(event.source(), QWidget) or not may_hold_media(event.mimeData()):
            event.ignore()
            return True
        self._promise = promise_of(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()  # accepted even when of no use, so that the overlay can say why until the drag leaves
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ground = QColor(palette.color(QPalette.ColorRole.Window))
        ground.setAlphaF(0.97)
        painter.fillRect(self.rect(), ground)
        ink = palette.color(QPalette.ColorRole.Highlight if self._promise else QPalette.ColorRole.PlaceholderText)
        painter.setPen(QPen(ink, 2, Qt.PenStyle.DashLine))
        inset = 2 * SPACE_PX
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 12, 12)
        name = "similar" if self._promise else "problem"
        middle = self.rect().center()
        sign = draw(name, QSize(_ICON_PX, _ICON_PX) * self.devicePixelRatioF(), ink)
        sign.setDevicePixelRatio(self.devicePixelRatioF())
        painter.drawPixmap(middle.x() - _ICON_PX // 2, middle.y() - _ICON_PX, sign)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        area = self.rect().adjusted(0, self.height() // 2 + 2 * SPACE_PX, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), self.promise)
