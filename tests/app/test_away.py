"""What the window says of drives that are away and of files that are not where they were."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.folders.folders_model import Place
from app.folders.notice_view import matter_of
from app.window import Window
from core import Away, Engine, FileStanding, FolderState, Standing
from core.runtime import clock
from tests.app.conftest import WAIT_S
from tests.app.hands import select, shown, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs
DRIVE = Away("PHOTOS", is_drive=True, state=FolderState.OFFLINE)


@pytest.fixture
def taken(fresh: Engine, tmp_path: Path, sample_photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An indexed folder in whose place another one is, on a drive that can be unplugged."""
    monkeypatch.setattr("core.watch.root._is_fixed", lambda _: False)
    folder = tmp_path / "Holidays"
    folder.mkdir()
    for photo in sample_photos[:2]:
        shutil.copy(photo, folder)
    fresh.add_folder(folder).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    folder.rename(tmp_path / "unplugged")
    folder.mkdir()
    shutil.copy(sample_photos[2], folder)
    fresh.rescan().result(WAIT_S)
    return folder


@pytest.mark.parametrize(
    ("away", "missing", "said", "advice"),
    [
        (DRIVE, False, "on the drive “PHOTOS”, which is not connected", "Connect the drive “PHOTOS” to open it."),
        (
            replace(DRIVE, state=FolderState.CHANGED),
            False,
            "on the drive “PHOTOS”; something else is in its place",
            "Connect the drive “PHOTOS” to open it.",
        ),
        (
            Away("Pictures", is_drive=False, state=FolderState.OFFLINE),
            False,
            "in the folder “Pictures”, which cannot be reached",
            "Bring back the folder “Pictures” to open it.",
        ),
        (None, True, "moved or deleted? It was not there when last looked for", "may have been moved or deleted"),
    ],
)
def test_a_file_that_cannot_be_opened_says_where_it_is(
    window: Window, away: Away | None, missing: bool, said: str, advice: str
) -> None:
    answer = window.results.answer
    assert answer is not None
    first = replace(answer.results[0], away=away, missing=missing)
    window.results.set_answer(replace(answer, results=[first, *answer.results[1:]]))
    index = window.results.index(0)
    assert said in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert said in index.data(Qt.ItemDataRole.ToolTipRole).replace("&quot;", '"')
    window.details.show_results(first, 1)
    assert window.details.away.text() == said[0].upper() + said[1:]
    assert window.details.away.isVisibleTo(window.details)
    window.commands.open_result(first)
    assert advice in window.note.text.text()
    plain = window.grid.grab().toImage()
    window.results.set_answer(answer)
    assert window.grid.grab().toImage() != plain, "it is greyed, with a sign"
    window.details.show_results(answer.results[0], 1)
    assert not window.details.away.isVisibleTo(window.details)


def test_a_changed_folder_is_asked_about_in_a_line_that_the_keyboard_reaches(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, taken: Path
) -> None:
    window = open_window(fresh)
    wait_for(qtbot, window.notice.isVisible)
    assert "Something else is where the folder “Holidays” was" in window.notice.text.text()
    assert not window.notice.other.isVisible()
    assert window.notice.way.accessibleDescription() == window.notice.text.text()
    row = window.folders_model.index_of(Place.FOLDER)
    assert "something else is in its place" in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert len(shown(window)) == 2, "all can be found"

    window.notice.way.setFocus()
    QTest.keyClick(window.notice.way, Qt.Key.Key_Space)
    wait_for(qtbot, lambda: not window.notice.isVisible())
    wait_for(qtbot, lambda: len(shown(window)) == 3)
    assert window.folders_model.folders[0].state is FolderState.ONLINE


def test_a_folder_that_is_away_can_be_used_as_it_is_from_its_menu(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, taken: Path
) -> None:
    for photo in taken.iterdir():
        photo.unlink()
    fresh.rescan().result(WAIT_S)
    window = open_window(fresh)
    assert window.folders_model.folders[0].state is FolderState.OFFLINE
    assert not window.notice.isVisible(), "most likely its drive is only not connected"
    places = window.sidebar.list
    places.customContextMenuRequested.emit(places.visualRect(window.folders_model.index_of(Place.FOLDER)).center())
    (menu,) = window.sidebar.findChildren(QMenu)
    (action,) = [action for action in menu.actions() if action.text() == "Use this folder as it is now"]
    action.trigger()
    menu.close()
    wait_for(qtbot, lambda: window.folders_model.folders[0].state is FolderState.ONLINE)


def test_a_folder_that_is_there_has_no_such_entry(window: Window) -> None:
    places = window.sidebar.list
    places.customContextMenuRequested.emit(places.visualRect(window.folders_model.index_of(Place.FOLDER)).center())
    (menu,) = window.sidebar.findChildren(QMenu)
    assert "Use this folder as it is now" not in [action.text() for action in menu.actions()]
    menu.close()


@pytest.mark.parametrize("keep", [True, False])
def test_many_lost_files_are_asked_about_in_a_line(qtbot: QtBot, window: Window, keep: bool) -> None:
    folders = window.folders_model.folders
    window.folders_model._show([replace(folders[0], lost=700, asks=700)])
    assert window.notice.look.isVisible()
    assert "700 files of “Photos”" in window.notice.text.text()
    answered: list[bool] = []
    window.notice.settled.disconnect(window.commands.settle_lost)
    window.notice.settled.connect(lambda _, keeps: answered.append(keeps))
    (window.notice.way if keep else window.notice.other).click()
    assert answered == [keep]
    window.folders_model._show(folders)
    assert not window.notice.isVisible()


def test_what_would_be_forgotten_can_be_looked_at_first(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = clock.steady_s()
    monkeypatch.setattr(clock, "steady_s", lambda: now_s)
    fresh.accept_folder(fresh.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)  # and the two others are missing
    for _ in range(7):
        now_s += 7 * 86400
        fresh.rescan().result(WAIT_S)
    window = open_window(fresh)
    wait_for(qtbot, window.notice.isVisible)
    assert "2 files of “Holidays”" in window.notice.text.text()
    window.notice.look.setFocus()
    QTest.keyClick(window.notice.look, Qt.Key.Key_Space)
    model = window.health.list.model()
    wait_for(qtbot, lambda: window.health.isVisible() and model.rowCount() == 2)
    assert window.health.filters.buttons[Standing.LOST].isChecked()
    assert "until you say otherwise" in model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert window.notice.isVisible(), "to be answered from there"
    window.notice.other.click()
    wait_for(qtbot, lambda: model.rowCount() == 0 and not window.notice.isVisible())


@pytest.mark.parametrize("missing", [True, False])
def test_what_is_away_is_not_shown_in_its_folder_but_said_where_it_is(
    qtbot: QtBot,
    window: Window,
    monkeypatch: pytest.MonkeyPatch,
    missing: bool,
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(window.commands._revealer, "reveal", asked.append)
    answer = window.results.answer
    assert answer is not None
    away = None if missing else Away("PHOTOS", is_drive=True, state=FolderState.OFFLINE)
    window.stage.show_answer(replace(answer, results=[replace(answer.results[0], missing=missing, away=away)]))
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert asked == []
    assert ("may have been moved" if missing else "Connect the drive “PHOTOS”") in window.note.text.text()


def test_a_file_of_the_list_and_a_folder_that_are_away_are_not_shown_either(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(window.commands._revealer, "reveal", asked.append)
    sentence = "Moved or deleted? It was not there when last looked for."
    window.health.reveal_asked.emit(FileStanding(None, Path("/gone.jpg"), Standing.MISSING, sentence))
    assert window.note.text.text() == f"gone.jpg: {sentence}"
    folder = window.folders_model.folders[0]
    window.sidebar.reveal_asked.emit(replace(folder, state=FolderState.OFFLINE))
    assert "cannot be reached now" in window.note.text.text()
    assert asked == []
    window.sidebar.reveal_asked.emit(folder)
    assert asked == [folder.path]


def test_it_is_said_where_a_file_is_that_no_file_manager_shows(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    result = window.grid.current_result()
    assert result is not None
    assert "No file manager could be opened" in window.note.text.text()
    assert result.path.name in window.note.text.text()


def test_words_fit_their_numbers(window: Window) -> None:
    (folder,) = window.folders_model.folders
    (one, two) = (matter_of(replace(folder, asks=number)) for number in (1, 2))
    assert one is not None
    assert two is not None
    assert one.text.startswith("1 file of “Photos” has not been there for a month. What Likewise knows of it is")
    assert two.text.startswith("2 files of “Photos” have not been there for a month. What Likewise knows of them is")
    said: list[str] = []
    window.folders_model.went_offline.connect(said.append)
    away = [replace(folder, path=Path(f"/{name}"), state=FolderState.OFFLINE) for name in "AB"]
    window.folders_model._show(away)
    assert said == ["“A”, “B” cannot be reached now. What is in them can be found, but not opened."]
    tip = window.folders_model.data(window.folders_model.index_of(Place.FOLDER), Qt.ItemDataRole.ToolTipRole)
    assert str(tip).lower().count("not reachable") == 1
    window.folders_model._show([folder])
