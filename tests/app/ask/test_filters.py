"""The Filters menu and its dates, as they are pressed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QDate
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app.ask.filters import FiltersMenu, date_ranges, describe_dates
from app.ask.question_model import NO_FILTERS, QuestionModel
from app.bridge import Bridge
from app.controls import Button
from app.folders.folders_model import FoldersModel
from core import Filters, Folder, FolderId

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


@pytest.fixture
def model() -> QuestionModel:
    return QuestionModel()


@pytest.fixture
def menu(qtbot: QtBot, model: QuestionModel) -> FiltersMenu:
    """The menu of a library with two folders."""
    bridge = Bridge()
    folders = FoldersModel(bridge)
    folders._show([Folder(FolderId(1), Path("/a/Cats & dogs")), Folder(FolderId(2), Path("/a/Sea"))])
    made = FiltersMenu(model, folders)
    made.setProperty("kept", [bridge, folders])
    qtbot.addWidget(made)
    return made


def offered(menu: FiltersMenu) -> dict[str, QAction]:
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if action.text()}


def test_a_range_of_dates_is_one_press(menu: FiltersMenu, model: QuestionModel) -> None:
    assert offered(menu)["Any time"].isChecked()
    offered(menu)["Last year"].trigger()
    last = date.today().year - 1  # noqa: DTZ011 - the user's own day
    assert model.asked.filters == Filters(since=f"{last}-01-01", until=f"{last}-12-31")
    assert offered(menu)["Last year"].isChecked()
    offered(menu)["Any time"].trigger()
    assert model.asked.filters == NO_FILTERS


def test_own_dates_are_taken_in_either_order(menu: FiltersMenu, model: QuestionModel) -> None:
    offered(menu)["Choose dates…"].trigger()
    popup = menu._dates
    assert popup.isVisible()
    assert popup.until.date() == QDate.currentDate()
    popup.since.setDate(QDate(2024, 8, 31))
    popup.until.setDate(QDate(2024, 6, 1))
    (button,) = popup.findChildren(Button)
    button.click()
    assert not popup.isVisible()
    assert model.asked.filters == Filters(since="2024-06-01", until="2024-08-31")
    assert offered(menu)["Choose dates…"].isChecked()


def test_a_folder_is_chosen_among_several_and_all_is_cleared_at_once(menu: FiltersMenu, model: QuestionModel) -> None:
    offered(menu)["Cats && dogs"].trigger()
    offered(menu)["Last 7 days"].trigger()
    assert model.asked.filters.folder_id == FolderId(1)
    assert offered(menu)["Cats && dogs"].isChecked()
    offered(menu)["Clear filters"].trigger()
    assert model.asked.filters == NO_FILTERS
    assert not offered(menu)["Clear filters"].isEnabled()


def test_ranges_count_today() -> None:
    assert date_ranges(date(2026, 3, 1))["Last 7 days"] == ("2026-02-23", "")


def test_dates_are_said_in_a_few_words() -> None:
    assert describe_dates("2026-06-01", "") == "Since 1 Jun 2026"
    assert describe_dates("", "2026-06-01") == "Until 1 Jun 2026"
    assert describe_dates("2026-06-01", "2026-08-31") == "1 Jun 2026 – 31 Aug 2026"
