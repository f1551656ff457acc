"""Work waits when the user says so, and when the computer has something better to do; it is said why."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core import (
    Activity,
    Engine,
    EventBus,
    Example,
    PauseReason,
    Progress,
    ProgressChanged,
    Question,
    Settings,
    open_engine,
    pausing,
)
from core.pausing import BUSY_SHARE, CALM_SHARE, LOOK_EVERY_S, Pausing
from core.runtime import power
from core.tally import Tally
from tests.conftest import WAIT_S, children, until
from tests.core.runtime.test_circumstances import BATTERY, MAINS, UNPLUGGED, write_supplies
from tests.core.steps import index


class Computer:
    """What it does, as a test wants it."""

    def __init__(self, **settings: bool) -> None:
        self.settings = Settings(**settings)  # type: ignore[arg-type]
        self.battery = False
        self.busy = 0.0
        self.now = 0.0
        self.pausing = Pausing(
            lambda: self.settings, on_battery=lambda: self.battery, busyness=lambda: self.busy, clock=lambda: self.now
        )
        self.pausing.follow()

    def later(self, **changes: object) -> PauseReason | None:
        """Why it waits some time after these changes."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.now += LOOK_EVERY_S
        return self.pausing.reason()


def test_circumstances_count_only_where_the_settings_say_so() -> None:
    assert Computer().later(battery=True, busy=1.0) is None
    assert Computer(only_on_mains=True).later(battery=True) is PauseReason.BATTERY
    assert Computer(only_when_idle=True).later(battery=True, busy=1.0) is PauseReason.BUSY


def test_the_users_own_pause_is_said_first() -> None:
    computer = Computer(only_on_mains=True)
    computer.pausing.pause(PauseReason.USER)
    assert computer.later(battery=True) is PauseReason.USER
    computer.later(battery=False)
    assert computer.pausing.reason() is PauseReason.USER


def test_resume_goes_on_whatever_holds_until_it_has_passed_and_comes_again() -> None:
    computer = Computer(only_on_mains=True)
    assert computer.later(battery=True) is PauseReason.BATTERY
    computer.pausing.resume()
    assert computer.later() is None
    assert computer.later(battery=False) is None
    assert computer.later(battery=True) is PauseReason.BATTERY


def test_being_busy_ends_later_than_it_begins() -> None:
    computer = Computer(only_when_idle=True)
    between = (BUSY_SHARE + CALM_SHARE) / 2
    assert computer.later(busy=between) is None
    assert computer.later(busy=BUSY_SHARE + 0.01) is PauseReason.BUSY
    assert computer.later(busy=between) is PauseReason.BUSY
    assert computer.later(busy=CALM_SHARE - 0.01) is None
    assert computer.later(busy=between) is None


def test_another_setting_counts_at_once() -> None:
    computer = Computer()
    assert computer.later(battery=True) is None
    computer.settings = replace(computer.settings, only_on_mains=True)
    computer.pausing.look_again()
    assert computer.pausing.reason() is PauseReason.BATTERY


@pytest.fixture
def open_kept(tmp_path: Path, model_cache: Path) -> Iterator[Callable[[], Engine]]:
    """Opens the engine on this test's library, with the settings that it keeps; closes the one before."""
    opened: list[Engine] = []

    def open_it() -> Engine:
        for engine in opened:
            engine.close(WAIT_S)
        opened[:] = [open_engine(tmp_path / "library")]
        return opened[0]

    yield open_it
    for engine in opened:
        engine.close(WAIT_S)


def test_pausing_survives_a_restart_and_so_does_going_on(open_kept: Callable[[], Engine], photos: Path) -> None:
    engine = open_kept()
    engine.start(watch=True)
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)

    engine = open_kept()
    engine.start(watch=True)
    until(lambda: engine.progress == Progress(Activity.PAUSED, 0, 8, paused=PauseReason.USER))
    engine.resume()
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 0
    shutil.copy(photos / "coffee.png", photos / "another.png")

    engine = open_kept()
    engine.start(watch=True)
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).files == 9


def test_a_command_does_what_it_is_told_in_a_paused_library(open_kept: Callable[[], Engine], photos: Path) -> None:
    engine = open_kept()
    engine.pause()

    engine = open_kept()
    assert engine.settings.paused
    engine.start(watch=False)
    index(engine, photos)
    assert engine.status().result(WAIT_S).waiting == 0
    assert engine.settings.paused, "for the window it stays so"


def test_on_battery_it_waits_for_the_mains(
    open_kept: Callable[[], Engine], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "SUPPLIES", tmp_path / "power")
    monkeypatch.setattr(pausing, "LOOK_EVERY_S", 0.1)
    write_supplies(tmp_path / "power", BATTERY, UNPLUGGED)
    engine = open_kept()
    engine.change_settings(replace(engine.settings, only_on_mains=True)).result(WAIT_S)
    engine.start(watch=True)
    engine.add_folder(photos).result(WAIT_S)
    until(lambda: engine.progress.paused is PauseReason.BATTERY and engine.progress.total == 8)

    write_supplies(tmp_path / "power", BATTERY, MAINS)
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 0
    assert engine.progress.paused is None


def niceness(others: Collection[int]) -> list[int]:
    """How far each child process but the `others` stands back behind this one."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    return sorted(os.getpriority(os.PRIO_PROCESS, pid) - usual for pid in children() if pid not in others)


def test_the_pace_counts_at_once(tmp_path: Path, photos: Path, model_cache: Path) -> None:
    settings = Settings(decode_processes=3)
    others = children()  # of an engine that a wider fixture runs
    with open_engine(tmp_path / "library", settings) as engine:
        engine.start(watch=False)
        index(engine, photos)
        assert set(niceness(others)) == {10}

        engine.change_settings(replace(settings, pace="full", decode_processes=1)).result(WAIT_S)
        turned = tmp_path / "turned.png"
        Image.open(photos / "chelsea.png").rotate(90).save(turned)
        like = Question(examples=(Example(path=turned),))  # unknown, so it is read each time

        def one_process_reads_and_stands_back_less() -> bool:
            engine.search(like).result(WAIT_S)
            return niceness(others) == [8]

        until(one_process_reads_and_stands_back_less)


def test_work_left_is_counted_apart_for_each_sort_and_right_over_a_pause_and_a_scan() -> None:
    events = EventBus()
    told: list[Progress] = []
    events.subscribe(lambda event: told.append(event.progress) if isinstance(event, ProgressChanged) else None)
    tally = Tally(events)

    def now() -> tuple[Activity, int, int]:
        tally.say()
        return told[-1].activity, told[-1].done, told[-1].total

    tally.work(listens=False, left=10)
    tally.finish(4)
    tally.pause(PauseReason.USER)
    assert now() == (Activity.PAUSED, 4, 10)
    tally.count_again(left=8)
    tally.pause(PauseReason.USER)
    assert now() == (Activity.PAUSED, 4, 12), "found while paused"
    tally.work(listens=False, left=8)
    tally.finish(8)
    assert now() == (Activity.INDEXING, 12, 12)
    tally.work(listens=True, left=3)
    assert now() == (Activity.LISTENING, 0, 3)
    tally.finish(1)
    tally.pause(PauseReason.BATTERY)
    tally.work(listens=True, left=2)
    assert now() == (Activity.LISTENING, 1, 3)
    assert tally.rest()
    tally.work(listens=False, left=2)
    assert now() == (Activity.INDEXING, 0, 2)


def test_nobody_who_pauses_waits_until_the_computer_has_said_how_it_is() -> None:
    asked, let_go = threading.Event(), threading.Event()

    def on_battery() -> bool:
        asked.set()
        return let_go.wait(WAIT_S)

    pausing = Pausing(lambda: Settings(only_on_mains=True), on_battery=on_battery, busyness=lambda: 0.0)
    pausing.follow()
    looking = threading.Thread(target=pausing.reason)
    looking.start()
    try:
        assert asked.wait(WAIT_S)
        pausing.pause(PauseReason.USER)
        assert pausing.reason() is PauseReason.USER
        pausing.resume()
        assert pausing.reason() is None
    finally:
        let_go.set()
        looking.join(WAIT_S)
    assert pausing.reason() is PauseReason.BATTERY
