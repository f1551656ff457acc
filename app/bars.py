"""A slim scroll bar, slider and progress bar: Qt's own behaviour under calmer paint."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QProgressBar, QScrollBar, QSlider, QStyle, QStyleOptionSlider

from app.theme import blend

_HANDLE_PX = 6
_KNOB_PX = 14
_GROOVE_PX = 4


class SlimScrollBar(QScrollBar):
    """Only the handle is painted, on the ground of what it scrolls."""

    def __init__(self, ground: QPalette.ColorRole = QPalette.ColorRole.Base) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._ground = ground

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ground, ink = palette.color(self._ground), palette.color(QPalette.ColorRole.Text)
        painter.fillRect(self.rect(), ground)
        if self.minimum() == self.maximum():
            return
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ScrollBarSlider
        handle = QRectF(self.style().subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, self))
        strength = 0.55 if self.isSliderDown() else 0.42 if self.underMouse() else 0.26
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(blend(ground, ink, strength))
        inset = (handle.width() - _HANDLE_PX) / 2
        handle.adjust(inset, 2, -inset, -2)
        painter.drawRoundedRect(handle, _HANDLE_PX / 2, _HANDLE_PX / 2)


class SlimSlider(QSlider):
    """A thin groove, filled up to a round knob."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_SliderHandle
        middle = QRectF(self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)).center()
        groove = QRectF(0, middle.y() - _GROOVE_PX / 2, self.width(), _GROOVE_PX)
        filled = QRectF(groove)
        if self.isRightToLeft():
            filled.setLeft(middle.x())
        else:
            filled.setRight(middle.x())
        painter.setPen(Qt.PenStyle.NoPen)
        for area, role in ((groove, QPalette.ColorRole.Mid), (filled, QPalette.ColorRole.Shadow)):
            painter.setBrush(palette.color(role))
            painter.drawRoundedRect(area, _GROOVE_PX / 2, _GROOVE_PX / 2)
        knob = QRectF(middle.x() - _KNOB_PX / 2, middle.y() - _KNOB_PX / 2, _KNOB_PX, _KNOB_PX)
        knob = knob.intersected(QRectF(self.rect()))
        ring = QPalette.ColorRole.Highlight if self.hasFocus() else QPalette.ColorRole.Dark
        painter.setPen(QPen(palette.color(ring), 2 if self.hasFocus() else 1))
        painter.setBrush(palette.color(QPalette.ColorRole.BrightText))
        painter.drawEllipse(knob.adjusted(1, 1, -1, -1))


class SlimProgress(QProgressBar):
    """A thin groove, filled as far as something has come."""

    def __init__(self) -> None:
        super().__init__()
        self.setRange(0, 1000)
        self.setTextVisible(False)
        self.setFixedHeight(_GROOVE_PX)

    def show_share(self, share: float) -> None:
        """How much is done, 0 to 1."""
        self.setValue(round(1000 * min(max(share, 0.0), 1.0)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        done = QRectF(self.rect())
        done.setWidth(self.width() * self.value() / self.maximum())
        if self.isRightToLeft():
            done.moveRight(self.width())
        for area, role in ((QRectF(self.rect()), QPalette.ColorRole.Mid), (done, QPalette.ColorRole.Highlight)):
            painter.setBrush(self.palette().color(role))
            painter.drawRoundedRect(area, _GROOVE_PX / 2, _GROOVE_PX / 2)
