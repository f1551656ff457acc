"""Where a sound or video matches: the bar, the transcript, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.show.badge import clock_of
from app.show.grid_model import GridModel
from app.show.moments_bar import MomentsBar
from app.show.reasons import Stretch, why, why_moment
from app.show.transcript_view import TranscriptView
from core import Answer, FileId, ItemId, Kind, Line, Moment, Outcome, Question, Result, Strength

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of size hints

SEEN = Moment(20_000, 30_000, 0.6, Strength.LIKELY, "looks like")
HEARD = Moment(134_000, 138_000, 0.9, Strength.STRONG, "heard at 2:14", "the train to <b>Lyon</b>")
FILM = Result(
    FileId(1),
    ItemId(1),
    Path("/films/trip.mp4"),
    Kind.VIDEO,
    0,
    score=0.9,
    strength=Strength.STRONG,
    reason=HEARD.reason,
    start_ms=HEARD.start_ms,
    end_ms=HEARD.end_ms,
    line=HEARD.line,
    moments=(SEEN, HEARD),
    duration_ms=200_000,
)
LINES = (
    Line(0, 4000, "We begin."),
    Line(134_000, 138_000, "the train to <b>Lyon</b>"),
    Line(139_000, 141_000, "\u202eand\nback"),
)


@pytest.fixture
def bar(qtbot: QtBot) -> MomentsBar:
    bar = MomentsBar(96)
    qtbot.addWidget(bar)
    bar.resize(316, bar.sizeHint().height())
    bar.show_result(FILM, waved=False)
    bar.show()
    return bar


@pytest.fixture
def chosen(bar: MomentsBar) -> list[Stretch]:
    said: list[Stretch] = []
    bar.chose.connect(said.append)
    return said


def press(bar: MomentsBar, share: float) -> None:
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(round(8 + 300 * share), 10))


def test_a_press_chooses_the_moment_or_the_instant_that_is_there(bar: MomentsBar, chosen: list[Stretch]) -> None:
    assert bar.chosen == Stretch(134_000, 138_000)
    press(bar, 0.125)
    press(bar, 0.5)
    press(bar, 0.685)
    assert chosen[0] == Stretch(20_000, 30_000)
    assert chosen[1].start_ms == pytest.approx(100_000, abs=1000)
    assert chosen[2] == Stretch(134_000, 138_000)
    assert "now at 2:14" in bar.accessibleDescription()


def test_arrow_keys_go_from_moment_to_moment(bar: MomentsBar, chosen: list[Stretch]) -> None:
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert chosen == []
    QTest.keyClick(bar, Qt.Key.Key_Left)
    QTest.keyClick(bar, Qt.Key.Key_Left)
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert chosen == [Stretch(20_000, 30_000), Stretch(134_000, 138_000)]


def test_the_tool_tip_says_time_and_reason_and_no_markup(bar: MomentsBar) -> None:
    assert "Likely match · looks like at 0:20" in bar.tip_at(8 + 300 * 0.125)
    assert "heard at 2:14: “the train to &lt;b&gt;Lyon&lt;/b&gt;”" in bar.tip_at(8 + 300 * 0.68)
    assert "1:40" in bar.tip_at(8 + 150)


@pytest.fixture
def transcript(qtbot: QtBot) -> TranscriptView:
    transcript = TranscriptView()
    qtbot.addWidget(transcript)
    transcript.resize(280, 200)
    transcript.show_lines(LINES, {Stretch(134_000, 138_000)})
    transcript.show()
    return transcript


def test_what_is_said_is_plain_text_and_marked_where_it_matches(transcript: TranscriptView) -> None:
    assert transcript.toPlainText() == "We begin.\nthe train to <b>Lyon</b>\n\ufffdand back"
    assert [transcript.is_marked(number) for number in range(3)] == [False, True, False]
    assert [transcript.clock(number) for number in range(3)] == ["0:00", "2:14", "2:19"]


def shaded(transcript: TranscriptView) -> list[int]:
    return [selection.cursor.blockNumber() for selection in transcript.extraSelections()]


def test_a_press_on_a_line_chooses_its_moment(transcript: TranscriptView) -> None:
    said: list[Stretch] = []
    transcript.chose.connect(said.append)
    block = transcript.document().findBlockByNumber(1)
    place = transcript.blockBoundingGeometry(block).translated(transcript.contentOffset()).center().toPoint()
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert said == [Stretch(134_000, 138_000)]
    transcript.choose(Stretch(140_000, 140_500))
    assert shaded(transcript) == [1, 2]
    transcript.choose(Stretch(60_000, 64_000))
    assert shaded(transcript) == [1]


def test_ten_hours_of_talk_stay_within_bounds(transcript: TranscriptView) -> None:
    many = [Line(number * 4000, number * 4000 + 3000, f"Sentence {number} of many.") for number in range(9000)]
    transcript.show_lines(many, {Stretch(many[8000].start_ms, many[8000].end_ms)})
    assert transcript.height() <= 200
    transcript.choose(Stretch(many[8000].start_ms, many[8000].end_ms))
    assert transcript.firstVisibleBlock().blockNumber() in range(7980, 8001)


def test_why_says_the_moment_and_what_is_heard() -> None:
    assert why(FILM) == "Strong match · heard at 2:14: “the train to <b>Lyon</b>”"
    assert why_moment(SEEN) == "Likely match · looks like at 0:20"


def test_a_cell_says_kind_length_moment_and_reason() -> None:
    model = GridModel()
    model.set_answer(Answer(Question("a train"), Outcome.FOUND, [FILM]))
    said: Callable[[Qt.ItemDataRole], object] = model.index(0).data
    assert said(Qt.ItemDataRole.AccessibleTextRole) == (
        "trip.mp4, video, 3:20 long, strong match, heard at 2:14: “the train to <b>Lyon</b>”"
    )
    assert "<b>" not in str(said(Qt.ItemDataRole.ToolTipRole))


def test_enter_on_a_line_goes_to_its_moment(qtbot: QtBot) -> None:
    transcript = TranscriptView()
    qtbot.addWidget(transcript)
    transcript.show_lines(LINES, ())
    transcript.show()
    chosen: list[Stretch] = []
    transcript.chose.connect(chosen.append)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(transcript, key)
    assert [stretch.start_ms for stretch in chosen] == [0, 134_000, 0]


def test_a_moment_is_told_from_a_length() -> None:
    assert clock_of(FILM) == "at 2:14"
    assert clock_of(replace(FILM, start_ms=None, end_ms=None)) == "3:20"
