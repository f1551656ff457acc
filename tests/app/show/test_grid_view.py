"""The grid as a user's hand and a screen reader meet it. The results are made up: what is shown is tested elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bridge import Bridge
from app.preferences import MAX_CELL_PX, MIN_CELL_PX
from app.show.grid_model import GridModel
from app.show.grid_view import GridView
from app.show.thumbnails import Thumbnails
from core import Answer, FileId, Filters, ItemId, Kind, Outcome, Question, Result, Strength

STRONG, LIKELY, WEAK = 8, 12, 30


def result(number: int, strength: Strength | None = None, taken_at: str = "") -> Result:
    return Result(
        file_id=FileId(number),
        item_id=ItemId(number),
        path=Path(f"/pictures/{number:06}.jpg"),
        kind=Kind.IMAGE,
        colour=0x808080,
        score=0.5,
        strength=strength,
        taken_at=taken_at,
    )


def found(text: str = "dog") -> Answer:
    strengths = [Strength.STRONG] * STRONG + [Strength.LIKELY] * LIKELY + [Strength.WEAK] * WEAK
    results = [result(number, strength) for number, strength in enumerate(strengths)]
    return Answer(Question(text), Outcome.FOUND, results)


def browsed(count: int) -> Answer:
    results = [result(number, taken_at=f"{2020 - number // 1000}-05-05T00:00:00") for number in range(count)]
    return Answer(Question(), Outcome.BROWSE, results)


@pytest.fixture
def grid(qtbot: QtBot) -> GridView:
    bridge = Bridge()
    model = GridModel(bridge)
    view = GridView(model, Thumbnails(bridge, bridge))
    view.setProperty("bridge", bridge)
    qtbot.addWidget(view)
    view.resize(16 * 2 + 14 + 5 * 108, 700)
    view.set_cell_px(100)
    view.show()
    view.show_answer(found())
    view.setFocus()
    assert view.grid.columns == 5
    return view


def selected(grid: GridView) -> list[int]:
    return [chosen.file_id for chosen in grid.selected_results()]


def middle(grid: GridView, row: int) -> QPoint:
    return grid.visualRect(grid.results.index(row)).center()


def click(grid: GridView, row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, middle(grid, row))


def press(grid: GridView, *keys: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    for key in keys:
        QTest.keyClick(grid, key, modifier)


def test_weak_matches_wait_behind_a_button(grid: GridView) -> None:
    assert [section.title for section in grid.results.sections] == ["Strong matches · 8", "Likely · 12"]
    assert grid.results.rowCount() == STRONG + LIKELY
    assert grid.weaker_button.text() == "Show weaker matches (30)"
    grid.weaker_button.click()
    assert [section.title for section in grid.results.sections][-1] == "Weaker · 30"
    assert grid.results.rowCount() == STRONG + LIKELY + WEAK
    assert grid.weaker_button.isHidden()


def test_they_stay_shown_for_the_same_question_only(grid: GridView) -> None:
    grid.show_weaker()
    grid.show_answer(found())
    assert grid.results.hidden_count == 0
    grid.show_answer(found("cat"))
    assert grid.results.hidden_count == WEAK


def test_what_is_browsed_is_under_months(grid: GridView) -> None:
    grid.show_answer(browsed(2500))
    assert [(section.title, section.count) for section in grid.results.sections] == [
        ("May 2020", 1000),
        ("May 2019", 1000),
        ("May 2018", 500),
    ]


def test_arrows_walk_in_two_dimensions_and_across_headings(grid: GridView) -> None:
    click(grid, 0)
    walked = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        press(grid, key)
        walked.append(grid.currentIndex().row())
    assert walked == [1, 6, 9, 8, 5]
    assert selected(grid) == [5]


def test_home_end_and_pages(grid: GridView) -> None:
    grid.show_answer(browsed(1000))
    click(grid, 7)
    press(grid, Qt.Key.Key_End)
    assert grid.currentIndex().row() == 999
    press(grid, Qt.Key.Key_Home)
    assert grid.currentIndex().row() == 0
    press(grid, Qt.Key.Key_PageDown)
    page = grid.currentIndex().row()
    assert page % grid.grid.columns == 0
    assert page > grid.grid.columns
    press(grid, Qt.Key.Key_PageUp)
    assert grid.currentIndex().row() == 0


def test_what_the_keyboard_is_on_is_scrolled_into_sight(grid: GridView) -> None:
    grid.show_answer(browsed(1000))
    click(grid, 0)
    press(grid, Qt.Key.Key_End)
    assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))
    press(grid, Qt.Key.Key_Home)
    assert grid.verticalScrollBar().value() == 0  # its heading too


def test_shift_selects_a_run_ctrl_single_ones(grid: GridView) -> None:
    shift, ctrl = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    click(grid, 2)
    press(grid, Qt.Key.Key_Down, Qt.Key.Key_Right, modifier=shift)
    assert selected(grid) == [2, 3, 4, 5, 6, 7, 8]
    click(grid, 10)
    click(grid, 6, shift)
    assert selected(grid) == [6, 7, 8, 9, 10]
    click(grid, 1, ctrl)
    click(grid, 8, ctrl)
    assert selected(grid) == [1, 6, 7, 9, 10]
    press(grid, Qt.Key.Key_A, modifier=ctrl)
    assert grid.selected_count == STRONG + LIKELY


def test_a_rubber_band_selects_what_it_touches(grid: GridView) -> None:
    start = grid.visualRect(grid.results.index(6)).topLeft() - QPoint(4, 4)  # in the gap
    end = middle(grid, 12)
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for point in (start + QPoint(20, 20), end):
        QTest.mouseMove(grid.viewport(), point)
        QApplication.sendPostedEvents()
    QTest.mouseRelease(grid.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert selected(grid) == [6, 7, 9, 10, 11, 12]


def test_a_press_beside_the_cells_selects_nothing(grid: GridView) -> None:
    click(grid, 3)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert selected(grid) == []


def test_a_newer_answer_to_the_same_question_moves_nothing(grid: GridView) -> None:
    grid.show_answer(browsed(1000))
    click(grid, 4)
    grid.verticalScrollBar().setValue(2000)
    first = grid.indexAt(QPoint(60, 60)).data()
    newer = Answer(Question(), Outcome.BROWSE, [result(5000 + n, taken_at="2021-01-01") for n in range(7)])
    older = grid.results.answer
    assert older is not None
    grid.show_answer(Answer(Question(limit=9), Outcome.BROWSE, [*newer.results, *older.results]))
    assert grid.indexAt(QPoint(60, 60)).data() == first
    assert selected(grid) == [4]
    grid.show_answer(found("cat"))
    assert selected(grid) == []
    assert grid.verticalScrollBar().value() == 0


def test_zooming_is_bounded_and_keeps_the_place(grid: GridView, qtbot: QtBot) -> None:
    grid.show_answer(browsed(3000))
    grid.verticalScrollBar().setValue(5000)
    row = grid.indexAt(QPoint(60, 60)).row()
    with qtbot.waitSignal(grid.zoomed):
        wheel(grid, 120)
    assert grid.wanted_cell_px == 115
    assert abs(grid.grid.cell(row).top() - grid.verticalOffset()) < 2 * grid.grid.step_px
    grid.set_cell_px(10_000)
    assert grid.wanted_cell_px == MAX_CELL_PX
    grid.set_cell_px(1)
    assert grid.wanted_cell_px == MIN_CELL_PX


def wheel(grid: GridView, delta: int) -> None:
    where = QPointF(50, 50)
    event = QWheelEvent(
        where,
        grid.viewport().mapToGlobal(where),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(grid.viewport(), event)


def test_right_to_left_mirrors_the_rows(grid: GridView) -> None:
    grid.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert middle(grid, 0).x() > middle(grid, 1).x()
    click(grid, 3)
    assert selected(grid) == [3]
    press(grid, Qt.Key.Key_Left)
    assert selected(grid) == [4]


def test_a_letter_typed_here_is_meant_for_the_search_field(grid: GridView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(grid.typed) as typed:
        QTest.keyClick(grid, Qt.Key.Key_D)
    assert typed.args == ["d"]


def test_a_screen_reader_finds_a_list_of_named_results(grid: GridView) -> None:
    interface = QAccessible.queryAccessibleInterface(grid)
    assert interface.role() == QAccessible.Role.List
    assert interface.childCount() == STRONG + LIKELY
    cell = interface.child(3)
    assert cell.role() == QAccessible.Role.ListItem
    assert cell.text(QAccessible.Text.Name) == "000003.jpg, photo, strong match"


def test_names_in_tool_tips_are_not_html(grid: GridView) -> None:
    wicked = Result(FileId(1), ItemId(1), Path("/a/<img src=x>.jpg"), Kind.IMAGE, 0, strength=Strength.STRONG)
    grid.show_answer(Answer(Question("x", filters=Filters()), Outcome.FOUND, [wicked]))
    assert "<img" not in str(grid.results.index(0).data(Qt.ItemDataRole.ToolTipRole))


def test_a_hundred_thousand_results_are_laid_out_and_painted_by_the_screenful(grid: GridView) -> None:
    grid.show_answer(browsed(100_000))
    painted: list[int] = []
    delegate = grid.itemDelegate()

    class Counting(type(delegate)):  # type: ignore[misc] - the delegate under test, counting
        def paint(self, painter: object, option: object, index: object) -> None:
            painted.append(index.row())  # type: ignore[attr-defined]
            super().paint(painter, option, index)

    counting = Counting(grid._thumbnails, grid)
    grid.setItemDelegate(counting)
    painted.clear()
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() // 2)
    grid.grab()
    assert 0 < len(painted) < 100


def test_more_is_asked_for_only_where_it_would_be_seen(qtbot: QtBot, grid: GridView) -> None:
    with qtbot.assertNotEmitted(grid.end_neared, wait=120):
        grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    with qtbot.waitSignal(grid.end_neared):
        grid.show_weaker()
        grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())


def test_the_last_band_of_a_list_that_is_not_whole_says_so(grid: GridView) -> None:
    many = found()
    grid.show_answer(replace(many, question=Question("dog", limit=len(many.results))))
    assert grid.weaker_button.text() == "Show weaker matches (30+)"
    grid.show_weaker()
    assert [section.title for section in grid.results.sections] == [
        "Strong matches · 8",
        "Likely · 12",
        "Weaker · 30+",
    ]


def test_the_month_that_is_passed_is_said_while_the_scroll_bar_is_dragged(grid: GridView) -> None:
    grid.show_answer(browsed(2500))
    bar, bubble = grid.verticalScrollBar(), grid.date_bubble
    bar.setSliderDown(True)
    for share, month in ((0.0, "May 2020"), (0.5, "May 2019"), (1.0, "May 2018")):
        bar.setSliderPosition(round(bar.maximum() * share))
        bar.sliderMoved.emit(bar.sliderPosition())
        assert bubble.isVisible()
        assert bubble.text == month
        assert grid.rect().contains(bubble.geometry())
    bar.setSliderDown(False)
    assert not bubble.isVisible()
    grid.show_answer(found())
    bar.sliderMoved.emit(0)
    assert not bubble.isVisible()
