"""The large view over the whole window: Space opens and closes it, arrows walk on, with Shift from moment to moment."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import IconButton, Label, announce
from app.show.details_view import same_picture
from app.show.media_view import MediaView
from app.show.reasons import Stretch, moment_at, why, why_moment
from app.theme import SPACE_PX
from app.whereabouts import refusal
from core import Result

_FORWARD = {Qt.Key.Key_Right, Qt.Key.Key_Down}
_BACKWARD = {Qt.Key.Key_Left, Qt.Key.Key_Up}
_WAVE_PX = 200


class QuickLook(QWidget):
    """Covers its parent while it is shown.

    Signals:
        walked: the next (True) or previous (False) result is wanted.
        closed: the grid has the keyboard again.
        open_asked: Enter, on this Result.
    """

    walked = Signal(bool)
    closed = Signal()
    open_asked = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._covered = parent
        self._result: Result | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Quick look")
        self.media = MediaView(bridge, "quick look", wave_px=_WAVE_PX)
        self.media.chose.connect(self._explain)
        self.media.bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys walk on
        self.picture = self.media.picture
        self.picture.failed.connect(self._say)
        self.name = Label(bold=True, elide=Qt.TextElideMode.ElideMiddle)
        self.name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint = Label(dim=True, wraps=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        close = IconButton("close", "Close (Space)")
        close.clicked.connect(self.dismiss)
        top = QHBoxLayout()
        top.addSpacing(close.width())
        top.addWidget(self.name, 1)
        top.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 2 * SPACE_PX)
        layout.setSpacing(2 * SPACE_PX)
        layout.addLayout(top)
        layout.addWidget(self.media, 1)
        layout.addWidget(self.hint)
        parent.installEventFilter(self)
        self.hide()

    def show_result(self, result: Result) -> None:
        """Opens on `result`, or goes on to it."""
        before, self._result = self._result, result
        if before is not None and self.isVisible() and same_picture(before, result):
            self.media.renew(result)
            if why(before) != why(result):
                self.hint.setText(why(result))
            return
        self.name.setText(wording.name_of(result.path))
        self.hint.setText(refusal(result) or why(result))
        self.setAccessibleDescription(self.name.text())
        announce(self, ". ".join(filter(None, (self.name.text(), self.hint.text()))))
        self.setGeometry(self._covered.rect())
        self.show()
        self.raise_()
        self.setFocus()
        self.media.show_result(result)
        if self._bridge.engine is not None:
            details = self._bridge.engine.details(result.file_id)
            self._bridge.call(details, self.media.show_details, self._say, lane="quick look details")

    @Slot()
    def dismiss(self) -> None:
        """Gives the window back to the grid."""
        self.media.show_result(None)
        self.hide()
        self.closed.emit()

    @Slot(object)
    def _explain(self, stretch: Stretch) -> None:
        """Why that moment matches, if it does."""
        moment = None if self._result is None else moment_at(self._result, stretch)
        self.hint.setText(why_moment(moment) if moment is not None else f"At {wording.clock(stretch.start_ms)}")

    @Slot(object)
    def _say(self, error: BaseException) -> None:
        if self._result is None or self._result.can_be_opened:  # else it is said already
            self.hint.setText(wording.safe(str(error)))
            announce(self, self.hint.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Space:
            self.dismiss()
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right} and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.media.bar.step(forward=key == Qt.Key.Key_Right)
        elif key in _FORWARD | _BACKWARD:
            sideways = key in {Qt.Key.Key_Left, Qt.Key.Key_Right}
            self.walked.emit((key in _FORWARD) != (sideways and self.isRightToLeft()))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.open_asked.emit(self._result)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        return True  # Tab would lead to what is covered

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._covered.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ground = QColor(self.palette().color(QPalette.ColorRole.Window))
        ground.setAlphaF(0.97)
        painter.fillRect(self.rect(), ground)
