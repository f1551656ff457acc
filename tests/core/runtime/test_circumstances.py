"""What the computer is doing: its battery and other programs. The files are laid out as Linux lays out its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from core.runtime import power
from core.runtime.busyness import HALF_LIFE_S, Busyness
from core.runtime.power import on_battery
from core.runtime.worker import Priority, Worker, stand_back
from tests.conftest import WAIT_S

BATTERY = {"type": "Battery", "status": "Discharging", "scope": "System"}
CHARGED = {"type": "Battery", "status": "Full"}
MAINS = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
CHARGER = {"type": "USB", "online": "1"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device"}


def write_supplies(folder: Path, *supplies: dict[str, str]) -> None:
    for number, supply in enumerate(supplies):
        (folder / f"supply{number}").mkdir(parents=True, exist_ok=True)
        for name, value in supply.items():
            (folder / f"supply{number}" / name).write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ([], False),
        ([BATTERY], True),
        ([BATTERY, UNPLUGGED], True),
        ([BATTERY, MAINS], False),
        ([CHARGED, BATTERY, UNPLUGGED], True),
        ([CHARGED, UNPLUGGED], False),
        ([BATTERY, CHARGER], False),
        ([MOUSE], False),
        ([MOUSE, MAINS], False),
    ],
)
def test_a_computer_is_on_battery_when_that_is_all_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, supplies: list[dict[str, str]], expected: bool
) -> None:
    write_supplies(tmp_path, *supplies)
    monkeypatch.setattr(power, "SUPPLIES", tmp_path)
    assert on_battery() is expected


def test_what_macos_says_of_its_battery_is_understood() -> None:
    assert power._says_battery("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t98%; discharging")
    assert not power._says_battery("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t98%; charged")
    assert not power._says_battery("")


class Kernel:
    """Writes what the kernel would: `busy` and `idle` ticks of all processors, and those of three processes.

    Their names are whatever their programs said, in whatever encoding.
    """

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self.now = 0.0

    def write(self, *, busy: int, idle: int, ours: int = 0, our_child: int = 0, other: int = 0) -> None:
        (self._proc / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 2 3\n")
        me = os.getpid()
        for pid, parent, used in ((me, 1, ours), (me + 1, me, our_child), (me + 2, 1, other)):
            (self._proc / str(pid)).mkdir(exist_ok=True)
            (self._proc / str(pid) / "stat").write_bytes(
                f"{pid} (a) b\udcff) S {parent} {'0 ' * 9}{used} 0 0 0 20 0\n".encode(errors="surrogateescape")
            )


def test_others_are_busy_and_we_do_not_count(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.write(busy=1000, idle=1000)
    busyness = Busyness(tmp_path, lambda: kernel.now)
    assert busyness.share() == 0.0, "when first asked"
    kernel.now = 100 * HALF_LIFE_S
    kernel.write(busy=1000 + 600, idle=1000 + 400, ours=200, our_child=100, other=300)
    assert busyness.share() == pytest.approx(0.3)


def test_a_short_moment_of_work_counts_little(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.write(busy=0, idle=0)
    busyness = Busyness(tmp_path, lambda: kernel.now)
    busyness.share()
    kernel.now = HALF_LIFE_S
    kernel.write(busy=1000, idle=0)
    assert busyness.share() == pytest.approx(0.5)
    kernel.now += HALF_LIFE_S
    kernel.write(busy=1000, idle=1000)
    assert busyness.share() == pytest.approx(0.25)


def test_where_the_system_does_not_say_nobody_is_busy(tmp_path: Path) -> None:
    assert Busyness(tmp_path).share() == 0.0
    assert 0.0 <= Busyness().share() <= 1.0


def test_a_thread_that_stands_back_is_replaced_by_one_that_does_not() -> None:
    def nice() -> tuple[int, int]:
        return threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    usual = os.getpriority(os.PRIO_PROCESS, os.getpid())
    worker = Worker("worker")
    try:
        worker.submit_at(Priority.NORMAL, stand_back, 5).result(WAIT_S)
        first, niceness = worker.submit_at(Priority.NORMAL, nice).result(WAIT_S)
        assert niceness == min(19, usual + 5)
        worker.renew()
        second, niceness = worker.submit_at(Priority.NORMAL, nice).result(WAIT_S)
        assert second != first
        assert niceness == usual
    finally:
        assert worker.close(WAIT_S)
    assert not [thread for thread in threading.enumerate() if thread.name == "worker"]
