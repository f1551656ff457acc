"""The window as a whole: it adapts, comes back as it was left, and reads nothing as HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.preferences import Preferences
from app.window import Window
from core import Engine, FileId, LibraryError
from tests.app.hands import answered, select, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_a_narrow_window_shows_details_over_the_grid_when_asked(qtbot: QtBot, window: Window) -> None:
    assert window.details.isVisible()
    window.resize(700, 600)
    wait_for(qtbot, lambda: not window.details.isVisible())
    QTest.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert window.details.isVisible()
    assert window.details.parent() is window
    window.resize(1200, 700)
    wait_for(qtbot, lambda: window.details.parent() is window.splitter)
    assert window.details.isVisible()


def test_it_comes_back_as_it_was_left(
    qtbot: QtBot, open_window: Callable[[Engine], Window], indexed: Engine, preferences: Preferences
) -> None:
    first = open_window(indexed)
    first.resize(711, 555)
    first.header.size_slider.setValue(222)
    QTest.keyClick(first, Qt.Key.Key_F9)
    type_words(qtbot, first, "a cat")
    first.close()
    second = open_window(indexed)
    answered(qtbot, second, "a cat")
    assert second.field.edit.text() == "a cat"
    assert (second.width(), second.height()) == (711, 555)
    assert second.grid.wanted_cell_px == 222
    assert second.sidebar.isHidden()


def test_a_bug_opens_the_crash_dialog_and_can_be_copied(qtbot: QtBot, window: Window) -> None:
    from app.messages import CrashDialog

    window._bridge.failed.emit(ZeroDivisionError("our mistake"))
    (dialog,) = window.findChildren(CrashDialog)
    dialog.copy()
    assert "our mistake" in QGuiApplication.clipboard().text()
    dialog.close()


def test_an_error_of_the_world_is_one_banner(window: Window) -> None:
    window._bridge.failed.emit(LibraryError("The disk is full.", "Free some space."))
    assert window.banner.text.text() == "The disk is full. Free some space."


def test_no_label_reads_html(qtbot: QtBot, window: Window) -> None:
    window.actions_["shortcuts"].trigger()
    window.actions_["settings"].trigger()
    labels = window.findChildren(QLabel)
    own = [label for label in labels if type(label).__module__.startswith("app.")]
    assert len(own) > 40
    assert {label.textFormat() for label in own} == {Qt.TextFormat.PlainText}


def test_every_icon_button_has_a_name(window: Window) -> None:
    from PySide6.QtWidgets import QAbstractButton

    nameless = [
        button
        for button in window.findChildren(QAbstractButton)
        if button.isVisibleTo(window) and not button.text() and not (button.accessibleName() and button.toolTip())
    ]
    assert nameless == []


def test_settings_count_at_once(qtbot: QtBot, window: Window, indexed: Engine) -> None:
    from PySide6.QtWidgets import QSpinBox

    from app.settings.settings_view import SettingsView

    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    (field,) = (box for box in dialog.findChildren(QSpinBox) if box.accessibleName() == "Batch size")
    field.setValue(24)
    dialog.reject()
    wait_for(qtbot, lambda: indexed.settings.batch_size == 24)
    file = indexed.library.settings
    wait_for(qtbot, lambda: file.exists() and '"batch_size": 24' in file.read_text("utf-8"))


def test_opening_and_closing_it_over_and_over_leaves_nothing_behind(
    qtbot: QtBot, open_window: Callable[[Engine], Window], indexed: Engine
) -> None:
    listeners = len(indexed.events._listeners)
    for _ in range(5):
        window = open_window(indexed)
        window.question.set_text("a cat")
        window._bridge.close()
        window.close()
    assert len(indexed.events._listeners) == listeners


def test_tool_tips_go_on_naming_the_keys(window: Window) -> None:
    buttons = [button for button in window.header.findChildren(QToolButton) if "(F9)" in button.toolTip()]
    assert len(buttons) == 1
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_F9)
        assert buttons[0].toolTip() == "Sidebar (F9)"


def test_details_never_stand_before_quick_look(qtbot: QtBot, window: Window) -> None:
    window.resize(700, 600)
    wait_for(qtbot, lambda: window.details.parent() is window)
    select(window)
    QTest.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    window.resize(720, 620)
    wait_for(qtbot, lambda: window.quick_look.width() == 720)
    place = window.details.geometry().center()
    hit = window.childAt(place)
    assert hit is not None
    assert window.quick_look.isAncestorOf(hit) or hit is window.quick_look


def test_many_files_are_opened_only_so_far_and_that_is_said(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr("app.commands.open_media", lambda path: opened.append(path) or True)
    answer = window.results.answer
    assert answer is not None
    many = [replace(answer.results[0], file_id=FileId(1000 + number)) for number in range(12)]
    window.stage.show_answer(replace(answer, results=many))
    window.grid.setFocus()
    window.grid.selectAll()
    QTest.keyClick(window.grid, Qt.Key.Key_Return)
    assert len(opened) == 10
    assert window.note.text.text() == "The first 10 of them were opened."
    QTest.keyClick(window.grid, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.note.text.text() == "The first 10 of them are searched with."
