"""Asking by words and filters: type, and see the expected picture first."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.folders.folders_model import Place
from app.window import Window
from core import Engine, Filters, Outcome, Question
from tests.app.conftest import WAIT_S
from tests.app.hands import answered, shown, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_everything_is_there_before_anything_is_asked(window: Window) -> None:
    assert window.results.rowCount() == 6
    assert window.results.answer is not None
    assert window.results.answer.outcome is Outcome.BROWSE
    assert window.stage.currentWidget() is window.grid


@pytest.mark.parametrize(
    ("words", "photo"),
    [("a cat", "chelsea.png"), ("a cup of coffee", "coffee.png"), ("motorcycle", "motorcycle_left.png")],
)
def test_words_find_the_photo(qtbot: QtBot, window: Window, words: str, photo: str) -> None:
    type_words(qtbot, window, words)
    assert shown(window)[0] == photo


def test_a_word_is_asked_after_a_silence_not_letter_by_letter(
    qtbot: QtBot, window: Window, indexed: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    search = indexed.search

    def listen(question: Question, *, cancel_older: bool = False) -> object:
        asked.append(question.text)
        return search(question, cancel_older=cancel_older)

    monkeypatch.setattr(indexed, "search", listen)
    type_words(qtbot, window, "motorcycle")
    assert asked == ["motorcycle"]


def test_the_last_results_stay_until_the_new_ones_are_there(qtbot: QtBot, window: Window) -> None:
    counts: list[int] = []
    window.results.modelReset.connect(lambda: counts.append(window.results.rowCount()))
    type_words(qtbot, window, "a cat")
    assert len(counts) == 1
    assert window.stage.currentWidget() is window.grid


def test_the_newest_question_wins(qtbot: QtBot, window: Window) -> None:
    answers: list[str] = []
    window.search.answered.connect(lambda answer: answers.append(answer.question.text))
    for words in ("a cup", "a rocket", "a cat"):
        window.question.set_text(words)
    answered(qtbot, window, "a cat")
    assert shown(window)[0] == "chelsea.png"
    window.question.set_text("a cup of coffee")  # whose answer comes after all that was asked before
    answered(qtbot, window, "a cup of coffee")
    assert answers == ["a cat", "a cup of coffee"]


def test_escape_clears_and_then_leaves(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Escape)
    assert window.field.edit.text() == ""
    answered(qtbot, window, "")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Escape)
    assert window.grid.hasFocus()


def test_down_goes_to_the_first_result_and_typing_comes_back(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Down)
    assert window.grid.hasFocus()
    assert [result.path.name for result in window.grid.selected_results()] == ["chelsea.png"]
    QTest.keyClicks(window.grid, "s")
    assert window.field.edit.hasFocus()
    assert window.field.edit.text() == "a cats"


def test_enter_before_the_answer_selects_the_first_of_the_new_results(qtbot: QtBot, window: Window) -> None:
    window.field.edit.setFocus()
    QTest.keyClicks(window.field.edit, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Return)
    answered(qtbot, window, "a cat")
    assert [result.path.name for result in window.grid.selected_results()] == ["chelsea.png"]
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    assert window.quick_look.isVisible()


def test_enter_before_the_answer_goes_there_from_a_page_too(qtbot: QtBot, window: Window) -> None:
    window.question.set_filters(Filters(until="1950-01-01"))
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.stage.page)
    window.question.drop_filters()
    window.field.edit.setFocus()
    QTest.keyClicks(window.field.edit, "a cat")
    QTest.keyClick(window.field.edit, Qt.Key.Key_Return)
    answered(qtbot, window, "a cat")
    assert window.grid.hasFocus()
    assert [result.path.name for result in window.grid.selected_results()] == ["chelsea.png"]


def test_who_types_on_after_enter_on_a_page_is_left_in_the_field(qtbot: QtBot, window: Window) -> None:
    window.question.set_filters(Filters(until="1950-01-01"))
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.stage.page)
    window.field.edit.setFocus()
    QTest.keyClick(window.field.edit, Qt.Key.Key_Return)
    window.question.drop_filters()
    type_words(qtbot, window, "a cat")
    assert window.field.edit.hasFocus()


def test_enter_in_the_field_leaves_the_problems_for_the_results(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    window.actions_["problems"].trigger()
    window.field.edit.setFocus()
    QTest.keyClick(window.field.edit, Qt.Key.Key_Return)
    assert not window.stage.shows_problems
    assert [result.path.name for result in window.grid.selected_results()] == ["chelsea.png"]


def test_ctrl_f_and_slash_focus_the_field(window: Window) -> None:
    for key, modifier in (
        (Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_Slash, Qt.KeyboardModifier.NoModifier),
    ):
        window.grid.setFocus()
        QTest.keyClick(window.grid, key, modifier)
        assert window.field.edit.hasFocus()


def test_filters_that_exclude_all_are_dropped_by_one_click(qtbot: QtBot, window: Window) -> None:
    window.question.set_filters(Filters(until="1950-01-01"))
    wait_for(qtbot, lambda: window.stage.currentWidget() is window.stage.page)
    assert window.stage.page.page.title == "Nothing passes these filters"
    window.stage.page.buttons()[0].click()
    wait_for(qtbot, lambda: window.results.rowCount() == 6)


def test_chips_show_and_remove_what_is_asked(qtbot: QtBot, window: Window, indexed: Engine) -> None:
    from app.ask.chips import Chip

    (folder,) = indexed.folders().result(WAIT_S)
    window.sidebar.list.setCurrentIndex(window.folders_model.index_of(Place.FOLDER, folder.folder_id))
    assert window.question.asked.filters.folder_id == folder.folder_id
    wait_for(qtbot, lambda: any(chip.isVisible() for chip in window.field.findChildren(Chip)))
    (chip,) = (chip for chip in window.field.findChildren(Chip) if chip.isVisible())
    assert chip.text() == "Photos"
    QTest.keyClick(window.field.edit, Qt.Key.Key_Backspace)
    assert window.question.is_empty
    assert window.sidebar.list.currentIndex() == window.folders_model.index_of(Place.ALL)
    QTest.keyClick(window.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.question.asked.filters.folder_id == folder.folder_id
