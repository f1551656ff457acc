"""What goes wrong, said in the right place: the world's faults in a quiet banner, ours in the crash dialog."""

from __future__ import annotations

import logging
import platform
import traceback
from collections.abc import Callable

import PySide6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import wording
from app.controls import ICON_PX, Button, IconButton, Label
from app.icons import draw
from app.theme import SPACE_PX
from core import BugFound, CoreError, Event, ModelChanged, ModelState, NoticePosted, __version__

log = logging.getLogger(__name__)

_NOTE_MS = 12_000


class Messages(QObject):
    """The one way to tell the user something that was not asked for.

    Signals:
        said: text, button text (may be empty), whether it is an error, whether it stays until it is dismissed.
        bug_found: a traceback.
    """

    said = Signal(str, str, bool, bool)
    bug_found = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._way: Callable[[], object] | None = None
        self._read: Callable[[], object] | None = None

    def note(
        self,
        text: str,
        button: str = "",
        way: Callable[[], object] | None = None,
        read: Callable[[], object] | None = None,
    ) -> None:
        """Something to know, with at most one thing to do about it.

        With `read`, which is called when the user dismisses or follows it, it stays until then.
        """
        self._way, self._read = way, read
        self.said.emit(text, button, False, read is not None)

    @Slot(object)
    def fail(self, error: BaseException) -> None:
        """Says a CoreError; anything else is a bug of ours."""
        if isinstance(error, CoreError):
            log.info("told the user: %r", str(error))  # it may name files: a line stays a line
            self._way = self._read = None
            self.said.emit(str(error), "", True, True)
        else:
            self.report("".join(traceback.format_exception(error)))

    def report(self, details: str) -> None:
        """A bug."""
        log.error("bug: %s", details)
        self.bug_found.emit(details)

    @Slot(object)
    def hear(self, event: Event) -> None:
        """Takes those engine events that are for the user to read."""
        if isinstance(event, NoticePosted):
            self.note(event.text)
        elif isinstance(event, ModelChanged) and event.status.state is ModelState.UNAVAILABLE and event.status.in_use:
            self.note(f"{event.status.card.title} cannot be used: {event.status.note}")
        elif isinstance(event, BugFound):
            self.bug_found.emit(event.details)

    @Slot()
    def follow(self) -> None:
        """Does what the banner's button offers."""
        way = self._way
        self.dismiss()
        if way is not None:
            way()

    @Slot()
    def dismiss(self) -> None:
        """What the banner says was read."""
        read, self._way, self._read = self._read, None, None
        if read is not None:
            read()


class Banner(QWidget):
    """One message over the results, until dismissed; a note goes by itself after a while."""

    def __init__(self, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_error = False
        self.text = Label(parent=self)
        self.text.setWordWrap(True)
        self.button = Button("", self)
        self.button.clicked.connect(self.hide)
        self.button.clicked.connect(messages.follow)
        close = IconButton("close", "Dismiss", self, size_px=26)
        close.clicked.connect(self.hide)
        close.clicked.connect(messages.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * SPACE_PX + ICON_PX + SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        layout.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_NOTE_MS)
        self._timer.timeout.connect(self.hide)
        messages.said.connect(self._say)
        self.hide()

    @Slot(str, str, bool, bool)
    def _say(self, text: str, button: str, is_error: bool, stays: bool) -> None:
        self._is_error = is_error
        self.text.setText(wording.safe(text))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.show()
        self.update()
        if stays:
            self._timer.stop()
        else:
            self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.AlternateBase))
        painter.fillRect(0, self.height() - 1, self.width(), 1, palette.color(QPalette.ColorRole.Mid))
        name = "problem" if self._is_error else "info"
        sign = draw(
            name,
            self.rect().size().scaled(ICON_PX, ICON_PX, Qt.AspectRatioMode.IgnoreAspectRatio)
            * self.devicePixelRatioF(),
            palette.color(QPalette.ColorRole.WindowText),
        )
        sign.setDevicePixelRatio(self.devicePixelRatioF())
        left = self.width() - 2 * SPACE_PX - ICON_PX if self.isRightToLeft() else 2 * SPACE_PX
        painter.drawPixmap(left, (self.height() - ICON_PX) // 2, sign)


class CrashDialog(QDialog):
    """Says that we made a mistake, and gives the details to copy. Not modal: the rest goes on."""

    def __init__(self, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Something went wrong")
        self.details = (
            f"Likewise {__version__}, Python {platform.python_version()}, Qt {PySide6.__version__}, "
            f"{platform.platform()}\n\n{details}"
        )
        text = Label(
            "This is a mistake in Likewise, not in your files; nothing of yours was changed. You can go on, "
            "and a copy of these details helps to mend it. They may hold names of files."
        )
        text.setWordWrap(True)
        title = Label("Something went wrong", bold=True, scale=1.2)
        box = QPlainTextEdit(self.details)
        box.setReadOnly(True)
        box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        box.setAccessibleName("Details")
        copy = Button("Copy details", icon_name="copy")
        copy.clicked.connect(self.copy)
        close = Button("Go on", primary=True)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(copy)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX, 2 * SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addWidget(box, 1)
        layout.addLayout(buttons)
        self.resize(640, 420)

    @Slot()
    def copy(self) -> None:
        """Puts the details on the clipboard."""
        QGuiApplication.clipboard().setText(self.details)
