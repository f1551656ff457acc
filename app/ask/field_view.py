"""The search field: words and chips in one line. What is typed is asked after a moment of silence."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app import wording
from app.ask.chip_row import ChipRow
from app.ask.chips import Chip
from app.ask.filters import FilterChip, filter_chips
from app.ask.incoming import may_hold_media
from app.ask.question_model import MAX_CHARACTERS, ExampleChip, QuestionModel
from app.ask.words import split_words
from app.bridge import Bridge
from app.controls import ICON_PX, IconButton, Label
from app.folders.folders_model import FoldersModel
from app.icons import KIND_ICONS, draw
from app.theme import RADIUS_PX, SIGN_CONTRAST, SPACE_PX, distinct
from core import Filters

SILENCE_MS = 120
_HEIGHT_PX = 38
_EDIT_PX = 112
"""What typed words have at least."""
_GAP_PX = 6
_EDGES_PX = SPACE_PX + ICON_PX + 4 + 26 + 2 + 4 * _GAP_PX
"""What the lens, the cross and the gaps take."""
_PLACEHOLDER = "Describe what you look for, or drop a file here"
_HINT_PX = 200


class FieldView(QWidget):
    """Shows and changes a `QuestionModel`.

    Signals:
        left: Esc on an empty question, Down, or Enter: the grid should have the keyboard.
    """

    left = Signal()

    def __init__(
        self, bridge: Bridge, model: QuestionModel, folders: FoldersModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._model = model
        self._folders = folders
        self._shown: object = None
        self.setFixedHeight(max(_HEIGHT_PX, self.fontMetrics().height() + 16))
        self.edit = _Edit(self)
        self.edit.setMinimumWidth(_EDIT_PX)
        self.edit.textEdited.connect(self._wait_for_silence)
        self.edit.backspaced.connect(self._remove_last)
        self.edit.left.connect(self._leave)
        self.edit.focused.connect(self.update)
        self.setFocusProxy(self.edit)
        self._clear = IconButton("close", "Clear the question (Esc)", size_px=26)
        self._clear.setObjectName("clear")
        self._clear.clicked.connect(self.escape)
        self.hint = Label(dim=True)
        self.hint.hide()
        self.chips = ChipRow(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        layout.addSpacing(SPACE_PX + ICON_PX + 4)  # where the lens is painted
        layout.addWidget(self.chips)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self.hint)
        layout.addWidget(self._clear)
        layout.addSpacing(2)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(SILENCE_MS)
        self._silence.timeout.connect(self._ask)
        model.changed.connect(self._refresh)
        folders.modelReset.connect(self._refresh)
        self._refresh()

    def type(self, text: str) -> None:
        """Takes a character that was typed elsewhere."""
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)  # a shortcut's focus would select, and typing replace
        self.edit.insert(text)
        self._wait_for_silence()

    @Slot()
    def _wait_for_silence(self) -> None:
        self._clear.setVisible(True)
        self._silence.start()

    @Slot()
    def _ask(self) -> None:
        self._silence.stop()
        self._model.set_text(self.edit.text())

    def escape(self) -> None:
        """Clears the question; when there is none, leaves."""
        if self._model.is_empty and not self.edit.text():
            self.left.emit()
            return
        if self._silence.isActive():
            self._ask()  # so that Undo brings back the last words too
        self.edit.setText("")  # not clear(), which the field itself would take back at Ctrl+Z, letter by letter
        self._model.clear()
        self._refresh()

    @Slot()
    def _leave(self) -> None:
        self._ask()
        self.left.emit()

    @Slot()
    def _remove_last(self) -> None:
        asked = self._model.asked
        if asked.chips:
            self._model.remove_chip(asked.chips[-1])
        elif asked.filters:
            self._model.set_filters(filter_chips(asked.filters, self._folders)[-1].without)

    @Slot()
    def _refresh(self) -> None:
        asked = self._model.asked
        if self.edit.text() != asked.text and not self._silence.isActive():
            self.edit.setText(asked.text)
        self._clear.setVisible(bool(self.edit.text() or asked.chips or asked.filters))
        self.edit.setPlaceholderText("Add words" if asked.chips else _PLACEHOLDER)
        unwanted = split_words(asked.text)[1]
        hint = wording.safe(f"without {unwanted}") if unwanted else ""
        self.hint.setText(self.fontMetrics().elidedText(hint, Qt.TextElideMode.ElideRight, _HINT_PX))
        filters = filter_chips(asked.filters, self._folders)
        if self._shown != (asked.chips, filters):
            self._shown = (asked.chips, filters)
            self.chips.show_chips([*map(self._make_example, asked.chips), *map(self._make_filter, filters)])
        self._fit()

    def _fit(self) -> None:
        """The words that are typed have room first, then the chips, then the hint."""
        room = self.width() - _EDGES_PX - _EDIT_PX
        hint = self.hint.sizeHint().width() + _GAP_PX
        self.hint.setVisible(bool(self.hint.text()) and room - hint >= _HINT_PX)
        self.chips.fit(room - hint if self.hint.isVisibleTo(self) else room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _make_filter(self, sign: FilterChip) -> Chip:
        chip = Chip(sign.label, sign.icon_name, self.chips)
        chip.removed.connect(partial(self._drop_filter, sign.without))
        return chip

    def _make_example(self, example: ExampleChip) -> Chip:
        chip = Chip(example.label, KIND_ICONS[example.kind], self.chips, less=example.example.less)
        chip.removed.connect(partial(self._drop_example, example))
        chip.turned.connect(partial(self._model.turn, example))
        if example.item_id is not None:
            chip.show_thumbnail(self._bridge, example.item_id)
        return chip

    def _drop_example(self, example: ExampleChip) -> None:
        self.edit.setFocus()
        self._model.remove_chip(example)

    def _drop_filter(self, without: Filters) -> None:
        self.edit.setFocus()
        self._model.set_filters(without)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        focused = self.edit.hasFocus()
        role = QPalette.ColorRole.Highlight if focused else QPalette.ColorRole.Mid
        grounds = [palette.color(each) for each in (QPalette.ColorRole.Base, QPalette.ColorRole.Window)]
        ring = distinct(palette.color(role), palette.color(QPalette.ColorRole.WindowText), grounds, SIGN_CONTRAST)
        width = 2.0 if focused else 1.0
        painter.setPen(QPen(ring, width))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        inset = width / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), RADIUS_PX + 2, RADIUS_PX + 2
        )
        sign = QRect(SPACE_PX + 2, (self.height() - ICON_PX) // 2, ICON_PX, ICON_PX)
        if self.isRightToLeft():
            sign.moveRight(self.width() - 1 - sign.left())
        ink = palette.color(QPalette.ColorRole.PlaceholderText)
        painter.drawPixmap(sign, draw("search", sign.size() * self.devicePixelRatioF(), ink))


class _Edit(QLineEdit):
    """A line edit without a frame that hands on the keys it has no use for."""

    backspaced = Signal()
    left = Signal()
    focused = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrame(False)
        self.setAcceptDrops(False)  # the whole window takes drops
        self.setMaxLength(MAX_CHARACTERS)
        self.setAccessibleName("Search")
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._leaves(event):
            event.ignore()  # so that the window's action of the same key runs
            return True
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.focused.emit()
        return super().event(event)

    def _leaves(self, event: QKeyEvent) -> bool:
        if event.matches(QKeySequence.StandardKey.Undo):
            return not self.isUndoAvailable()
        if event.matches(QKeySequence.StandardKey.Paste):
            return may_hold_media(QGuiApplication.clipboard().mimeData())
        if event.matches(QKeySequence.StandardKey.Copy):
            return not self.hasSelectedText()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Backspace and not self.cursorPosition() and not self.hasSelectedText():
            self.backspaced.emit()
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.left.emit()
        else:
            super().keyPressEvent(event)
