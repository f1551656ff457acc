"""What can be done with results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.window import Window
from core import Engine, Strength
from tests.app.conftest import WAIT_S
from tests.app.hands import Opener, select, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_details_show_the_picture_and_what_is_known(qtbot: QtBot, window: Window, photos: Path) -> None:
    type_words(qtbot, window, "a cat")
    select(window)
    wait_for(qtbot, lambda: window.details.picture.is_sharp)
    assert window.details.name.text() == "chelsea.png"
    assert window.details.reason.text().startswith("Strong match · ")
    assert window.details.rows["Folder"].text() == str(photos)
    assert "451 × 300" in window.details.rows["Size"].text()


def test_an_answer_given_anew_leaves_the_picture_as_it_is(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    wait_for(qtbot, lambda: window.quick_look.picture.is_sharp and window.details.picture.is_sharp)
    result = window.results.result(0)
    other = replace(result, score=result.score / 2, strength=Strength.LIKELY)
    window.details.show_results(other, 1)
    window.quick_look.show_result(other)
    assert window.details.picture.is_sharp
    assert window.quick_look.picture.is_sharp
    assert window.details.reason.text().startswith("Likely match")
    assert window.quick_look.hint.text().startswith("Likely match")


def test_copies_stand_one_a_line_and_whole_in_the_tool_tip(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, tmp_path: Path, photos: Path
) -> None:
    folder = tmp_path / "<b>many"
    folder.mkdir()
    for number in range(9):
        shutil.copy(photos / "rocket.jpg", folder / f"{number}.jpg")
    fresh.add_folder(folder).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    window = open_window(fresh)
    wait_for(qtbot, lambda: window.results.rowCount() > 0)
    select(window)
    copies = window.details.rows["Copies"]
    wait_for(qtbot, lambda: bool(copies.text()))
    lines = copies.text().split("\n")
    assert len(lines) == 5
    assert lines[-1] == "and 4 more"
    assert copies.height() >= 5 * copies.fontMetrics().height()
    assert copies.toolTip().count("&lt;b&gt;many/") == 8
    assert "&lt;b&gt;many/" in window.details.name.toolTip()


def test_several_selected_are_counted(window: Window) -> None:
    window.grid.selectAll()
    assert window.status.text.text() == "6 selected"


def test_thumbnails_arrive_for_what_is_on_screen(qtbot: QtBot, window: Window) -> None:
    def colours(row: int) -> int:
        picture = window.grid.viewport().grab(window.grid.visualRect(window.results.index(row))).toImage()
        middle = picture.height() // 2
        return len({picture.pixel(x, middle) for x in range(picture.width())})

    wait_for(qtbot, lambda: all(colours(row) > 10 for row in range(6)))  # until then each has one colour


def test_space_looks_closer_arrows_walk_space_closes(qtbot: QtBot, window: Window) -> None:
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    look = window.quick_look
    assert look.isVisible()
    wait_for(qtbot, lambda: look.picture.is_sharp)
    first = look.name.text()
    QTest.keyClick(look, Qt.Key.Key_Right)
    assert look.name.text() != first
    assert window.grid.currentIndex().row() == 1
    QTest.keyClick(look, Qt.Key.Key_Space)
    assert not look.isVisible()
    assert window.grid.hasFocus()


def test_copy_gives_files_and_their_paths(window: Window, photos: Path) -> None:
    select(window, 2)
    path = window.results.result(2).path
    QTest.keyClick(window.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    mime = QGuiApplication.clipboard().mimeData()
    assert [Path(url.toLocalFile()) for url in mime.urls()] == [path]
    assert mime.text() == str(path)
    window.actions_["copy_path"].trigger()
    assert QGuiApplication.clipboard().text() == str(path)


def test_enter_opens_and_ctrl_enter_reveals(qtbot: QtBot, window: Window) -> None:
    opened = Opener()
    QDesktopServices.setUrlHandler("file", opened, "open")
    try:
        select(window, 1)
        path = window.results.result(1).path
        QTest.keyClick(window.grid, Qt.Key.Key_Return)
        QTest.keyClick(window.grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait_for(qtbot, lambda: len(opened.paths) == 2)  # no session bus here: the folder is opened
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert opened.paths == [path, path.parent]


def test_the_context_menu_offers_what_the_keys_do(window: Window) -> None:
    offered = [action.text() for action in window.grid.actions()]
    assert offered[:4] == ["Find similar", "More like this", "Less like this", "Find more like this moment"]
    assert offered[4:9] == ["Quick look", "Open", "Show in folder", "Copy", "Copy path"]


def test_zoom_by_keys_and_slider(window: Window) -> None:
    before = window.grid.wanted_cell_px
    QTest.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.wanted_cell_px > before
    assert window.header.size_slider.value() == window.grid.wanted_cell_px
    window.header.size_slider.setValue(300)
    assert window.grid.wanted_cell_px == 300
    QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert window.grid.wanted_cell_px == before


def test_escape_closes_the_closer_look_and_leaves_the_question(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    assert window.quick_look.isVisible()
    QTest.keyClick(window.quick_look, Qt.Key.Key_Escape)
    assert not window.quick_look.isVisible()
    assert window.field.edit.text() == "a cat"
    QTest.keyClick(window.grid, Qt.Key.Key_Escape)
    assert window.field.edit.text() == ""
