"""How it is with all files: numbers that filter, a list, and what can be done about it; by mouse and by keyboard."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog
from pytestqt.qtbot import QtBot

from app.problems.health_view import HealthView
from app.window import Window
from core import Engine, Standing
from tests.app.conftest import WAIT_S
from tests.app.hands import wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs


def listed(view: HealthView) -> set[str]:
    model = view.list.model()
    return {str(model.index(row, 0).data()) for row in range(model.rowCount())}


def numbers(view: HealthView) -> list[str]:
    return [button.text() for button in view.filters.buttons.values() if button.isVisible()]


@pytest.fixture
def health(qtbot: QtBot, window: Window) -> HealthView:
    """The page, on the library of six photos and a file that is none."""
    window.actions_["problems"].trigger()
    wait_for(qtbot, lambda: listed(window.health) == {"broken.jpg"})
    return window.health


def test_numbers_say_how_it_is_and_filter_the_list(qtbot: QtBot, health: HealthView) -> None:
    wait_for(qtbot, lambda: numbers(health) == ["1 could not be read fully", "6 can be found"])
    health.filters.buttons[Standing.INDEXED].click()
    wait_for(qtbot, lambda: len(listed(health)) == 6)
    assert "chelsea.png" in listed(health)
    assert not health.retry_all_button.isVisible()
    health.filters.buttons[Standing.FAILED].click()
    wait_for(qtbot, lambda: listed(health) == {"broken.jpg"})


def test_the_numbers_are_those_of_the_command_line(qtbot: QtBot, health: HealthView, indexed: Engine) -> None:
    standings = indexed.status().result(WAIT_S).standings
    wait_for(qtbot, lambda: bool(health._model.counts))
    assert health._model.counts == standings
    assert sum(standings.values()) == indexed.status().result(WAIT_S).files


def test_the_keyboard_reaches_numbers_list_and_buttons(qtbot: QtBot, window: Window, health: HealthView) -> None:
    wait_for(qtbot, lambda: len(numbers(health)) == 2)
    window.activateWindow()
    health.filters.buttons[Standing.FAILED].setFocus()
    wait_for(qtbot, health.filters.buttons[Standing.FAILED].hasFocus)
    QTest.keyClick(health.filters.buttons[Standing.FAILED], Qt.Key.Key_Right)
    assert health.filters.buttons[Standing.INDEXED].isChecked()
    wait_for(qtbot, lambda: len(listed(health)) == 6)
    reached = set()
    for _ in range(40):
        widget = window.focusWidget()
        assert widget is not None
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        reached.add(window.focusWidget())
    assert {health.list, health.export_button, health.filters.buttons[Standing.INDEXED]} <= reached


def test_whatever_can_be_pressed_or_walked_through_has_a_name(health: HealthView) -> None:
    for button in health.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.accessibleName() or button.text()
    assert health.list.accessibleName() == "Files: could not be read fully"


def test_without_problems_it_says_so(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos, tmp_path / "photos", ignore=shutil.ignore_patterns("broken.jpg"))
    window = open_window(fresh)
    window.actions_["problems"].trigger()
    wait_for(qtbot, lambda: numbers(window.health) == ["0 could not be read fully"])
    assert window.health._title.text() == "No problems"
    assert not window.health.retry_all_button.isEnabled()
    assert not window.health.export_button.isEnabled()
    fresh.pause()
    fresh.add_folder(tmp_path / "photos").result(WAIT_S)
    wait_for(qtbot, lambda: "6 waiting" in numbers(window.health))
    fresh.resume()
    wait_for(qtbot, lambda: numbers(window.health) == ["0 could not be read fully", "6 can be found"])


def test_one_of_many_is_tried_again_and_what_is_marked_stays_marked(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, tmp_path: Path
) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.jpg").write_bytes(b"no photo")
    window = open_window(fresh)
    folder = tmp_path.joinpath("only these")
    folder.mkdir()
    for path in tmp_path.glob("*.jpg"):
        path.rename(folder / path.name)
    fresh.add_folder(folder).result(WAIT_S)
    window.actions_["problems"].trigger()
    health = window.health
    wait_for(qtbot, lambda: len(listed(health)) == 30)
    health.list.setCurrentIndex(health.list.model().index(20, 0))
    (chosen,) = health.selected()
    asked: list[object] = []
    health.retry_asked.connect(asked.append)
    health.retry_button.click()
    assert asked == [[chosen.file_id]]
    model = health._model
    wait_for(qtbot, lambda: model.rowCount() == 30 and model.file(0).file_id == chosen.file_id)
    assert [file.file_id for file in health.selected()] in ([], [chosen.file_id])  # it was gone for a moment, maybe
    health.list.setCurrentIndex(model.index(5, 0))
    (kept,) = health.selected()
    (folder / "more.jpg").write_bytes(b"no photo either")
    fresh.rescan().result(WAIT_S)
    wait_for(qtbot, lambda: model.rowCount() == 31)
    assert health.selected() == [kept]


def test_the_list_is_saved_where_the_user_says(
    qtbot: QtBot, health: HealthView, window: Window, tmp_path: Path
) -> None:
    health.export_button.click()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "list.csv"))
    dialog.close()
    wait_for(qtbot, lambda: (tmp_path / "list.csv").exists() and window.note.isVisible())
    with (tmp_path / "list.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [(row[0], Path(row[1]).name) for row in rows[1:]] == [("failed", "broken.jpg")]


def test_it_fits_a_narrow_window(qtbot: QtBot, window: Window, health: HealthView) -> None:
    wait_for(qtbot, lambda: len(numbers(health)) == 2)
    health._model.watch(watched=False)
    health._model._count(dict.fromkeys(Standing, 12_345))
    window.resize(window.minimumSize())
    wait_for(qtbot, lambda: window.width() == window.minimumWidth())
    buttons = [button for button in health.filters.buttons.values() if button.isVisible()]
    assert len(buttons) == len(Standing)
    for button in buttons:
        assert health.filters.rect().contains(button.geometry())
