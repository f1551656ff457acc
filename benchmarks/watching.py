"""From the moment a photo in a watched folder is closed until the question for its name finds it.

Photos are dropped one by one and in bunches into a folder that is watched live, in a library that holds others already.
The question is asked whenever the engine says that there is something new, as the window does. Beside it the same
photos' bare decoding and embedding (Pillow, torchvision, the same network in torch) in the same run: what is more than
that is waiting for the file to settle, noticing, and saving.

    python benchmarks/watching.py [--singles 30] [--bunches 6] [--bunch 20]
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest import make_small, starter
from report import heading, percentiles

from core import Engine, Event, LibraryChanged, Question, Settings, open_engine

TARGET_MS = 10_000
SETTLED = 400
"""So many photos are in the library before anything is measured."""
PATIENCE_S = 60


class Finder:
    """Asks for names whenever the library has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Event()
        engine.events.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, LibraryChanged):
            self._changed.set()

    def wait(self, closed_s: dict[Path, float]) -> list[float]:
        """How long after it was closed each file was found, in ms."""
        missing, times_ms = dict(closed_s), []
        deadline = time.monotonic() + PATIENCE_S
        while missing:
            assert self._changed.wait(deadline - time.monotonic()), f"never found: {sorted(missing)}"
            self._changed.clear()
            for path in list(missing):
                if self._finds(path):
                    times_ms.append(1000 * (time.monotonic() - missing.pop(path)))  # noqa: PERF401 - the order counts
        return times_ms

    def _finds(self, path: Path) -> bool:
        answer = self._engine.search(Question(path.stem)).result()
        return any(result.path == path for result in answer.results)


def drop(photos: Sequence[Path], folder: Path) -> dict[Path, float]:
    """Copies photos into the folder; when each was closed."""
    closed_s = {}
    for photo in photos:
        shutil.copyfile(photo, folder / photo.name)
        closed_s[folder / photo.name] = time.monotonic()
    return closed_s


def tell(title: str, times_ms: Sequence[float], bare_ms: float) -> None:
    """One line of results."""
    p95 = sorted(times_ms)[int(0.95 * (len(times_ms) - 1) + 0.5)]
    met = "met" if p95 < TARGET_MS else "MISSED"
    print(f"  {title}: {percentiles(times_ms)}; {p95 / bare_ms:.0f} × bare ({bare_ms:.1f} ms); p95 < 10 s {met}")


def measure(arguments: argparse.Namespace, temporary: Path) -> None:
    made = temporary / "made"
    made.mkdir()
    make_small(made)
    photos: Iterator[Path] = iter(sorted(made.iterdir()))
    watched = temporary / "watched"
    watched.mkdir()
    for photo in itertools.islice(photos, SETTLED):
        shutil.copy(photo, watched / photo.name)
    fresh = list(photos)
    chance = random.Random(3)
    with open_engine(temporary / "library", Settings()) as engine:
        engine.start(watch=True)
        engine.add_folder(watched).result()
        engine.wait_idle().result()
        finder = Finder(engine)
        singles: list[float] = []
        for photo in fresh[: arguments.singles]:
            time.sleep(chance.uniform(0.5, 2.0))
            singles += finder.wait(drop([photo], watched))
        bunches: list[float] = []
        rest = fresh[arguments.singles :]
        for number in range(arguments.bunches):
            time.sleep(chance.uniform(0.5, 2.0))
            bunches += finder.wait(drop(rest[number * arguments.bunch : (number + 1) * arguments.bunch], watched))
    embed = starter(temporary)
    embed(fresh[0])
    times_ms = []
    for photo in fresh:
        started_s = time.perf_counter()
        embed(photo)
        times_ms.append(1000 * (time.perf_counter() - started_s))
    bare_ms = sorted(times_ms)[len(times_ms) // 2]
    tell(f"{len(singles)} photos one by one", singles, bare_ms)
    tell(f"{arguments.bunches} bunches of {arguments.bunch}", bunches, bare_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singles", type=int, default=30)
    parser.add_argument("--bunches", type=int, default=6)
    parser.add_argument("--bunch", type=int, default=20)
    arguments = parser.parse_args()
    heading("watching")
    with tempfile.TemporaryDirectory(prefix="likewise-watching-") as temporary:
        measure(arguments, Path(temporary))


if __name__ == "__main__":
    main()
