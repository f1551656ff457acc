"""A long day: the real engine watches a folder in which files come, change, move and go, and answers questions.

Prints how much memory, how many threads, processes and open files there are as it goes, and at the end how fast memory
grew after warming up: the slope of a line through its readings by Theil and Sen, which a single peak does not bend.

A library keeps what it knows of deleted files for a month, so with ever new photos it grows, and its caches with it.
With `--variety` so many photos and names come again and again: once all are known, nothing has a reason to grow.

    python benchmarks/soak.py [--minutes 15] [--events 0] [--seed 1] [--variety 300] [--most 1] # needs $LIKEWISE_SHARED
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from feed import sources, write_photo
from report import heading
from scale import QUERIES

from core import Engine, Example, Question, Settings, open_engine
from core.records import Kind

FILES = 150
"""About so many photos are there at a time."""
EVENTS_A_SECOND = 4.0
WARM_UP = 0.3
"""The share of the run in which models load, caches fill and children start."""
READ_EVERY_S = 2.0
MB = 1e6


@dataclass(frozen=True, slots=True)
class Reading:
    """What the program took at a time; `memory_mb` is its own, `children_mb` that of its processes together."""

    at_s: float
    memory_mb: float
    children_mb: float
    threads: int
    processes: int
    files: int


class Folder:
    """A folder whose files come and go."""

    def __init__(self, root: Path, seed: int, variety: int) -> None:
        self._chance = random.Random(seed)
        self._variety = variety
        self._originals = sources(Kind.IMAGE)
        self._number = 0
        self._root = root
        self._files: list[Path] = []
        for name in ("one", "two", "three"):
            (root / name).mkdir(parents=True)

    def act(self) -> None:
        """One event: a file comes, changes, moves or goes."""
        doing = [self._create, self._change, self._move, self._delete]
        weights = [3, 1, 2, 1 if len(self._files) < FILES else 4]
        act = self._chance.choices(doing, weights)[0] if self._files else self._create
        act()

    def _next(self) -> int:
        self._number = (self._number + 1) % self._variety
        return self._number

    def _place(self) -> Path:
        while True:
            path = self._root / self._chance.choice(("one", "two", "three")) / f"{self._next():06}.jpg"
            if not path.exists():
                return path

    def _create(self) -> None:
        path = self._place()
        write_photo(path, self._originals, self._number)
        self._files.append(path)

    def _change(self) -> None:
        write_photo(self._chance.choice(self._files), self._originals, self._next())

    def _move(self) -> None:
        path, place = self._chance.choice(self._files), self._place()
        path.rename(place)
        self._files[self._files.index(path)] = place

    def _delete(self) -> None:
        path = self._chance.choice(self._files)
        path.unlink()
        self._files.remove(path)

    @property
    def files(self) -> set[Path]:
        """Those that are there."""
        return set(self._files)


def read(started: float) -> Reading:
    """What this process and its children take now."""
    children = [pid for stat in Path("/proc").glob("[0-9]*") if _parent(pid := int(stat.name)) == os.getpid()]
    return Reading(
        time.monotonic() - started,
        _resident_mb(os.getpid()),
        sum(map(_resident_mb, children)),
        _count("/proc/self/task"),
        len(children),
        _count("/proc/self/fd"),
    )


def _count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB
    except OSError:
        return 0.0


def slope_mb_h(readings: list[Reading]) -> float:
    """How fast memory grew: the median of the slopes between any two readings."""
    at_s = np.array([reading.at_s for reading in readings])
    memory = np.array([reading.memory_mb for reading in readings])
    earlier, later = np.triu_indices(len(readings), 1)
    return float(np.median((memory[later] - memory[earlier]) / (at_s[later] - at_s[earlier])) * 3600)


def ask(engine: Engine, chance: random.Random) -> None:
    """One question, by words or by a photo, and the thumbnail and details of what it finds."""
    question = Question(chance.choice(QUERIES), limit=50)
    if chance.random() < 0.3:
        question = Question(examples=(Example(path=chance.choice(sources(Kind.IMAGE))),))
    for result in engine.search(question).result().results[:5]:
        engine.thumbnail(result.item_id).result()


def soak(root: Path, *, minutes: float, events: int, seed: int, variety: int) -> list[Reading]:
    """Runs for so long, or so many events, whichever is more; what was read on the way, the quiet end included."""
    chance = random.Random(seed + 1)
    folder = Folder(root / "photos", seed, variety)
    readings: list[Reading] = []
    with open_engine(root / "library", Settings()) as engine:
        engine.start(watch=True)
        for _ in range(FILES):
            folder.act()
        engine.add_folder(root / "photos").result()
        engine.wait_idle().result()
        started, done, read_at, told_at = time.monotonic(), 0, 0.0, 0.0
        while time.monotonic() - started < minutes * 60 or done < events:
            folder.act()
            done += 1
            if done % 8 == 0:
                ask(engine, chance)
            if time.monotonic() - read_at >= READ_EVERY_S:
                read_at = time.monotonic()
                readings.append(read(started))
                if read_at - told_at >= 60:
                    told_at = read_at
                    print(f"  {done:,} events: {readings[-1]}", flush=True)
            time.sleep(chance.expovariate(EVENTS_A_SECOND))
        engine.rescan().result()
        engine.wait_idle().result()
        readings.append(read(started))
        found = engine.search(Question(limit=10 * FILES)).result().results
        known = {result.path for result in found if not result.missing}  # deleted in the last minute
        assert known == folder.files, f"not as on disk: {len(known ^ folder.files)} files"
    print(f"  {done:,} events, {len(known)} files at the end, all of them and no other found")
    return readings


def report(readings: list[Reading]) -> None:
    """Prints how what is taken changed after warming up."""
    warm = readings[int(WARM_UP * len(readings)) :]
    first, last = warm[0], warm[-1]
    print(f"  after warming up ({first.at_s:.0f} s) to the end ({last.at_s:.0f} s):")
    print(f"    memory {first.memory_mb:.1f} → {last.memory_mb:.1f} MB, slope {slope_mb_h(warm):+.1f} MB an hour")
    print(f"    its processes {first.children_mb:.1f} → {last.children_mb:.1f} MB")
    for name in ("threads", "processes", "files"):
        values = [getattr(reading, name) for reading in warm]
        print(f"    {name:9} {values[0]} → {values[-1]} (between {min(values)} and {max(values)})")


def check(readings: list[Reading], most_mb_h: float) -> None:
    """Raises AssertionError if anything but memory grew after warming up, or memory faster than that."""
    warm = readings[int(WARM_UP * len(readings)) :]
    half = len(warm) // 2
    for name in ("threads", "processes", "files"):
        before, after = (max(getattr(reading, name) for reading in part) for part in (warm[:half], warm[half:]))
        assert after <= before, f"{name} grew from at most {before} to {after}"
    slope = slope_mb_h(warm)
    assert slope < most_mb_h, f"memory grew by {slope:.1f} MB an hour"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--events", type=int, default=0, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variety", type=int, default=sys.maxsize, help="different photos and names")
    parser.add_argument("--most", type=float, help="fail if memory grows by more MB an hour, or anything else at all")
    arguments = parser.parse_args()
    heading("soak")
    root = Path(tempfile.mkdtemp(prefix="likewise-soak-"))
    try:
        options = vars(arguments)
        most = options.pop("most")
        readings = soak(root, **options)
        report(readings)
        if most is not None:
            check(readings, most)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
