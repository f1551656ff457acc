"""Where the keyboard is, and what is said in dim ink, can be seen: looked up in what is painted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.controls import Button, Check
from app.folders.folders_model import Place
from app.theme import Look, Theme, contrast
from app.window import Window
from tests.app.hands import wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


@pytest.fixture(params=[Look.LIGHT, Look.DARK])
def look(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Look]:
    theme = Theme(qapp)
    theme.set_look(request.param)
    yield request.param
    theme.set_look(Look.SYSTEM)


def column(image: QImage, x: int, top: int, bottom: int) -> list[QColor]:
    return [image.pixelColor(x, y) for y in range(top, bottom)]


def painted(widget: QWidget) -> QImage:
    return widget.grab().toImage()


@pytest.mark.parametrize("primary", [False, True])
def test_the_keyboard_is_seen_on_a_button(qtbot: QtBot, look: Look, primary: bool) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    button = Button("Show these dates", box, primary=primary)
    button.setGeometry(10, 10, 200, 32)
    box.resize(220, 52)
    box.show()
    ground = painted(box).pixelColor(20, 18)
    button.setFocus()
    wait_for(qtbot, button.hasFocus)
    ring = column(painted(box), 20, 10, 18)
    assert max(contrast(each, ground) for each in ring) >= 3


def test_the_keyboard_is_seen_on_a_result_that_is_selected(qtbot: QtBot, window: Window) -> None:
    grid = window.grid
    grid.setFocus()
    grid.selectAll()
    wait_for(qtbot, lambda: grid.is_complete)
    QTest.keyClick(grid, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    cells = [grid.visualRect(window.results.index(row)) for row in (0, 1)]

    def edges() -> list[list[QColor]]:
        image = painted(grid.viewport())
        return [column(image, cell.center().x(), cell.top(), cell.top() + 5) for cell in cells]

    here, there = edges()
    assert here != there
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert edges() == [there, here]
    window.field.setFocus()
    wait_for(qtbot, lambda: not grid.hasFocus())
    without = edges()
    assert without[0] == without[1]
    assert without[0] != there, "a selection is dim while the keyboard is elsewhere"


def test_the_count_of_the_chosen_place_can_be_read(qtbot: QtBot, look: Look, window: Window) -> None:
    places = window.sidebar.list
    area = places.visualRect(window.folders_model.index_of(Place.ALL))
    image = painted(places.viewport())
    ground = image.pixelColor(area.center())
    count = [
        image.pixelColor(x, y)
        for x in range(area.right() - 26, area.right() - 14)
        for y in range(area.top(), area.bottom())
    ]
    assert max(contrast(each, ground) for each in count) >= 4.5


def test_the_edge_of_the_search_field_is_seen(look: Look, window: Window) -> None:
    window.grid.setFocus()
    field = window.field
    image = painted(window)
    at = field.mapTo(window, QPoint(field.width() // 2, 0))
    edge = column(image, at.x(), at.y(), at.y() + 2)
    for role in (QPalette.ColorRole.Window, QPalette.ColorRole.Base):
        assert max(contrast(each, window.palette().color(role)) for each in edge) >= 2.9


def test_a_box_to_tick_is_seen(qtbot: QtBot, look: Look) -> None:
    box = Check("Only on mains power")
    qtbot.addWidget(box)
    box.show()
    for ticked in (False, True):
        box.setChecked(ticked)
        image = painted(box)
        edge = [image.pixelColor(x, image.height() // 2) for x in range(3)]
        assert max(contrast(each, box.palette().color(QPalette.ColorRole.Window)) for each in edge) >= 2.9
