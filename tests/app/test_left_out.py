"""What is not taken in, and where changes are not noticed at once: seen, changed and mended from the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.folders.folders_model import Place
from app.settings.exclusions_view import ExclusionsView
from app.settings.settings_view import SettingsView
from app.settings.watching_view import WatchingView
from app.window import Window
from core import Engine, Gap, Unwatched, WatchingChanged
from tests.app.hands import shown, wait_for
from tests.core.steps import index

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs

REMEDY = "echo fs.inotify.max_user_watches=524288 | sudo tee /etc/sysctl.d/60-likewise-watches.conf"


@pytest.fixture
def window(open_window: Callable[[Engine], Window], fresh: Engine, photos: Path) -> Window:
    index(fresh, photos)
    return open_window(fresh)


def settings_of(window: Window) -> SettingsView:
    (dialog,) = window.findChildren(SettingsView)
    return dialog


def said(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


def test_patterns_are_looked_at_while_typed_and_count_when_told(qtbot: QtBot, window: Window, fresh: Engine) -> None:
    folder = fresh.folders().result()[0]
    window.sidebar.left_out_asked.emit(folder)
    dialog = settings_of(window)
    (view,) = dialog.findChildren(ExclusionsView)
    assert view.isVisible(), "that page is shown"
    assert not view.button.isEnabled()
    qtbot.keyClicks(view.edit, "*.jpg")
    wait_for(qtbot, lambda: "*.jpg leaves out 3 files: " in view.preview.text())
    assert "Of 7 files that Likewise knows, 3 would not be found any more." in view.preview.text()
    assert fresh.settings.exclude == "", "nothing counts yet"
    assert len(shown(window)) == 6

    qtbot.mouseClick(view.button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, lambda: len(shown(window)) == 4)
    assert not view.button.isEnabled()
    (below,) = dialog.findChildren(WatchingView)
    wait_for(qtbot, lambda: "3 files by your pattern *.jpg" in below.skipped.text())
    index_ = window.folders_model.index_of(Place.FOLDER)
    tip = window.folders_model.data(index_, Qt.ItemDataRole.ToolTipRole)
    assert "Not taken in: 3 files by your pattern *.jpg" in str(tip)
    told = window.folders_model.data(index_, Qt.ItemDataRole.AccessibleDescriptionRole)
    assert told == "Not taken in: 3 files by your pattern *.jpg"


def test_a_line_that_is_no_pattern_is_told(qtbot: QtBot, window: Window) -> None:
    window.sidebar.left_out_asked.emit(None)
    (view,) = settings_of(window).findChildren(ExclusionsView)
    view.edit.setPlainText("!")
    wait_for(qtbot, lambda: "“!” is no pattern and counts for nothing." in view.preview.text())


def test_a_limit_on_watching_is_told_once_with_the_way_out(qtbot: QtBot, window: Window, fresh: Engine) -> None:
    limited = (Unwatched(Path("/media/<b>Photos"), Gap.WATCHES, 21, REMEDY),)
    fresh.events.publish(WatchingChanged(limited))
    wait_for(qtbot, window.banner.isVisible)
    assert "21 folders of “<b>Photos”" in window.banner.text.text()
    qtbot.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    (view,) = settings_of(window).findChildren(WatchingView)
    assert view.isVisible()

    fresh.events.publish(WatchingChanged(limited))
    wait_for(qtbot, lambda: bool(view.findChildren(QLineEdit)))
    assert not window.banner.isVisible(), "told once"
    (command,) = view.findChildren(QLineEdit)
    assert (command.text(), command.isReadOnly()) == (REMEDY, True)
    assert command.accessibleName()
    copy = next(button for button in view.findChildren(QAbstractButton) if button.text() == "Copy")
    assert copy.accessibleName()
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == REMEDY

    fresh.events.publish(WatchingChanged(()))
    wait_for(qtbot, lambda: "Changes are noticed at once." in said(view))
    assert REMEDY not in said(view)


def test_a_drive_on_another_computer_is_no_reason_to_interrupt(qtbot: QtBot, window: Window, fresh: Engine) -> None:
    window.sidebar.left_out_asked.emit(None)
    (view,) = settings_of(window).findChildren(WatchingView)
    fresh.events.publish(WatchingChanged((Unwatched(Path("/mnt/nas"), Gap.REMOTE),)))
    wait_for(qtbot, lambda: "“nas”" in said(view))
    assert not window.banner.isVisible()
