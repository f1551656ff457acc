"""Sounds and videos in the window, with a real engine that decoded them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app import desktop, finish
from app.ask.chips import Chip
from app.folders.folders_model import FoldersModel, Place
from app.show.reasons import Stretch
from app.window import Window
from core import Activity, Engine, Example, Kind, Progress, ProgressChanged, Question, Settings, open_engine
from tests.app.conftest import WAIT_MS, WAIT_S
from tests.app.hands import drag, select, shown, type_words, wait_for
from tests.core.decode.media import noise, plain, tone, write_sound, write_video

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory, sample_photos: list[Path]) -> Path:
    """A folder with a photo, a video of two colours, and two sounds."""
    folder = tmp_path_factory.mktemp("media") / "Mixed"
    folder.mkdir()
    shutil.copy(sample_photos[1], folder / "chelsea.png")
    frames = [plain((200, 30, 30))] * 75 + [plain((30, 60, 200))] * 75
    write_video(folder / "film.mp4", frames, sound=tone(6))
    write_sound(folder / "hum.wav", tone(5), "pcm_s16le", tags={"title": "A <i>hum</i>"})
    write_sound(folder / "rain.wav", noise(4), "pcm_s16le")
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, media: Path, model_cache: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path_factory.mktemp("library"), Settings(decode_processes=1))
    engine.start(watch=False)
    engine.add_folder(media).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    yield engine
    engine.close()


@pytest.fixture
def window(open_window: Callable[[Engine], Window], engine: Engine) -> Window:
    return open_window(engine)


def go_to(window: Window, name: str) -> None:
    select(window, shown(window).index(name))


def test_the_sidebar_leads_to_each_kind_by_keyboard(qtbot: QtBot, window: Window) -> None:
    assert window.status.text.text() == "1 photo, 1 video, 2 sounds"
    places = window.sidebar.list
    places.setFocus()
    seen = []
    for _ in range(3):
        QTest.keyClick(places, Qt.Key.Key_Down)
        kinds = window.question.asked.filters.kinds
        wait_for(qtbot, lambda kinds=kinds: window.results.answer.question.filters.kinds == kinds)
        seen.append((places.currentIndex().data(), sorted(shown(window)), window.status.text.text()))
    assert seen == [
        ("Photos", ["chelsea.png"], "1 photo"),
        ("Videos", ["film.mp4"], "1 video"),
        ("Sounds", ["hum.wav", "rain.wav"], "2 sounds"),
    ]
    window.field.edit.setFocus()
    QTest.keyClick(window.field.edit, Qt.Key.Key_Backspace)
    assert places.currentIndex() == window.folders_model.index_of(Place.ALL)


def test_a_video_shows_the_frame_of_the_moment_that_is_chosen(qtbot: QtBot, window: Window) -> None:
    go_to(window, "film.mp4")
    details = window.details
    wait_for(qtbot, lambda: details.picture.is_sharp and details.rows["Length"].text() == "0:06")
    assert details.media.bar.isVisible()
    assert not details.moment_button.isVisible()
    red = details.picture.grab().toImage().pixelColor(details.picture.rect().center())
    bar = details.media.bar
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.rect().center() * 1.6)
    wait_for(qtbot, lambda: details.picture.at_ms > 3000 and details.picture.is_sharp)
    blue = details.picture.grab().toImage().pixelColor(details.picture.rect().center())
    assert red.red() > red.blue()
    assert blue.blue() > blue.red()
    assert details.moment_button.isVisible()


def test_the_best_moment_is_shown_first_and_asked_with(qtbot: QtBot, window: Window, media: Path) -> None:
    go_to(window, "film.mp4")
    result = replace(window.grid.current_result(), start_ms=3000, end_ms=6000, reason="looks like")
    window.details.show_results(result, 1)
    assert window.details.media.chosen == Stretch(3000, 6000)
    assert window.details.picture.at_ms == 4500
    window.actions_["moment"].trigger()
    (chip,) = window.question.asked.chips
    assert chip.example == Example(path=media / "film.mp4", file_id=result.file_id, start_ms=3000, end_ms=6000)
    assert chip.label == "film.mp4 0:03"
    wait_for(qtbot, lambda: shown(window)[:1] == ["film.mp4"])


def test_a_sound_shows_how_loud_it_is_and_what_it_is_called(qtbot: QtBot, window: Window) -> None:
    go_to(window, "hum.wav")
    details = window.details
    wait_for(qtbot, lambda: details.rows["Title"].text() == "A <i>hum</i>")
    assert details.rows["Title"].textFormat() == Qt.TextFormat.PlainText
    assert details.media.bar.isVisible()
    assert not details.picture.isVisible()
    assert details.rows["Size"].text().count("·") == 1
    go_to(window, "chelsea.png")
    assert details.picture.isVisible()
    assert not details.media.bar.isVisible()
    assert not window.actions_["moment"].isVisible()


def test_quick_look_walks_through_moments_with_shift(qtbot: QtBot, window: Window) -> None:
    go_to(window, "film.mp4")
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    look = window.quick_look
    wait_for(qtbot, lambda: look.picture.is_sharp)
    QTest.keyClick(look, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert look.hint.text() == "At 0:00"
    for _ in range(12):
        QTest.keyClick(look, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert look.hint.text() == "At 0:03"
    assert look.name.text() == "film.mp4"


def test_more_and_less_like_this_are_chips_that_can_be_turned(qtbot: QtBot, window: Window) -> None:
    go_to(window, "hum.wav")
    window.actions_["more_like"].trigger()
    go_to_again = shown(window).index("rain.wav")
    select(window, go_to_again)
    window.actions_["less_like"].trigger()
    asked = [(chip.label, chip.example.less) for chip in window.question.asked.chips]
    assert asked == [("hum.wav", False), ("rain.wav", True)]
    wait_for(qtbot, lambda: sum(chip.isVisible() for chip in window.field.findChildren(Chip)) == 2)
    (rain,) = [chip for chip in window.field.findChildren(Chip) if chip.isVisible() and "rain" in chip.text()]
    assert rain.accessibleName() == "Less like rain.wav: remove from the question"
    QTest.keyClick(rain, Qt.Key.Key_Minus)
    assert window.question.asked.chips[1].example.less
    QTest.keyClick(rain, Qt.Key.Key_Plus)
    assert not window.question.asked.chips[1].example.less


def test_unwanted_words_are_shown_and_asked(
    qtbot: QtBot, window: Window, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []
    search = engine.search

    def listen(question: Question, *, cancel_older: bool = False) -> object:
        asked.append(question)
        return search(question, cancel_older=cancel_older)

    monkeypatch.setattr(engine, "search", listen)
    window.field.edit.setFocus()
    QTest.keyClicks(window.field.edit, "a cat -beach")
    wait_for(qtbot, lambda: bool(asked))
    assert (asked[-1].text, asked[-1].without) == ("a cat", "beach")
    assert window.field.hint.isVisible()
    assert window.field.hint.text() == "without beach"
    QTest.keyClick(window.field.edit, Qt.Key.Key_Escape)
    assert not window.field.hint.isVisible()


def test_dropped_sounds_and_videos_are_examples(qtbot: QtBot, window: Window, media: Path, tmp_path: Path) -> None:
    other = shutil.copy(media / "rain.wav", tmp_path / "from elsewhere.wav")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (other, media / "film.mp4")])
    assert drag(window, mime)
    wait_for(qtbot, lambda: len(window.question.asked.chips) == 2)
    chips = window.question.asked.chips
    assert [(chip.label, chip.kind) for chip in chips] == [
        ("from elsewhere.wav", Kind.AUDIO),
        ("film.mp4", Kind.VIDEO),
    ]
    wait_for(qtbot, lambda: window.results.answer is not None and len(window.results.answer.question.examples) == 2)


def test_words_find_a_photo_among_other_media(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "chelsea")
    wait_for(qtbot, lambda: shown(window)[:1] == ["chelsea.png"])


@pytest.mark.parametrize(
    ("lasted_s", "waiting", "told"),
    [(61, 0, [("All new media can be found", "1 photo, 1 video, 2 sounds")]), (5, 0, []), (61, 3, [])],
)
def test_the_end_of_long_work_is_told_to_who_looks_elsewhere(
    qtbot: QtBot,
    window: Window,
    monkeypatch: pytest.MonkeyPatch,
    lasted_s: float,
    waiting: int,
    told: list[tuple[str, str]],
) -> None:
    """Of work that was stopped, some waits; then not all can be found."""
    monkeypatch.setattr(FoldersModel, "waiting", waiting)
    notices: list[tuple[str, str]] = []
    monkeypatch.setattr(desktop, "notify", lambda title, text: notices.append((title, text)))
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    ends = finish.Finish(window, window.folders_model)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ends.hear(ProgressChanged(Progress(Activity.INDEXING, 1, 9)))
    now += lasted_s
    ends.hear(ProgressChanged(Progress()))
    ends.hear(ProgressChanged(Progress()))
    with qtbot.waitSignal(window.folders_model.updated, timeout=WAIT_MS):
        window.folders_model.refresh()
    assert notices == told
