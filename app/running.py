"""From nothing to a window and back: Qt, the panels, then the engine once the window has been painted."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app.bridge import Bridge
from app.desktop import choose_folder
from app.garbage import Garbage
from app.hooks import Hooks
from app.icons import application_icon
from app.messages import Messages
from app.preferences import Preferences
from app.show.pages import Way
from app.single_instance import Door, Knock, hand_over
from app.theme import Theme
from app.window import Window
from core import CoreError, LibraryBusyError, LibraryPaths, default_library, log_folder, preload

if TYPE_CHECKING:
    from core import Engine

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0
OPENING_MS = 5000
"""Two that are started in one moment: the one that was later waits so long for the other to listen."""
CRASHES = 2
"""After so many unexpected ends within ten minutes, what may have been the cause is not done by itself."""


class Session(QObject):
    """One window on one library. The engine is opened after the first paint, so that there is something to see at once.

    Args:
        library: the library's folder.
        paths: folders to add and files to search with, once the library is open.
    """

    def __init__(self, application: QApplication, library: Path, paths: Sequence[Path] = ()) -> None:
        super().__init__(application)
        self._library = library
        self._paths = paths
        self._engines: list[Engine] = []
        self._door: Door | None = None
        self._knock: Knock | None = None
        if QLocale().language() == QLocale.Language.C:  # none was set: 3,204 rather than 3204
            QLocale.setDefault(QLocale(QLocale.Language.English))
        preferences = Preferences(LibraryPaths(library).root / "window.ini")
        self._garbage = Garbage(application)
        self.bridge = Bridge(self)
        self.messages = Messages(self)
        self.theme = Theme(application)
        self.theme.set_look(preferences.look)
        self.window = Window(self.bridge, self.messages, preferences, self.theme)
        self.window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
        self.window.search.answered.connect(self._garbage.set_aside)
        self.window.reopen_asked.connect(self._reopen)
        self.window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.window.removeEventFilter(self)
            QTimer.singleShot(0, self.prepare)
        return super().eventFilter(watched, event)

    @Slot()
    def prepare(self) -> None:
        """Begins opening the library; the window says how that went."""
        self.bridge.call(preload(), self._open, self._fail)

    def _open(self, _loaded: ModuleType) -> None:
        self._open_library()

    def _open_library(self, *, read_only: bool = False, any_disk: bool = False) -> None:
        from core import open_engine

        engine = open_engine(self._library, read_only=read_only, any_disk=any_disk)
        self._engines.append(engine)
        begin = partial(self._look if read_only else self._begin, engine)
        self.bridge.call(engine.opened, begin, self._fail)
        if any_disk:
            self.bridge.call(engine.change_settings(engine.settings), failure=self._fail)

    @Slot(object)
    def _reopen(self, way: Way) -> None:
        if self._knock is not None:
            self._knock.deleteLater()
            self._knock = None
        if way is Way.OTHER_LIBRARY:
            choose_folder(self.window, "Choose a folder for the library", str(self._library.parent), self._open_other)
        else:
            self._open_library(read_only=way is Way.LOOK_ONLY, any_disk=way is Way.ANY_DISK)

    def _open_other(self, folder: str) -> None:
        self._library = Path(folder)
        self._open_library()

    def close(self) -> bool:
        """Ends the engine; whether it ended in time. What was not finished goes on at the next start."""
        if self._door is not None:
            self._door.close()
        self.bridge.close()
        self._garbage.stop()
        try:
            for engine in self._engines:  # all but the last did not open
                engine.close(CLOSE_TIMEOUT_S)
        except CoreError:
            log.exception("the engine did not stop in time")
            return False
        return True

    def _look(self, engine: Engine, _opened: None) -> None:
        self.bridge.connect_engine(engine)
        self.messages.note("You can search and look at what is there. Nothing new is read, and nothing can be changed.")

    def _begin(self, engine: Engine, _opened: None) -> None:
        self._door = Door(self._library, self)
        self._door.called.connect(self._come_forward)
        self.bridge.connect_engine(engine)
        crashed = engine.crashes >= CRASHES
        engine.start(crashed=crashed)
        if crashed:
            self.messages.note(
                "Likewise ended unexpectedly twice within ten minutes, so it does not read your files for now."
                " Search works.",
                "Read files again",
                self.window.commands.resume,
                stays=True,  # else files are left alone until the next start
            )
        self._take(self._paths)

    @Slot(object)
    def _come_forward(self, paths: Sequence[Path]) -> None:
        """Somebody started Likewise once more: this is the window that they want."""
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self._take(paths)

    def _take(self, paths: Sequence[Path]) -> None:
        """Adds folders, and searches with files."""
        if paths:
            self.window.commands.take_paths(paths, anew=True)

    def _fail(self, error: BaseException) -> None:
        self.window.stage.fail_to_open(error)
        if isinstance(error, LibraryBusyError) and self._knock is None:
            self._knock = Knock(self._library, self._paths, patience_ms=OPENING_MS, parent=self)
            self._knock.answered.connect(self.window.close)
            self._knock.begin()
        if not isinstance(error, CoreError):
            self.messages.fail(error)


def run(library: Path | None, paths: Sequence[Path]) -> int:
    """Shows the window until it is closed, or brings the one forward that is there already. Returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in a terminal ends at once; what was stored stays whole
    application = QApplication([])
    application.setApplicationName("Likewise")
    application.setDesktopFileName("org.likewise.Likewise")
    application.setWindowIcon(application_icon())
    place = (library or default_library()).expanduser().absolute()
    if hand_over(place, paths):
        return 0
    session = Session(application, place, paths)
    hooks = Hooks(log_folder(), session.messages.report)
    try:
        session.window.show()
        code = application.exec()
        ended = session.close()
    finally:
        hooks.remove()
    if not ended:  # a thread inside a library, say one that loads a model, would make Python's own end abort
        os._exit(code)
    return code
