"""What the window tells unasked: nothing that was said is lost by what is said after it, and all can be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from app.controls import IconButton
from app.messages import Banner, CrashDialog
from app.settings.exclusions_view import ExclusionsView
from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.window import Window
from core import Engine, Filters, LibraryError
from tests.app.conftest import WAIT_S
from tests.app.hands import answered, shown, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def dismiss(banner: Banner) -> None:
    (close,) = banner.findChildren(IconButton)
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)


def test_a_note_leaves_what_stays_where_it_is(window: Window) -> None:
    read: list[str] = []
    window._messages.note("Not read for now.", "Read files again", lambda: read.append("again"), stays=True)
    window._messages.note("Trying 3 files again.")
    assert window.note.text.text() == "Trying 3 files again."
    assert (window.banner.text.text(), window.banner.button.text()) == ("Not read for now.", "Read files again")
    QTest.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    assert read == ["again"]
    assert not window.banner.isVisible()
    assert window.note.isVisible()


def test_what_stays_comes_back_after_an_error(window: Window) -> None:
    window._messages.note("Not read for now.", "Read files again", stays=True)
    for _ in range(2):
        window._messages.fail(LibraryError("The disk is full.", "Free some space."))
    assert window.banner.text.text() == "The disk is full. Free some space."
    assert not window.banner.button.isVisible()
    dismiss(window.banner)
    assert (window.banner.text.text(), window.banner.button.isVisible()) == ("Not read for now.", True)
    dismiss(window.banner)
    assert not window.banner.isVisible()


def test_an_undo_comes_back_after_another_note(window: Window) -> None:
    window._messages.note("“Photos” was removed.", "Undo")
    window._messages.note("Looked for changes.")
    window._messages.note("Trying 3 files again.")
    assert window.note.text.text() == "Trying 3 files again."
    dismiss(window.note)
    assert (window.note.text.text(), window.note.button.text()) == ("“Photos” was removed.", "Undo")
    dismiss(window.note)
    assert not window.note.isVisible()


def test_a_screen_reader_is_told(window: Window, heard: list[str]) -> None:
    window._messages.note("Trying 3 files again.")
    window._messages.fail(LibraryError("The disk is full.", "Free some space."))
    assert heard == ["Trying 3 files again.", "The disk is full. Free some space."]


def test_a_screen_reader_is_told_of_pages_and_of_what_quick_look_shows(
    qtbot: QtBot, window: Window, heard: list[str]
) -> None:
    window.question.set_filters(Filters(until="1950-01-01"))
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.stage.page)
    assert [words.partition(".")[0] for words in heard] == ["Nothing passes these filters"]
    window.question.drop_filters()
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.grid)
    assert heard[1:] == ["6 photos"]
    type_words(qtbot, window, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Return)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    assert heard[-1].startswith("chelsea.png. Strong match")
    assert window.quick_look.accessibleDescription() == "chelsea.png"
    QTest.keyClick(window.quick_look, Qt.Key.Key_Space)
    window.question.clear()
    answered(qtbot, window, "")
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    QTest.keyClick(window.quick_look, Qt.Key.Key_Right)
    assert heard[-2:] == shown(window)[:2]


def test_many_bugs_are_one_dialog_that_counts(window: Window) -> None:
    for number in range(20):
        window._bridge.failed.emit(ZeroDivisionError(f"mistake {number}"))
    (dialog,) = window.findChildren(CrashDialog)
    assert dialog.title.text() == "Something went wrong 20 times"
    assert all(f"mistake {number}" in dialog.details for number in range(20))
    dialog.accept()
    QApplication.processEvents()
    window._bridge.failed.emit(ZeroDivisionError("another"))
    (dialog,) = (dialog for dialog in window.findChildren(CrashDialog) if dialog.isVisible())
    assert dialog.title.text() == "Something went wrong"
    dialog.close()


# in the settings, which stand before the window


@pytest.fixture
def dialog(open_window: Callable[[Engine], Window], fresh: Engine) -> SettingsView:
    window = open_window(fresh)
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    return dialog


def test_settings_that_cannot_be_kept_are_told_there(qtbot: QtBot, dialog: SettingsView, fresh: Engine) -> None:
    fresh.library.settings.with_suffix(".tmp").mkdir()
    dialog.show_page(SettingsPage.PERFORMANCE)
    (paused,) = (box for box in dialog.findChildren(QCheckBox) if box.accessibleName() == "Only on mains power")
    QTest.keyClick(paused, Qt.Key.Key_Space)
    wait_for(qtbot, dialog.banner.isVisible)
    assert "could not be saved" in dialog.banner.text.text()


def test_what_fails_after_the_settings_were_closed_is_told_in_the_window(
    qtbot: QtBot, dialog: SettingsView, fresh: Engine
) -> None:
    window = dialog.parentWidget()
    assert isinstance(window, Window)
    fresh.library.settings.with_suffix(".tmp").mkdir()
    dialog.show_page(SettingsPage.PERFORMANCE)
    (paused,) = (box for box in dialog.findChildren(QCheckBox) if box.accessibleName() == "Only on mains power")
    QTest.keyClick(paused, Qt.Key.Key_Space)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    wait_for(qtbot, window.banner.isVisible)
    assert "could not be saved" in window.banner.text.text()


def test_a_bug_while_the_settings_are_open_can_be_read(dialog: SettingsView) -> None:
    dialog._bridge.failed.emit(ZeroDivisionError("our mistake"))
    (crash,) = dialog.findChildren(CrashDialog)
    assert crash.parentWidget() is dialog, "else it would be shut out by the settings"
    crash.close()


def test_after_going_back_the_patterns_are_those_that_count(
    qtbot: QtBot, dialog: SettingsView, fresh: Engine, tmp_path: Path
) -> None:
    before = fresh.backups.create().result(WAIT_S)
    dialog.show_page(SettingsPage.FOLDERS)

    def exclusions() -> ExclusionsView:
        (view,) = (view for view in dialog.findChildren(ExclusionsView) if view.isVisibleTo(dialog))
        return view

    QTest.keyClicks(exclusions().edit, "*.gif")
    QTest.mouseClick(exclusions().button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, lambda: fresh.settings.exclude == "*.gif")
    dialog.backups.chosen.emit(before)
    wait_for(qtbot, dialog.note.isVisible)
    wait_for(qtbot, lambda: len(dialog.findChildren(ExclusionsView)) == 1)
    assert exclusions().edit.toPlainText() == ""
    QTest.keyClicks(exclusions().edit, "b")
    QTest.mouseClick(exclusions().button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, lambda: fresh.settings.exclude == "b")
