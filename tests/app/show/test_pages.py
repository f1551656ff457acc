"""Every state without results has a page that says why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controls import Label
from app.show.pages import PageView, View, Way, choose_page
from app.show.status_line import StatusLine, say
from core import (
    Activity,
    Answer,
    CoreError,
    FileId,
    Filters,
    ItemId,
    Kind,
    Outcome,
    PauseReason,
    Progress,
    Question,
    Result,
    Strength,
)

WEAK = Result(FileId(1), ItemId(1), Path("/a.jpg"), Kind.IMAGE, 0, strength=Strength.WEAK)
NOTHING = Answer(Question(), Outcome.EMPTY_LIBRARY)
FILTERS = Filters(since="2026-01-01")


@pytest.mark.parametrize(
    ("view", "title", "ways"),
    [
        (
            View(opened=True, answer=NOTHING),
            "Find photos, sounds and videos",
            (Way.ADD_FOLDER, Way.SAMPLES),
        ),
        (View(opened=True, answer=NOTHING, ever_had_folders=True), "No folders", (Way.ADD_FOLDER, Way.SAMPLES)),
        (
            View(opened=True, answer=NOTHING, folders=1, progress=Progress(Activity.SCANNING)),
            "Looking for media",
            (),
        ),
        (View(opened=True, answer=NOTHING, folders=1, progress=Progress(Activity.PAUSED)), "Paused", (Way.RESUME,)),
        (
            View(opened=True, answer=NOTHING, folders=1, failed=3),
            "None of these files could be read",
            (Way.SHOW_PROBLEMS, Way.ADD_FOLDER),
        ),
        (View(opened=True, answer=NOTHING, folders=1), "No media in your folders", (Way.ADD_FOLDER,)),
        (View(opened=True, answer=NOTHING, folders=1, waiting=2100), "Stopped: 2,100 files to be read", (Way.RESUME,)),
        (
            View(opened=True, answer=NOTHING, folders=1, waiting=3, progress=Progress(note="The disk is full.")),
            "Your files cannot be read now",
            (Way.RESUME,),
        ),
        (View(opened=True, folders=1, refusal="gone.jpg is gone."), "This question cannot be answered", (Way.CLEAR,)),
        (
            View(
                opened=True, answer=Answer(Question("xyz"), Outcome.NO_GOOD_MATCH, [WEAK]), folders=1, hidden_weaker=1
            ),
            "Nothing is like “xyz”",
            (Way.SHOW_WEAKER, Way.CLEAR),
        ),
        (
            View(
                opened=True,
                answer=Answer(Question("xyz", filters=FILTERS), Outcome.NO_GOOD_MATCH, [WEAK]),
                folders=1,
                hidden_weaker=1,
            ),
            "Nothing is like “xyz”",
            (Way.SHOW_WEAKER, Way.DROP_FILTERS),
        ),
        (
            View(opened=True, answer=Answer(Question("x", filters=FILTERS), Outcome.FILTERED_OUT), folders=1),
            "Nothing passes these filters",
            (Way.DROP_FILTERS,),
        ),
        (View(failure=CoreError("It is damaged.")), "Likewise cannot open its library", (Way.OTHER_LIBRARY,)),
    ],
)
def test_every_state_has_its_page(view: View, title: str, ways: tuple[Way, ...]) -> None:
    page = choose_page(view)
    assert page is not None
    assert (page.title, page.ways) == (title, ways)
    assert page.text


def test_results_need_no_page() -> None:
    found = Answer(Question("x"), Outcome.FOUND, [WEAK])
    assert choose_page(View(opened=True, answer=found, folders=1)) is None
    weak = Answer(Question("x"), Outcome.NO_GOOD_MATCH, [WEAK])
    assert choose_page(View(opened=True, answer=weak, folders=1, hidden_weaker=0)) is None  # shown on request


def test_a_page_offers_its_ways_as_buttons(qtbot: QtBot) -> None:
    view = PageView()
    qtbot.addWidget(view)
    page = choose_page(View(opened=True, answer=NOTHING))
    assert page is not None
    view.show_page(page)
    first, second = view.buttons()
    assert first.text() == "Add a folder…"
    with qtbot.waitSignal(view.way_chosen) as chosen:
        second.click()
    assert chosen.args == [Way.SAMPLES]


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (
            Progress(Activity.INDEXING, 3204, 18911, 61.2, 250.0),
            "Finding new media · 3,204 of 18,911 · 61 a second · about 4 min left",
        ),
        (Progress(Activity.INDEXING, 3, 10), "Finding new media · 3 of 10"),
        (Progress(Activity.SCANNING, note="/home/me/Pictures"), "Looking for media · /home/me/Pictures"),
        (Progress(Activity.LISTENING, 3, 20), "Listening to what is said · 3 of 20"),
        (Progress(Activity.PAUSED, 3204, 18911, paused=PauseReason.USER), "Paused by you · 3,204 of 18,911"),
        (Progress(Activity.PAUSED, 0, 7, paused=PauseReason.BATTERY), "Paused: on battery · 0 of 7"),
        (Progress(Activity.PAUSED, 0, 7, paused=PauseReason.BUSY), "Paused: other programs are busy · 0 of 7"),
    ],
)
def test_work_is_said_in_one_line(progress: Progress, said: str) -> None:
    assert say(progress) == said


def test_the_line_offers_to_pause_resume_and_stop_while_there_is_work(qtbot: QtBot) -> None:
    line = StatusLine()
    qtbot.addWidget(line)
    line.show_resting("17 photos")
    assert line.text.text() == "17 photos"
    assert line.pause_button.isHidden()
    line.show_progress(Progress(Activity.INDEXING, 1, 2))
    with qtbot.waitSignal(line.pause_asked):
        line.pause_button.click()
    line.show_progress(Progress(Activity.PAUSED, 1, 2))
    with qtbot.waitSignal(line.resume_asked):
        line.pause_button.click()
    with qtbot.waitSignal(line.cancel_asked):
        line.cancel_button.click()
    line.show_progress(Progress())
    assert line.text.text() == "17 photos"


def test_why_work_ended_is_said_at_rest(qtbot: QtBot) -> None:
    line = StatusLine()
    qtbot.addWidget(line)
    line.show_resting("17 photos")
    line.show_progress(Progress(note="The disk is full."))
    assert line.text.text() == "The disk is full."
    assert line.text.toolTip()
    line.show_progress(Progress(Activity.INDEXING, 1, 2))
    assert not line.text.toolTip()


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of windows' sizes
def test_a_page_without_the_hint_shows_no_hint(qtbot: QtBot) -> None:
    view = PageView()
    qtbot.addWidget(view)
    view.show()
    assert [label.text() for label in view.findChildren(Label) if label.isVisible() and label.text()] == []
