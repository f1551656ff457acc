"""Whether the window ever stands still while the engine works as hard as it can.

The real window on the real engine, on a library of many photos (the one that scale.py makes) that is scrolled through
while a folder of new photos is read. A beat every 5 ms on the GUI thread; a gap is the time between two beats. Of each
gap the kernel also says how much of it the thread was running itself, and how much it only waited for a processor: on
a shared machine the latter is mostly the doing of others, which the same minute at rest, in the same run, shows.

    python benchmarks/heartbeat.py [--items 20000] [--library DIR] [--seconds 60] [--pace full]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from feed import write_photos
from grid import BEAT_MS, every, spin
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from report import heading
from scale import build

from app.bridge import Bridge
from app.garbage import Garbage
from app.messages import Messages
from app.preferences import Preferences
from app.theme import Theme
from app.window import Window
from core import Activity, Settings, open_engine
from core.paths import LibraryPaths

SCROLL_MS = 40
LONG_MS = 200


class Heartbeat:
    """Beats on the GUI thread, and notes of each gap: how long, how long running, how long waiting for a processor."""

    def __init__(self) -> None:
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._last = self._now()
        self.gaps_ms: list[np.ndarray] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _now(self) -> np.ndarray:
        waited_ns = int(self._schedule.read_text().split()[1])
        return np.array([time.perf_counter_ns(), time.thread_time_ns(), waited_ns]) / 1e6

    def _beat(self) -> None:
        now = self._now()
        self.gaps_ms.append(now - self._last)
        self._last = now

    def report(self, phase: str) -> None:
        """Prints what was measured since the last report."""
        gaps, self.gaps_ms = np.array(self.gaps_ms), []
        wall, running, waiting = gaps.T
        ours = wall - waiting
        print(f"  {phase} ({len(gaps):,} beats)")
        for title, values in (
            ("gap", wall),
            ("of it not waiting for a processor", ours),
            ("of it running", running),
        ):
            p99, longest = np.percentile(values, 99), values.max()
            late = int((values > LONG_MS).sum())
            print(f"    {title:36} p99 {p99:6.1f} ms, longest {longest:6.1f} ms, {late} over {LONG_MS} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--photos", type=int, default=15_000, help="to be read meanwhile")
    parser.add_argument("--pace", choices=("gentle", "full"), default="full")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    heading("heartbeat")
    with tempfile.TemporaryDirectory(prefix="likewise-heartbeat-") as temporary:
        folder = arguments.library or Path(temporary) / "library"
        if not LibraryPaths(folder).catalog.exists():
            build(LibraryPaths(folder), arguments.items, [])
        write_photos(Path(temporary) / "new", arguments.photos)
        run(folder, Path(temporary) / "new", arguments)


def run(folder: Path, photos: Path, arguments: argparse.Namespace) -> None:
    application = QApplication([])
    with open_engine(folder, Settings(pace=arguments.pace)) as engine:
        engine.opened.result()
        bridge = Bridge()
        window = Window(bridge, Messages(bridge), Preferences(folder / "bench.ini"), Theme(application))
        garbage = Garbage(application)
        window.search.answered.connect(garbage.set_aside)
        window.resize(1280, 800)
        window.show()
        bridge.connect_engine(engine)
        engine.start(watch=False)
        spin(3000)
        while window.results.rowCount() < arguments.items:
            window.search.ask_for_more()
            spin(1000)
        idle = engine.wait_idle()
        while not idle.done():
            spin(200)
        bar = window.grid.verticalScrollBar()
        chance = random.Random(0)

        def scroll() -> None:
            bar.setValue(max(0, min(bar.maximum(), bar.value() + chance.randrange(-400, 500))))

        heartbeat = Heartbeat()
        every(SCROLL_MS, scroll, arguments.seconds * 1000)
        heartbeat.report("at rest, scrolled")
        adding = engine.add_folder(photos)
        while not adding.done() or engine.progress.activity is not Activity.INDEXING or engine.progress.done < 100:
            spin(100)
        heartbeat.report("photos begin to be read")
        begun, started = engine.progress.done, time.perf_counter()
        every(SCROLL_MS, scroll, arguments.seconds * 1000)
        done, passed = engine.progress.done - begun, time.perf_counter() - started
        heartbeat.report("photos are read, scrolled")
        assert engine.progress.activity is Activity.INDEXING, "more --photos are needed"
        print(f"    meanwhile {done:,} photos, {done / passed:.0f} a second; {window.results.rowCount():,} in the list")
        bridge.close()
        garbage.stop()


if __name__ == "__main__":
    main()
