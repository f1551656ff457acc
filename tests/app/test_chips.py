"""The search field with many parts of a question in it: none covers another, and words can always be typed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ask.chips import Chip
from app.ask.question_model import chip_of
from app.window import Window
from core import Example, Filters, Kind
from tests.app.hands import select, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs

FILTERS = Filters(kinds=frozenset({Kind.IMAGE, Kind.VIDEO}), since="2025-01-01", until="2025-12-31")


def ask(window: Window, examples: int) -> None:
    window.question.add(
        [chip_of(Example(path=Path(f"/pictures/a picture of number {each}.jpg"))) for each in range(examples)]
    )
    window.question.set_filters(FILTERS)


def seen(window: Window) -> list[QWidget]:
    """What is in the field, in order."""
    field = window.field
    chips = [chip for chip in field.chips.findChildren(Chip) if chip.isVisible()]
    more = [field.chips.more] if field.chips.more.isVisible() else []
    return [*sorted(chips, key=lambda chip: chip.x()), *more, field.edit, *window.field.findChildren(QWidget, "clear")]


def places(window: Window) -> list[QRect]:
    field = window.field
    return [QRect(widget.mapTo(field, widget.rect().topLeft()), widget.size()) for widget in seen(window)]


@pytest.mark.parametrize(("width_px", "examples", "hidden"), [(1280, 2, 0), (920, 2, 0), (560, 2, 2), (560, 12, 12)])
def test_nothing_in_the_field_covers_anything(
    qtbot: QtBot, window: Window, width_px: int, examples: int, hidden: int
) -> None:
    window.resize(width_px, 700)
    ask(window, examples)
    wait_for(qtbot, lambda: window.width() == width_px and window.field.edit.width() >= 100)
    found = places(window)
    assert all(left.right() < right.left() for left, right in pairwise(found)), found
    assert window.field.rect().contains(found[-1])
    assert all(chip.width() == chip.sizeHint().width() for chip in seen(window) if isinstance(chip, Chip))
    assert window.field.chips.more.text() == f"+{hidden}"


def test_chips_have_words_again_when_there_is_room(qtbot: QtBot, window: Window) -> None:
    ask(window, 2)
    widths = [place.width() for place in places(window)]
    window.resize(700, 700)
    wait_for(qtbot, lambda: window.field.chips.more.isVisible() or places(window)[0].width() < widths[0])
    window.resize(1280, 700)
    wait_for(qtbot, lambda: [place.width() for place in places(window)] == widths)


def test_a_part_that_has_no_room_can_be_removed_all_the_same(qtbot: QtBot, window: Window) -> None:
    window.resize(560, 700)
    ask(window, 2)
    wait_for(qtbot, window.field.chips.more.isVisible)
    menu = window.field.chips.more.menu()
    action = menu.actions()[-1]
    assert action.text() == "Remove Photos, Videos"
    action.trigger()
    assert window.question.asked.filters.kinds == frozenset()
    assert len(window.question.asked.chips) == 2


def test_a_question_takes_no_more_examples_than_it_says(window: Window) -> None:
    ask(window, 11)
    window.question.drop_filters()
    select(window)
    window.grid.selectAll()
    QTest.keyClick(window.grid, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert len(window.question.asked.chips) == 12
    assert window.note.text.text() == "A question has room for 12 examples; the rest was left out."
