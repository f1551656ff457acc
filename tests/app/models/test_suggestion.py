"""A better model is suggested once, and only where it is worth it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controls import IconButton
from app.settings.settings_view import SettingsView
from app.window import Window
from core import Engine
from tests.app.conftest import WAIT_S
from tests.app.hands import wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs


@pytest.fixture
def library(fresh: Engine, tmp_path: Path, sample_photos: list[Path]) -> Engine:
    """One photo 51 times."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(51):
        shutil.copy(sample_photos[-1], folder / f"{number}.jpg")
    fresh.add_folder(folder).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    return fresh


def test_it_is_said_until_it_is_dismissed_and_never_again(
    qtbot: QtBot, open_window: Callable[[Engine], Window], library: Engine
) -> None:
    window = open_window(library)
    wait_for(qtbot, window.banner.isVisible)
    assert window.banner.text.text() == "Descriptions can be understood much better, with a download of 610 MB."
    assert not window.banner._timer.isActive(), "it stays"

    again = open_window(library)
    wait_for(qtbot, again.banner.isVisible)
    (close,) = again.banner.findChildren(IconButton)
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not again.banner.isVisible()

    after = open_window(library)
    wait_for(qtbot, lambda: after.folders_model.found.total() == 51)
    assert not after.banner.isVisible()


def test_it_leads_to_the_models(qtbot: QtBot, open_window: Callable[[Engine], Window], library: Engine) -> None:
    window = open_window(library)
    wait_for(qtbot, window.banner.isVisible)
    QTest.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(SettingsView)
    assert dialog.models.isVisible()
    assert not open_window(library).banner.isVisible()


def test_a_small_library_hears_nothing_of_it(window: Window) -> None:
    assert window.folders_model.found.total() < 50
    assert not window.banner.isVisible()
