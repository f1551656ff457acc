"""What was taken from the question or the library comes back, and nothing else changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.ask.question_model import chip_of
from app.folders.folders_model import Place
from app.window import Window
from core import Engine, Example, FolderState
from tests.app.conftest import WAIT_S
from tests.app.hands import answered, drag, local, select, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def undo(window: Window) -> None:
    QTest.keyClick(window.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_a_dropped_picture_is_asked_together_with_the_words(qtbot: QtBot, window: Window, photos: Path) -> None:
    type_words(qtbot, window, "a cat")
    drag(window, local(photos / "rocket.jpg"))
    drag(window, local(photos / "coffee.png"))
    wait_for(qtbot, lambda: len(window.question.asked.chips) == 2)
    assert window.question.asked.text == "a cat"
    assert [chip.label for chip in window.question.asked.chips] == ["rocket.jpg", "coffee.png"]


def test_find_similar_can_be_taken_back(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    select(window)
    window.actions_["similar"].trigger()
    undo(window)
    assert window.field.edit.text() == "a cat"
    assert window.question.asked.chips == ()


def test_a_cleared_question_can_be_taken_back(qtbot: QtBot, window: Window) -> None:
    window.field.edit.setFocus()
    QTest.keyClicks(window.field.edit, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Escape)
    assert window.field.edit.text() == ""
    undo(window)
    answered(qtbot, window, "a cat")
    assert window.field.edit.text() == "a cat"


def test_the_banner_takes_back_its_own_removal(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, tmp_path: Path, photos: Path
) -> None:
    window = open_window(fresh)
    folder = tmp_path / "empty"
    folder.mkdir()
    fresh.add_folder(folder).result(WAIT_S)
    wait_for(qtbot, lambda: len(window.folders_model.folders) == 1)
    window.sidebar.list.setCurrentIndex(window.folders_model.index_of(Place.FOLDER))
    window.question.drop_filters()
    window.sidebar.remove_asked.emit(window.folders_model.folders[0])
    wait_for(qtbot, lambda: not window.folders_model.folders)
    drag(window, local(photos / "rocket.jpg"))
    wait_for(qtbot, lambda: bool(window.question.asked.chips))
    window.question.clear()
    window.note.button.click()
    wait_for(qtbot, lambda: [folder.path for folder in window.folders_model.folders] == [folder])
    assert window.question.is_empty
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [chip.label for chip in window.question.asked.chips] == ["rocket.jpg"]
    assert window.question.asked.filters.folder_id is None  # that folder was gone in between


def test_a_cleared_question_comes_back_by_one_undo_in_the_field(qtbot: QtBot, window: Window, photos: Path) -> None:
    drag(window, local(photos / "rocket.jpg"))
    wait_for(qtbot, lambda: len(window.question.asked.chips) == 1)
    edit = window.field.edit
    edit.setFocus()
    QTest.keyClicks(edit, "cat")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert (edit.text(), window.question.asked.chips) == ("", ())
    QTest.keyClick(edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert edit.text() == "cat"
    assert [chip.label for chip in window.question.asked.chips] == ["rocket.jpg"]


def test_a_removed_folder_comes_back_while_it_is_away(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, tmp_path: Path, photos: Path
) -> None:
    shutil.copytree(photos, drive := tmp_path / "Drive")
    window = open_window(fresh)
    fresh.add_folder(drive).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    wait_for(qtbot, lambda: window.results.rowCount() == 6)
    drive.rename(tmp_path / "unplugged")
    fresh.rescan().result(WAIT_S)
    wait_for(qtbot, lambda: window.folders_model.folders[0].state is FolderState.OFFLINE)
    window.sidebar.list.setFocus()
    window.sidebar.list.setCurrentIndex(window.folders_model.index_of(Place.FOLDER))
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    wait_for(qtbot, lambda: not window.folders_model.folders)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, lambda: [folder.path for folder in window.folders_model.folders] == [drive])
    wait_for(qtbot, lambda: window.folders_model.folders[0].state is FolderState.OFFLINE)
    assert not window.banner.isVisible()
    (tmp_path / "unplugged").rename(drive)
    fresh.rescan().result(WAIT_S)
    wait_for(qtbot, lambda: window.results.rowCount() == 6)


def test_no_more_is_remembered_than_anybody_takes_back(window: Window) -> None:
    for number in range(60):
        chip = chip_of(Example(path=Path(f"/{number}.jpg")))
        window.question.add([chip])
        window.question.remove_chip(chip)
    for _ in range(60):
        undo(window)
    assert sorted(int(chip.label[:2]) for chip in window.question.asked.chips) == list(range(10, 60))
