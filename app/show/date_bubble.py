"""Which month is being passed while the scroll bar is dragged: says when to let go."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.show.banded_view import BandedView
from app.theme import SPACE_PX
from core import Outcome

_HEIGHT_PX = 32


class DateBubble(QWidget):
    """Beside the handle of a grid's scroll bar, while everything is shown by date."""

    def __init__(self, grid: BandedView) -> None:
        super().__init__(grid)
        self._grid = grid
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        bar = grid.verticalScrollBar()
        bar.sliderMoved.connect(self._follow)
        bar.sliderReleased.connect(self.hide)

    @Slot(int)
    def _follow(self, value: int) -> None:
        grid, bar = self._grid, self._grid.verticalScrollBar()
        answer = grid.results.answer
        sections = grid.grid.sections_in(QRect(0, value, 1, 1))
        if answer is None or answer.outcome is not Outcome.BROWSE or not sections:
            self.hide()
            return
        self.text = grid.grid.sections[sections[0]].title
        width = self.fontMetrics().horizontalAdvance(self.text) + 4 * SPACE_PX
        height = max(_HEIGHT_PX, self.fontMetrics().height() + 12)
        top = round((grid.height() - height) * value / max(bar.maximum(), 1))
        edge = bar.sizeHint().width() + SPACE_PX
        left = edge if self.isRightToLeft() else grid.width() - edge - width
        self.setGeometry(left, top, width, height)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.ToolTipBase))
        painter.drawRoundedRect(self.rect(), self.height() / 2, self.height() / 2)
        painter.setPen(self.palette().color(QPalette.ColorRole.ToolTipText))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self.text)
