"""What the middle of the window says: questions without an answer, work that stopped, how much there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.ask import search
from app.bridge import Bridge
from app.folders.folders_model import Place
from app.messages import Messages
from app.preferences import Preferences
from app.show.pages import Way
from app.theme import Theme
from app.window import Window
from core import Activity, Engine, Filters, LibraryChanged
from tests.app.conftest import WAIT_S
from tests.app.hands import drag, local, shown, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def press(window: Window, way: Way) -> None:
    (button,) = [button for button in window.stage.page.buttons() if button.text() == way.value]
    button.click()


# questions that cannot be answered


def test_a_question_that_fails_says_so_once_and_shows_nothing_else(
    qtbot: QtBot, window: Window, indexed: Engine, tmp_path: Path
) -> None:
    failures: list[object] = []
    window.search.failed.connect(failures.append)
    type_words(qtbot, window, "a cat")
    window.question.restore({"examples": [{"path": str(tmp_path / "gone.jpg")}]})
    wait_for(qtbot, lambda: window.stage.page.page.title == "This question cannot be answered")
    assert "gone.jpg" in window.stage.page.page.text
    assert window.stage.currentWidget() is window.stage.page
    assert shown(window) == []
    assert window.grid.current_result() is None
    indexed.events.publish(LibraryChanged())
    qtbot.wait(1300)
    assert len(failures) == 1
    assert not window.banner.isVisible()
    press(window, Way.CLEAR)
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.grid and len(shown(window)) == 6)


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    bridge.close()


def test_an_example_that_is_gone_at_the_next_start_is_said(
    qtbot: QtBot, indexed: Engine, bridge: Bridge, preferences: Preferences, qapp: object, tmp_path: Path
) -> None:
    preferences.question = {"examples": [{"path": str(tmp_path / "gone.jpg")}]}
    window = Window(bridge, Messages(bridge), preferences, Theme(qapp))  # type: ignore[arg-type] - a QApplication
    qtbot.addWidget(window)
    window.show()
    bridge.connect_engine(indexed)
    wait_for(qtbot, lambda: window.stage.page.page.title == "This question cannot be answered")


# work that stopped


def test_what_was_stopped_before_anything_was_read_can_go_on(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, photos: Path
) -> None:
    window = open_window(fresh)
    fresh.pause()
    fresh.add_folder(photos).result(WAIT_S)
    wait_for(qtbot, lambda: window.stage.page.page.title == "Paused by you")
    wait_for(qtbot, lambda: window.folders_model.waiting == 7)
    window.status.cancel_button.click()
    wait_for(qtbot, lambda: window.stage.page.page.title == "Stopped: 7 files to be read")
    assert fresh.progress.activity is Activity.IDLE
    press(window, Way.RESUME)
    wait_for(qtbot, lambda: len(shown(window)) == 6)


# how much there is


def test_only_photos_that_can_be_found_are_counted(qtbot: QtBot, window: Window) -> None:
    for place in (Place.ALL, Place.FOLDER):
        row = window.folders_model.row(window.folders_model.index_of(place))
        assert row is not None
        assert row.count == 6  # broken.jpg is among the problems
    assert window.status.text.text() == "6 photos"


def test_a_list_that_is_not_whole_does_not_say_how_long_it_is(
    qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BROWSE_LIMIT", 2)
    window.grid.end_neared.disconnect(window.search.ask_for_more)
    window.question.set_filters(Filters(since="1950-01-01"))
    wait_for(qtbot, lambda: window.status.text.text() == "2+ photos")
    (folder,) = window.folders_model.folders
    window.question.set_filters(Filters(folder_id=folder.folder_id))
    wait_for(qtbot, lambda: window.status.text.text() == "6 photos")


def test_every_match_can_be_reached_by_scrolling(
    qtbot: QtBot,
    open_window: Callable[[Engine], Window],
    fresh: Engine,
    tmp_path: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "SEARCH_LIMIT", 4)
    cat = (photos / "chelsea.png").read_bytes()
    folder = tmp_path / "cats"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.png").write_bytes(cat + bytes([number]))
    window = open_window(fresh)
    fresh.add_folder(folder).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    said: list[str] = []
    window.stage.summary_changed.connect(said.append)
    drag(window, local(photos / "chelsea.png"))
    wait_for(qtbot, lambda: window.status.text.text() == "10 strong matches")
    assert "4+ strong matches" in said
    assert len(shown(window)) == 10
