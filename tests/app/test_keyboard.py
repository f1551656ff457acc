"""The keyboard alone goes everywhere and comes back, and is never led to what is covered."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.ask.filters import DatePopup
from app.controls import Button
from app.folders.folders_model import Place
from app.settings.shortcuts_view import ShortcutsView
from app.window import Window
from tests.app.hands import Opener, select, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_ctrl_p_opens_the_problems_and_closes_them(qtbot: QtBot, window: Window) -> None:
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        assert window.stage.shows_problems
        assert window.health.list.hasFocus()
        QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        assert not window.stage.shows_problems
        assert window.grid.hasFocus()


def test_escape_leaves_the_problems_first(qtbot: QtBot, window: Window) -> None:
    window.question.set_text("a cat")
    wait_for(qtbot, lambda: window.results.answer is not None and window.results.answer.question.text == "a cat")
    window.actions_["problems"].trigger()
    QTest.keyClick(window.health.list, Qt.Key.Key_Escape)
    assert not window.stage.shows_problems
    assert window.question.asked.text == "a cat"


def test_walking_the_sidebar_keeps_the_keyboard_there(qtbot: QtBot, window: Window) -> None:
    wait_for(qtbot, lambda: window.folders_model.failed == 1)
    places = window.sidebar.list
    places.setFocus()
    places.setCurrentIndex(window.folders_model.index_of(Place.FOLDER))
    QTest.keyClick(places, Qt.Key.Key_Down)
    assert window.stage.shows_problems
    assert places.hasFocus()
    QTest.keyClick(places, Qt.Key.Key_Up)
    assert not window.stage.shows_problems
    middle = places.visualRect(window.folders_model.index_of(Place.PROBLEMS)).center()
    QTest.mouseClick(places.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert window.health.list.hasFocus()


def test_quick_look_keeps_tab_and_gives_way_to_the_search(window: Window) -> None:
    select(window)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    look = window.quick_look
    QTest.keyClick(look, Qt.Key.Key_Tab)
    assert look.hasFocus()
    QTest.keyClick(look, Qt.Key.Key_Slash)
    assert not look.isVisible()
    assert window.field.edit.hasFocus()


def test_enter_in_quick_look_opens_what_it_shows(window: Window) -> None:
    opened = Opener()
    window.grid.setFocus()
    window.grid.selectAll()
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    result = window.grid.current_result()
    assert result is not None
    QDesktopServices.setUrlHandler("file", opened, "open")
    try:
        QTest.keyClick(window.quick_look, Qt.Key.Key_Return)
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert opened.paths == [result.path]


def test_enter_presses_the_button_that_has_the_keyboard(qtbot: QtBot, window: Window) -> None:
    window._messages.note("“Photos” was removed.", "Undo")
    window.note.button.setFocus()
    QTest.keyClick(window.note.button, Qt.Key.Key_Return)
    assert not window.note.isVisible()
    (dates,) = window.findChildren(DatePopup)
    (apply,) = dates.findChildren(Button)
    chosen: list[str] = []
    dates.chosen.connect(lambda since, until: chosen.append(since + until))
    dates.open_at(QPoint(0, 0), "2025-01-01", "2025-12-31")
    apply.setFocus()
    QTest.keyClick(apply, Qt.Key.Key_Enter)
    assert chosen == ["2025-01-012025-12-31"]


def test_the_sheet_of_shortcuts_is_a_list_for_the_keyboard(qtbot: QtBot, window: Window) -> None:
    QTest.keyClick(window.grid, Qt.Key.Key_F1)
    (sheet,) = window.findChildren(ShortcutsView)
    wait_for(qtbot, sheet.list.hasFocus)
    seen = []
    for _ in range(60):
        index = sheet.list.currentIndex()
        seen.append(index.data(Qt.ItemDataRole.AccessibleTextRole) or index.data())
        QTest.keyClick(sheet.list, Qt.Key.Key_Down)
    assert {"Ask", "Results", "Library", "View", "Likewise"} <= set(seen)
    assert {"Search: Ctrl+F or /", "Open: Enter", "Remove a folder, in the sidebar: Delete"} <= set(seen)
    assert any(words.endswith(": + or −") for words in seen)
    (close,) = sheet.findChildren(Button)
    QTest.keyClick(sheet.list, Qt.Key.Key_Tab)
    assert close.hasFocus()
    QTest.keyClick(close, Qt.Key.Key_Return)
    assert not sheet.isVisible()
