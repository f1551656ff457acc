"""Nothing that is said is cut: in a small window, and with large letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QListView, QWidget
from pytestqt.qtbot import QtBot

from app.controls import Button, Label
from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.window import Window
from core import Engine
from tests.app.hands import select, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


@pytest.fixture(params=[9, 18])
def letters(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    before = qapp.font()
    font = qapp.font()
    font.setPointSizeF(request.param)
    qapp.setFont(font)
    yield
    qapp.setFont(before)


@pytest.fixture
def window(letters: None, open_window: Callable[[Engine], Window], indexed: Engine) -> Window:
    return open_window(indexed)


def cut(widget: QWidget) -> list[str]:
    """What is not seen whole of the words in `widget`; labels that shorten them or wrap are asked for their height."""
    found = []
    for part in widget.findChildren(QWidget):
        if not part.isVisible() or not isinstance(part, Button | Label) or not part.text():
            continue
        shortened = isinstance(part, Label) and (part.wordWrap() or part._elide is not None)
        left = part.mapTo(widget, part.rect().topLeft()).x()
        outside = left < 0 or left + part.width() > widget.width()
        if (
            outside
            or (not shortened and part.width() < part.sizeHint().width())
            or part.height() < part.fontMetrics().height()
        ):
            found.append(part.text())
    return found


def low_rows(list_: QListView) -> list[int]:
    rows = range(list_.model().rowCount())
    return [row for row in rows if 20 < list_.sizeHintForRow(row) < list_.fontMetrics().height() + 4]


@pytest.mark.parametrize("width_px", [760, 920, 1280])
def test_the_list_of_problems_is_seen_whole(qtbot: QtBot, window: Window, width_px: int) -> None:
    window.resize(width_px, 900)
    window.actions_["problems"].trigger()
    wait_for(qtbot, lambda: window.width() == width_px and window.health.list.model().rowCount() == 1)
    assert cut(window.health) == []


def test_results_and_details_are_seen_whole(qtbot: QtBot, window: Window) -> None:
    window.resize(920, 800)
    select(window)
    wait_for(qtbot, lambda: window.details.isVisible() and window.details.rows["Size"].isVisible())
    qtbot.wait(50)
    assert cut(window) == []
    assert low_rows(window.sidebar.list) == []
    assert window.grid.grid.heading(0).height() > window.grid.fontMetrics().height()
    for part in (window.field, window.status):
        assert part.height() >= part.fontMetrics().height() + 4


def test_the_settings_are_seen_whole(qtbot: QtBot, window: Window) -> None:
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    wait_for(qtbot, lambda: "starter" in dialog.models.rows)
    assert low_rows(dialog.list) == []
    for page in SettingsPage:
        dialog.show_page(page)
        qtbot.wait(20)
        assert cut(dialog) == [], page
