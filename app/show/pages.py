"""The pages shown instead of the grid, one for every state without results: what is so, why, and the way on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import wording
from app.controls import Button, Label
from app.icons import application_icon, draw
from app.show.status_line import why_paused
from app.theme import SPACE_PX
from core import (
    Activity,
    Answer,
    CoreError,
    LibraryBusyError,
    LibraryPlaceError,
    LibraryReadOnlyError,
    Outcome,
    Progress,
)

_ICON_PX = 64
_TEXT_WIDTH_PX = 440
IDLE = Progress()


class Way(Enum):
    """What a page's button does."""

    ADD_FOLDER = "Add a folder…"
    SAMPLES = "Try it with sample pictures"
    SHOW_WEAKER = "Show weaker matches"
    DROP_FILTERS = "Search without filters"
    CLEAR = "Show all media"
    SHOW_PROBLEMS = "Show problems"
    RESUME = "Resume"
    LOOK_ONLY = "Only look at what is there"
    OTHER_LIBRARY = "Choose another folder…"
    ANY_DISK = "Use it all the same"


AFTER_REFUSAL: Mapping[type[CoreError], tuple[Way, ...]] = {
    LibraryReadOnlyError: (Way.LOOK_ONLY, Way.OTHER_LIBRARY),
    LibraryBusyError: (Way.LOOK_ONLY, Way.OTHER_LIBRARY),
    LibraryPlaceError: (Way.OTHER_LIBRARY, Way.ANY_DISK),
}
"""What can be done about a library that does not open; otherwise another one can be chosen."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a state's page says. The first way is the one most will take."""

    icon_name: str
    title: str
    text: str
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What decides which page is shown."""

    opened: bool = False
    failure: CoreError | None = None
    folders: int = 0
    failed: int = 0
    waiting: int = 0
    ever_had_folders: bool = False
    progress: Progress = IDLE
    answer: Answer | None = None
    refusal: str = ""
    hidden_weaker: int = 0


def choose_page(view: View) -> Page | None:
    """The page for `view`; None when there are results to show."""
    if view.failure is not None:
        ways = AFTER_REFUSAL.get(type(view.failure), (Way.OTHER_LIBRARY,))
        return Page("problem", "Likewise cannot open its library", wording.safe(str(view.failure)), ways)
    if view.refusal:
        return Page("problem", "This question cannot be answered", view.refusal, (Way.CLEAR,))
    if not view.opened or view.answer is None:
        return Page("", "", "")  # a blank page for the blink of an eye: a message would only flash
    answer = view.answer
    if answer.outcome in {Outcome.FOUND, Outcome.BROWSE} and answer.results:
        return None
    if not view.folders:
        return _no_folders(view)
    filters = bool(answer.question.filters)
    if answer.outcome is Outcome.NO_GOOD_MATCH:
        return _no_match(view, filters) if view.hidden_weaker or not answer.results else None
    if answer.outcome is Outcome.FILTERED_OUT or filters:
        return Page(
            "filter",
            "Nothing passes these filters",
            "There are files in your library, but none within the filters you set.",
            (Way.DROP_FILTERS,),
        )
    return _nothing_yet(view)


def _no_folders(view: View) -> Page:
    if view.ever_had_folders:
        return Page(
            "folder-add",
            "No folders",
            "Add a folder with photos, sounds or videos to search it. Nothing in it is ever changed.",
            (Way.ADD_FOLDER, Way.SAMPLES),
        )
    return Page(
        "likewise",
        "Find photos, sounds and videos",
        "Describe what is in them, or drop a file to find others like it. Your files stay where they are "
        "and never leave this computer.",
        (Way.ADD_FOLDER, Way.SAMPLES),
    )


def _no_match(view: View, filters: bool) -> Page:
    asked = wording.safe(view.answer.question.text.strip()) if view.answer else ""
    title = f"Nothing is like “{_shortened(asked)}”" if asked else "Nothing is like this"
    at_least = view.answer is not None and view.answer.may_have_more
    close = wording.count(view.hidden_weaker, "file", at_least=at_least)
    weaker = f" {close} might be close." if view.hidden_weaker else ""
    ways = [Way.SHOW_WEAKER] if view.hidden_weaker else []
    ways.append(Way.DROP_FILTERS if filters else Way.CLEAR)
    return Page("search", title, f"No photo, sound or video matches well.{weaker}", tuple(ways))


def _nothing_yet(view: View) -> Page:
    if view.progress.activity in {Activity.SCANNING, Activity.INDEXING, Activity.LISTENING}:
        return Page("media", "Looking for media", "The first files appear here as soon as they are read.")
    if view.progress.activity is Activity.PAUSED:
        return Page("pause", why_paused(view.progress), "Files appear here when reading them goes on.", (Way.RESUME,))
    if view.progress.note:
        return Page("problem", "Your files cannot be read now", wording.safe(view.progress.note), (Way.RESUME,))
    if view.waiting:
        waiting = wording.count(view.waiting, "file")
        return Page("pause", f"Stopped: {waiting} to be read", "Reading them goes on where it stopped.", (Way.RESUME,))
    if view.failed:
        return Page(
            "problem",
            "None of these files could be read",
            "The list of problems says why, file by file.",
            (Way.SHOW_PROBLEMS, Way.ADD_FOLDER),
        )
    return Page(
        "media",
        "No media in your folders",
        "Likewise reads photos (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC), sounds (MP3, WAV, FLAC, Ogg, M4A and "
        "more) and videos (MP4, MOV, MKV, WebM, AVI).",
        (Way.ADD_FOLDER,),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


class PageView(QWidget):
    """Shows one `Page`, in the middle.

    Signals:
        way_chosen: the `Way` of the button pressed.
    """

    way_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._page = Page("", "", "")
        self._sign = _Sign()
        self._title = Label(bold=True, scale=1.6, wraps=True)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = Label(dim=True, scale=1.05, wraps=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setFixedWidth(_TEXT_WIDTH_PX)
        self._title.setFixedWidth(_TEXT_WIDTH_PX + 80)
        self._shown: list[Button] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(SPACE_PX)
        self._hint = Label("or drop a folder or a file anywhere in this window", dim=True, scale=0.95)
        self._hint.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACE_PX)
        layout.addStretch(4)
        for part in (self._sign, self._title, self._text):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(SPACE_PX)
        middle = QHBoxLayout()
        middle.addStretch()
        middle.addLayout(self._buttons)
        middle.addStretch()
        layout.addLayout(middle)
        layout.addWidget(self._hint, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(5)

    @property
    def page(self) -> Page:
        """What is shown."""
        return self._page

    def buttons(self) -> list[Button]:
        """The ways on, in order."""
        return list(self._shown)

    def show_page(self, page: Page) -> None:
        """Shows `page` instead of what was shown."""
        if page == self._page:
            return
        self._page = page
        self._sign.show_icon(page.icon_name)
        self._title.setText(page.title)
        self._text.setText(page.text)
        for label in (self._title, self._text):  # a layout that is asked too early would cut the last line
            label.setFixedHeight(label.heightForWidth(label.width()))
        self._hint.setVisible(page.icon_name == "likewise")
        for button in self._shown:
            button.hide()
            button.deleteLater()
        self._shown = []
        for place, way in enumerate(page.ways):
            button = Button(way.value, primary=place == 0)
            button.setProperty("way", way.name)
            button.clicked.connect(self._choose)
            self._buttons.addWidget(button)
            self._shown.append(button)

    @Slot()
    def _choose(self) -> None:
        self.way_chosen.emit(Way[str(self.sender().property("way"))])


class _Sign(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self.setFixedSize(QSize(_ICON_PX, _ICON_PX))

    def show_icon(self, name: str) -> None:
        """Shows the icon `name`."""
        self._name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._name == "likewise":
            application_icon().paint(painter, self.rect())
        elif self._name:
            colour = self.palette().color(QPalette.ColorRole.Dark)
            painter.drawPixmap(self.rect(), draw(self._name, self.size() * self.devicePixelRatioF(), colour))
