"""What goes wrong, said in the right place: the world's faults in a quiet banner, ours in the crash dialog."""

from __future__ import annotations

import logging
import platform
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import PySide6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import wording
from app.controls import ICON_PX, Button, IconButton, Label, announce
from app.icons import draw
from app.theme import SPACE_PX
from core import BugFound, CoreError, Event, ModelChanged, ModelState, NoticePosted, __version__

log = logging.getLogger(__name__)

_MOST_BUGS = 20
"""After so many, further details say no more."""
_NOTE_MS = 12_000
_MOST = 6
"""Who has let so many messages stand reads no more of them."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to know, with at most one thing to do about it.

    Attributes:
        button, way: what the button says and does; there is none without words.
        read: is called when the user dismisses or follows it.
        stays: whether it is there until then.
    """

    text: str
    button: str = ""
    way: Callable[[], object] | None = None
    read: Callable[[], object] | None = None
    is_error: bool = False
    stays: bool = False


class Messages(QObject):
    """The one way to tell the user something that was not asked for.

    Signals:
        said: a Message.
        bug_found: a traceback.
    """

    said = Signal(object)
    bug_found = Signal(str)

    def note(
        self,
        text: str,
        button: str = "",
        way: Callable[[], object] | None = None,
        read: Callable[[], object] | None = None,
        *,
        stays: bool = False,
    ) -> None:
        """Says a `Message` that is no error."""
        self.said.emit(Message(text, button, way, read, stays=stays))

    @Slot(object)
    def fail(self, error: BaseException) -> None:
        """Says a CoreError; anything else is a bug of ours."""
        if isinstance(error, CoreError):
            log.info("told the user: %r", str(error))  # it may name files: a line stays a line
            self.said.emit(Message(str(error), is_error=True, stays=True))
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


class Banner(QWidget):
    """The newest message of its sort: of those that stay until dismissed, or of those that go after a while.

    What it takes the place of comes back afterwards, if that stays or has a button.
    """

    def __init__(self, messages: Messages, parent: QWidget | None = None, *, stays: bool) -> None:
        super().__init__(parent)
        self._stays = stays
        self._said: list[Message] = []
        self.text = Label(parent=self, wraps=True)
        self.button = Button("", self)
        self.button.clicked.connect(self.follow)
        close = IconButton("close", "Dismiss", self, size_px=26)
        close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * SPACE_PX + ICON_PX + SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        layout.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_NOTE_MS)
        self._timer.timeout.connect(self.dismiss)
        messages.said.connect(self._say)
        self.hide()

    @Slot(object)
    def _say(self, message: Message) -> None:
        if message.stays is self._stays:
            earlier = [each for each in self._said if (each.stays or each.button) and each.text != message.text]
            self._said = [*earlier, message][-_MOST:]
            self._show()

    def _show(self) -> None:
        if not self._said:
            self._timer.stop()
            self.hide()
            return
        message = self._said[-1]
        self.text.setText(wording.safe(message.text))
        self.button.setText(message.button)
        self.button.setVisible(bool(message.button))
        self.show()
        self.update()
        announce(self, self.text.text())
        if not self._stays:
            self._timer.start()

    @Slot()
    def follow(self) -> None:
        """Does what the button offers."""
        way = self._said[-1].way if self._said else None
        self.dismiss()
        if way is not None:
            way()

    @Slot()
    def dismiss(self) -> None:
        """What is said was read."""
        message = self._said.pop() if self._said else None
        self._show()
        if message is not None and message.read is not None:
            message.read()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.AlternateBase))
        painter.fillRect(0, self.height() - 1, self.width(), 1, palette.color(QPalette.ColorRole.Mid))
        name = "problem" if self._said and self._said[-1].is_error else "info"
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
            "and a copy of these details helps to mend it. They may hold names of files.",
            wraps=True,
        )
        self._count = 1
        self.title = Label("Something went wrong", bold=True, scale=1.2)
        self._box = QPlainTextEdit(self.details)
        self._box.setReadOnly(True)
        self._box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._box.setAccessibleName("Details")
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
        layout.addWidget(self.title)
        layout.addWidget(text)
        layout.addWidget(self._box, 1)
        layout.addLayout(buttons)
        self.resize(640, 420)

    def add(self, details: str) -> None:
        """One more went wrong before the dialog was closed."""
        self._count += 1
        self.title.setText(f"Something went wrong {wording.number(self._count)} times")
        if self._count <= _MOST_BUGS:
            self.details += f"\n\n{details}"
            self._box.appendPlainText(f"\n{details}")

    @Slot()
    def copy(self) -> None:
        """Puts the details on the clipboard."""
        QGuiApplication.clipboard().setText(self.details)
