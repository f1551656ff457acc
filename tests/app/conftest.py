"""The window on a real engine: real photos, real encoder, one library for the whole session."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import controls
from app.bridge import Bridge
from app.messages import Messages
from app.preferences import Preferences
from app.running import Session
from app.theme import Theme
from app.window import Window
from core import Engine, Settings, open_engine
from tests.conftest import WAIT_S

WAIT_MS = 1000 * WAIT_S


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Numbers and dates as in the texts that tests expect."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, sample_photos: list[Path]) -> Path:
    """A folder with the sample photos, and a file that is none."""
    folder = tmp_path_factory.mktemp("media") / "Photos"
    folder.mkdir()
    for photo in sample_photos:
        shutil.copy(photo, folder / photo.name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    return folder


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, photos: Path, model_cache: Path) -> Iterator[Engine]:
    """An engine that knows all of `photos`. For tests that only ask."""
    engine = open_engine(tmp_path_factory.mktemp("library"), Settings(decode_processes=1))
    engine.start(watch=False)
    engine.add_folder(photos).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    yield engine
    engine.close(WAIT_S)


@pytest.fixture
def fresh(tmp_path: Path, model_cache: Path) -> Iterator[Engine]:
    """An engine on an empty library, for tests that change it."""
    engine = open_engine(tmp_path / "library", Settings(decode_processes=1))
    engine.start(watch=False)
    yield engine
    engine.close(WAIT_S)


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(tmp_path / "window.ini")


@pytest.fixture
def open_window(qtbot: QtBot, preferences: Preferences, qapp: object) -> Iterator[Callable[[Engine], Window]]:
    """Opens a window on an engine, with the answer to the empty question in it."""
    bridges: list[Bridge] = []

    def open_it(engine: Engine) -> Window:
        bridge = Bridge()
        bridges.append(bridge)
        window = Window(bridge, Messages(bridge), preferences, Theme(qapp))  # type: ignore[arg-type] - a QApplication
        qtbot.addWidget(window)
        if preferences.geometry.isEmpty():
            window.resize(1280, 800)  # the offscreen platform's screen is smaller
        window.show()
        with qtbot.waitSignals([window.search.answered, window.folders_model.updated], timeout=WAIT_MS):
            bridge.connect_engine(engine)
        return window

    yield open_it
    for bridge in bridges:
        bridge.close()


@pytest.fixture
def window(open_window: Callable[[Engine], Window], indexed: Engine) -> Window:
    """A window on the indexed library."""
    return open_window(indexed)


SessionOpener: TypeAlias = Callable[[Path], Session]


@pytest.fixture
def open_session(qapp: QApplication, qtbot: QtBot, model_cache: Path) -> Iterator[SessionOpener]:
    """Opens the whole program, less its process, on a library."""
    sessions: list[Session] = []

    def open_it(library: Path) -> Session:
        session = Session(qapp, library)
        sessions.append(session)
        session.window.show()
        return session

    yield open_it
    for session in sessions:
        session.window.close()
        assert session.close()
        session.deleteLater()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a screen reader is told to say."""
    said: list[str] = []

    class Ear:
        """Stands where Qt hands on to the screen reader; there is none on the offscreen platform."""

        @staticmethod
        def updateAccessibility(event: QAccessibleAnnouncementEvent) -> None:  # noqa: N802 - Qt's name
            said.append(event.message())

    monkeypatch.setattr(controls, "QAccessible", Ear)
    return said
