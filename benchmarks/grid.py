"""The window on a library of 100,000 photos: how soon it is there and answers, and whether scrolling ever stutters.

The real window on the real engine; the library is the one that scale.py makes (real thumbnails, repeated), without
vectors, since browsing needs none; for the first answer to words give a library that scale.py kept, which has them. A
heartbeat timer measures for how long the GUI thread was ever busy: the gap is the
time between two beats of a 5 ms timer.

    python benchmarks/grid.py [--items 100000] [--library DIR]     # a kept DIR is built once and reused
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication
from report import heading
from scale import build

from app.bridge import Bridge
from app.garbage import Garbage
from app.messages import Messages
from app.preferences import Preferences
from app.theme import Theme
from app.window import Window
from core import open_engine
from core.paths import LibraryPaths

BEAT_MS = 5
FRAME_MS = 16
PHASE_MS = 12_000
FIRST_PAINT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.running import Session
application = QApplication([])
session = Session(application, Path(sys.argv[1]))
session.prepare = application.quit  # what the first paint would begin
session.window.show()
application.exec()
"""
FIRST_ANSWER = """
import sys
import time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.running import Session
application = QApplication([])
session = Session(application, Path(sys.argv[1]))

def finish(answer):
    print(time.time(), len(answer.results))
    application.quit()

session.window.question.set_text("a dog on a beach")
session.window.search.answered.connect(finish)
session.window.show()
application.exec()
session.close()
"""
START_TIMEOUT_S = 30


class Heartbeat:
    """Beats on the GUI thread; `gaps_ms` are the times between beats."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.gaps_ms: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append((now - self._last) * 1000)
        self._last = now

    def report(self, phase: str) -> None:
        """Prints what was measured since the last report."""
        gaps, self.gaps_ms = np.array(self.gaps_ms), []
        p99, longest = np.percentile(gaps, 99), gaps.max()
        late = int((gaps > 50).sum())
        print(f"{phase:28} p99 gap {p99:5.1f} ms, longest {longest:5.1f} ms, {late} over 50 ms of {len(gaps):,} beats")


def spin(ms: int) -> None:
    """Lets the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def every(period_ms: int, act: Callable[[], object], for_ms: int) -> None:
    """Does `act` again and again while the window lives."""
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(act)
    timer.start(period_ms)
    spin(for_ms)
    timer.stop()


def measure_first_paint(folder: Path, times: int = 5) -> None:
    """From starting the process to the first paint."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", FIRST_PAINT, str(folder)], check=True, timeout=START_TIMEOUT_S)
        taken.append(time.perf_counter() - started)
    print(f"window on screen: median {np.median(taken):.2f} s, best {min(taken):.2f} s (process start to first paint)")


def measure_first_answer(folder: Path) -> None:
    """From starting the process to results for words; the library is opened and the models are loaded on the way."""
    started = time.time()
    ended = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER, str(folder)],
        check=True,
        timeout=START_TIMEOUT_S,
        stdout=subprocess.PIPE,
        text=True,
    )
    answered_at, results = ended.stdout.split()
    print(f"first answer to words: {float(answered_at) - started:.2f} s (process start to {results} results)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    heading("grid")
    folder = arguments.library or Path(tempfile.mkdtemp(prefix="likewise-grid-")) / "library"
    if not LibraryPaths(folder).catalog.exists():
        build(LibraryPaths(folder), arguments.items, [])
    measure_first_paint(folder)
    measure_first_answer(folder)
    application = QApplication([])
    with open_engine(folder) as engine:
        engine.opened.result()
        bridge = Bridge()
        window = Window(bridge, Messages(bridge), Preferences(folder / "bench.ini"), Theme(application))
        garbage = Garbage(application)
        window.search.answered.connect(garbage.set_aside)
        window.resize(1280, 800)
        window.show()
        bridge.connect_engine(engine)
        spin(1500)
        heartbeat = Heartbeat()
        while window.results.rowCount() < arguments.items:
            window.search.ask_for_more()
            spin(1000)
        heartbeat.report("the list grows to all")
        bar = window.grid.verticalScrollBar()
        every(FRAME_MS, lambda: bar.setValue(bar.value() + 60), PHASE_MS)
        heartbeat.report("wheel, 60 px a frame")
        every(FRAME_MS, lambda: bar.setValue(bar.value() + 700), PHASE_MS)
        heartbeat.report("a screen a frame")
        chance = random.Random(0)
        every(80, lambda: bar.setValue(chance.randrange(bar.maximum())), PHASE_MS)
        heartbeat.report("jumps all over")
        every(40, lambda: window.grid.set_cell_px(chance.randrange(96, 320)), PHASE_MS // 2)
        heartbeat.report("thumbnail size dragged")
        window.grid.selectAll()
        spin(500)
        heartbeat.report("all selected")
        bridge.close()


if __name__ == "__main__":
    main()
