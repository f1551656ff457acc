"""How long closing the window takes, at any moment: from the click to the end of the program, while it imports, opens
its library, looks through a folder, reads new photos, or has done so; against a bare Qt window in the same run.

    python benchmarks/quitting.py [--times 100] [--latest-ms 2500] [--seed 1]    # needs $LIKEWISE_SHARED

Each end is checked: exit code 0, not a word on stderr (Qt's warnings included), and a library that was closed in order.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from feed import sources, write_photo
from report import heading, percentiles

from core.records import Kind

PROGRAM = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from app import running

class Hurried(running.Session):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        QTimer.singleShot(int(sys.argv[1]), self.quit)

    def quit(self):
        print(time.monotonic(), flush=True)
        self.window.close()

running.Session = Hurried
sys.exit(running.run(Path(sys.argv[2]), [Path(sys.argv[3])]))
"""
BARE = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

application = QApplication([])
window = QWidget()
window.show()

def quit():
    print(time.monotonic(), flush=True)
    window.close()

QTimer.singleShot(int(sys.argv[1]), quit)
sys.exit(application.exec())
"""
BARE_TIMES = 10


def seconds_to_close(program: str, after_ms: int, *arguments: Path) -> float:
    """Starts it, closes its window so much after it was made; how long the process then still lived.

    Raises AssertionError if it did not end well.
    """
    ended = subprocess.run(
        [sys.executable, "-c", program, str(after_ms), *arguments], capture_output=True, text=True, check=False
    )
    now = time.monotonic()
    assert (ended.returncode, ended.stderr) == (0, ""), f"closed after {after_ms} ms: {ended}"
    return now - float(ended.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--latest-ms", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    heading("quitting")
    chance, originals = random.Random(arguments.seed), sources(Kind.IMAGE)
    with tempfile.TemporaryDirectory(prefix="likewise-quitting-") as temporary:
        library, photos = Path(temporary, "library"), Path(temporary, "photos")
        photos.mkdir()
        bare = [seconds_to_close(BARE, 200) for _ in range(BARE_TIMES)]
        times = []
        for number in range(arguments.times):
            write_photo(photos / f"{number}.jpg", originals, number)
            moment = int(chance.triangular(0, arguments.latest_ms, arguments.latest_ms / 8))
            times.append(seconds_to_close(PROGRAM, moment, library, photos))
            assert not (library / ".open-since").exists(), f"closed after {moment} ms: not in order"
        print(f"  a bare window: p50 {np.median(bare) * 1000:.0f} ms")
        taken = percentiles([1000 * seconds for seconds in times])
        print(f"  Likewise, {len(times)} times: {taken}, longest {max(times):.2f} s")
        print(f"  ratio of the medians {np.median(times) / np.median(bare):.1f}")


if __name__ == "__main__":
    main()
