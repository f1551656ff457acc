"""What is said in a sound or video, line by line with times. Plain text, whatever it holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QTextEdit, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.show.reasons import Stretch
from app.theme import SPACE_PX, blend
from core import Line

_MOST_PX = 200
_FEW_LINES = 12
_END = QTextCursor.MoveOperation.EndOfBlock


class TranscriptView(QPlainTextEdit):
    """Lines to read, select and copy; those that match are marked. Scrolls when there are many.

    Signals:
        chose: a line was pressed, or Enter on it: its Stretch.
    """

    chose = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[Line] = ()
        self._starts: list[int] = []
        self._marked: frozenset[int] = frozenset()
        self._chosen: int | None = None
        self._times = _Times(self)
        self.setReadOnly(True)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBar(SlimScrollBar(QPalette.ColorRole.Window))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName("What is said")
        self.setAccessibleDescription("Enter on a line goes to its moment")
        self.document().setDocumentMargin(4)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.updateRequest.connect(self._follow)

    def show_lines(self, lines: Sequence[Line], matching: Collection[Stretch]) -> None:
        """Shows `lines`; those at the times `matching` are marked."""
        if lines != self._lines:
            self._lines = lines
            self._starts = [line.start_ms for line in lines]
            self.setPlainText("\n".join(wording.safe(line.text.replace("\n", " ")) for line in lines))
        self._marked = frozenset(
            number for number, line in enumerate(lines) if Stretch(line.start_ms, line.end_ms) in matching
        )
        self._chosen = None
        room = self._times.wanted_px(lines[-1].start_ms if lines else 0)
        mirrored = self.isRightToLeft()
        self.setViewportMargins(0 if mirrored else room, 0, room if mirrored else 0, 0)
        self._mark()
        self._fit()

    def choose(self, stretch: Stretch) -> None:
        """Shows the line that is said at the beginning of `stretch`, if any is."""
        number = bisect_right(self._starts, stretch.start_ms) - 1
        holds = number >= 0 and self._lines[number].end_ms > stretch.start_ms
        self._chosen = number if holds else None
        self._mark()
        if holds:
            self.setTextCursor(QTextCursor(self.document().findBlockByNumber(number)))
            self.centerCursor()

    def is_marked(self, number: int) -> bool:
        """Whether that line matches."""
        return number in self._marked

    def clock(self, number: int) -> str:
        """When that line is said; empty where there is none."""
        return wording.clock(self._starts[number]) if number < len(self._starts) else ""

    def _mark(self) -> None:
        palette = self.palette()
        strong, ground = palette.color(QPalette.ColorRole.Highlight), palette.color(QPalette.ColorRole.Window)
        selections = []
        for number in sorted(self._marked | ({self._chosen} if self._chosen is not None else set())):
            selection = QTextEdit.ExtraSelection()
            selection.cursor = QTextCursor(self.document().findBlockByNumber(number))
            selection.cursor.movePosition(_END, QTextCursor.MoveMode.KeepAnchor)  # all lines of one that is wrapped
            share = (0.22 if number in self._marked else 0.0) + (0.12 if number == self._chosen else 0.0)
            selection.format.setBackground(blend(ground, strong, share))
            selections.append(selection)
        self.setExtraSelections(selections)
        self._times.update()

    def _fit(self) -> None:
        """As high as its lines, up to a limit; many lines need not be measured for that."""
        if self.blockCount() > _FEW_LINES:
            self.setFixedHeight(_MOST_PX)
            return
        lines = self.document().documentLayout().documentSize().height()
        wanted = round(lines * self.fontMetrics().lineSpacing() + 2 * self.document().documentMargin()) + 2
        self.setFixedHeight(min(wanted, _MOST_PX))

    @Slot(QRect, int)
    def _follow(self, area: QRect, scrolled: int) -> None:
        self._times.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        room = self._times.wanted_px(self._starts[-1] if self._starts else 0)
        left = inside.right() + 1 - room if self.isRightToLeft() else inside.left()
        self._times.setGeometry(QRect(left, inside.top(), room, inside.height()))
        if event.size().width() != event.oldSize().width():
            self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mark()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self._go_to(self.cursorForPosition(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._go_to(self.textCursor())
        else:
            super().keyPressEvent(event)

    def _go_to(self, cursor: QTextCursor) -> None:
        if self._lines:
            line = self._lines[cursor.blockNumber()]
            self.chose.emit(Stretch(line.start_ms, line.end_ms))


class _Times(QWidget):
    """The times beside the lines: apart from them, so that what is copied is what was said."""

    def __init__(self, transcript: TranscriptView) -> None:
        super().__init__(transcript)
        self._transcript = transcript

    def wanted_px(self, last_ms: int) -> int:
        """How wide the times are."""
        self.ensurePolished()
        return self.fontMetrics().horizontalAdvance(wording.clock(last_ms) + "0") + SPACE_PX

    def sizeHint(self) -> QSize:
        return QSize(self.wanted_px(0), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        transcript, palette = self._transcript, self.palette()
        block = transcript.firstVisibleBlock()
        flags = int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
        while block.isValid():
            area = transcript.blockBoundingGeometry(block).translated(transcript.contentOffset())
            if area.top() > self.height():
                return
            font, marked = transcript.font(), transcript.is_marked(block.blockNumber())
            if marked:
                font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            role = QPalette.ColorRole.WindowText if marked else QPalette.ColorRole.PlaceholderText
            painter.setPen(palette.color(role))
            place = QRect(0, round(area.top()), self.width() - SPACE_PX // 2, round(area.height()))
            painter.drawText(place, flags, transcript.clock(block.blockNumber()))
            block = block.next()
