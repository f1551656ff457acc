"""A sound or video as a bar from its start to its end, with the moments that match; on a sound, how loud it is."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import wording
from app.controls import paint_focus
from app.show.reasons import Stretch, best_stretch, stretch_of, why_moment
from app.theme import SPACE_PX, blend
from core import Moment, Result

_INSET_PX = SPACE_PX
_LINE_PX = 28
_GROOVE_PX = 4
_BAR_PX = 2
_LEAST_MARK_PX = 5
_NEAR_PX = 5
_GLANCE_MS = 4000
"""How long the part is that a press between two moments chooses."""
_STEPS = 20


class MomentsBar(QWidget):
    """Time runs from left to right in every language, as on every player.

    Signals:
        chose: the Stretch that was pressed, or gone to with the arrow keys.
    """

    chose = Signal(object)

    def __init__(self, wave_px: int, parent: QWidget | None = None) -> None:
        """`wave_px` is how high the waveform of a sound is."""
        super().__init__(parent)
        self._wave_px = wave_px
        self._duration_ms = 0
        self._moments: tuple[Moment, ...] = ()
        self._best: Stretch | None = None
        self._chosen: Stretch | None = None
        self._peaks = b""
        self._waved = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Moments")

    def show_result(self, result: Result, *, waved: bool) -> None:
        """Shows where `result` matches; `waved` as a waveform, as soon as it is known."""
        self._duration_ms = result.duration_ms
        self._moments = result.moments
        self._best = self._chosen = best_stretch(result)
        self._peaks = b""
        self._waved = waved
        self.updateGeometry()
        self._describe()

    def renew(self, result: Result) -> None:
        """Shows a newer answer about the same result."""
        best, before = best_stretch(result), self._best
        self._moments, self._best = result.moments, best
        if self._chosen in {None, before}:
            self._chosen = best
        self._describe()

    def show_peaks(self, peaks: bytes) -> None:
        """Shows how loud it is, 0 to 255, in equal steps from start to end."""
        self._peaks = peaks
        self.update()

    @property
    def chosen(self) -> Stretch | None:
        """The part that is looked at."""
        return self._chosen

    def choose(self, stretch: Stretch) -> None:
        """Marks the part that is looked at."""
        if stretch != self._chosen:
            self._chosen = stretch
            self._describe()

    def step(self, *, forward: bool) -> None:
        """Goes to the next or the previous moment; where there are none, a little further."""
        at_ms = -1 if self._chosen is None else self._chosen.start_ms
        stretches = [stretch_of(moment) for moment in self._moments]
        if forward:
            there = next((stretch for stretch in stretches if stretch.start_ms > at_ms), None)
        else:
            there = next((stretch for stretch in reversed(stretches) if stretch.start_ms < at_ms), None)
        if not stretches and self._duration_ms:
            there = self._glance(max(at_ms, 0) + (1 if forward else -1) * self._duration_ms / _STEPS)
        if there is not None:
            self._go(there)

    def _go(self, stretch: Stretch) -> None:
        if stretch != self._chosen:
            self.choose(stretch)
            self.chose.emit(stretch)

    def _describe(self) -> None:
        times = ", ".join(wording.clock(moment.start_ms) for moment in self._moments)
        said = [f"{wording.count(len(self._moments), 'moment')}: {times}"] if times else []
        if self._chosen is not None:
            said.append(f"now at {wording.clock(self._chosen.start_ms)}")
        self.setAccessibleDescription("; ".join(said))
        self.update()

    # geometry

    def sizeHint(self) -> QSize:
        return QSize(160, (self._wave_px if self._waved else _LINE_PX) + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def _track(self) -> QRectF:
        height = self.height() - self.fontMetrics().height()
        return QRectF(_INSET_PX, 0, max(self.width() - 2 * _INSET_PX, 1), height)

    def _x(self, ms: float) -> float:
        track = self._track()
        return track.left() + track.width() * min(max(ms / max(self._duration_ms, 1), 0.0), 1.0)

    def _ms(self, x: float) -> float:
        track = self._track()
        return min(max((x - track.left()) / track.width(), 0.0), 1.0) * self._duration_ms

    def _mark(self, stretch: Stretch) -> tuple[float, float]:
        left, right = self._x(stretch.start_ms), self._x(stretch.end_ms)
        return left, max(right, left + _LEAST_MARK_PX)

    def _moment_near(self, x: float) -> Moment | None:
        """The moment under the pointer; where several overlap, the shortest."""
        near = []
        for moment in self._moments:
            left, right = self._mark(stretch_of(moment))
            if left - _NEAR_PX <= x <= right + _NEAR_PX:
                near.append(moment)
        return min(near, key=lambda moment: moment.end_ms - moment.start_ms, default=None)

    def _glance(self, ms: float) -> Stretch:
        start_ms = round(min(max(ms, 0), max(self._duration_ms - 1, 0)))
        return Stretch(start_ms, min(start_ms + _GLANCE_MS, self._duration_ms))

    # input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._duration_ms:
            self._press(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._duration_ms:
            self._press(event.position())

    def _press(self, place: QPointF) -> None:
        moment = self._moment_near(place.x())
        self._go(self._glance(self._ms(place.x())) if moment is None else stretch_of(moment))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.step(forward=event.key() == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._duration_ms:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().x()), self)
            return True
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().event(event)

    def tip_at(self, x: float) -> str:
        """What the tool tip says there."""
        moment = self._moment_near(x)
        return wording.tip([wording.clock(self._ms(x)) if moment is None else why_moment(moment)])

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._waved:
            self._paint_wave(painter)
        else:
            self._paint_line(painter)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        area = QRectF(0, 0, self.width(), self.height()).adjusted(_INSET_PX, self._track().bottom(), -_INSET_PX, 0)
        here = 0 if self._chosen is None else self._chosen.start_ms
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute)
        painter.drawText(area, flags | int(Qt.AlignmentFlag.AlignLeft), wording.clock(here))
        painter.drawText(area, flags | int(Qt.AlignmentFlag.AlignRight), wording.clock(self._duration_ms))
        if self.hasFocus():
            palette = self.palette()
            paint_focus(painter, QRectF(self.rect()), palette, palette.color(QPalette.ColorRole.Window))

    def _paint_line(self, painter: QPainter) -> None:
        palette, track = self.palette(), self._track()
        middle, strong = track.center().y(), palette.color(QPalette.ColorRole.Highlight)
        painter.setBrush(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(
            QRectF(track.left(), middle - _GROOVE_PX / 2, track.width(), _GROOVE_PX), _GROOVE_PX / 2, _GROOVE_PX / 2
        )
        for moment in sorted(self._moments, key=lambda moment: stretch_of(moment) == self._best):
            best = stretch_of(moment) == self._best
            left, right = self._mark(stretch_of(moment))
            high = 14.0 if best else 8.0
            painter.setBrush(strong if best else blend(palette.color(QPalette.ColorRole.Window), strong, 0.6))
            painter.drawRoundedRect(QRectF(left, middle - high / 2, right - left, high), 2, 2)
        if self._chosen is not None:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Window), 2))
            painter.setBrush(palette.color(QPalette.ColorRole.WindowText))
            painter.drawEllipse(QPointF(self._x(self._chosen.start_ms), middle), 6, 6)

    def _paint_wave(self, painter: QPainter) -> None:
        palette, track = self.palette(), self._track()
        strong, quiet = palette.color(QPalette.ColorRole.Highlight), palette.color(QPalette.ColorRole.Shadow)
        painter.setBrush(palette.color(QPalette.ColorRole.AlternateBase))
        painter.drawRoundedRect(QRectF(0, 0, self.width(), track.height()), 6, 6)
        stretches = [stretch_of(moment) for moment in self._moments]
        faint = QColor(strong)
        faint.setAlphaF(0.26)
        for stretch in stretches:
            left, right = self._mark(stretch)
            painter.setBrush(faint)
            painter.drawRect(QRectF(left, 0, right - left, track.height()))
        bars = int(track.width() // (_BAR_PX + 1))
        for number in range(bars):
            at_ms = (number + 0.5) / bars * self._duration_ms
            high = max(2.0, self._loudness(number, bars) * (track.height() - 2 * SPACE_PX))
            painter.setBrush(strong if any(stretch.holds(at_ms) for stretch in stretches) else quiet)
            left = track.left() + number * (_BAR_PX + 1)
            painter.drawRoundedRect(QRectF(left, track.center().y() - high / 2, _BAR_PX, high), 1, 1)
        if self._chosen is not None:
            left, right = self._mark(self._chosen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 1.5))
            painter.drawRoundedRect(QRectF(left - 1, 1, right - left + 2, track.height() - 2), 3, 3)

    def _loudness(self, number: int, bars: int) -> float:
        """0 to 1, of one bar: the loudest that it stands for."""
        count = len(self._peaks)
        start = number * count // bars
        part = self._peaks[start : max(math.ceil((number + 1) * count / bars), start + 1)]
        return max(part, default=0) / 255
