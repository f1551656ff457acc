"""How long an answer takes while everything else is busy: words and a photo, asked while photos are read and speech is
listened to, against the same questions of the same library at rest in the same run.

    python benchmarks/overtaking.py [--photos 12000] [--pace full] [--seconds 40]    # needs $LIKEWISE_SHARED
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from feed import sources, write_photos, write_speech
from report import heading
from scale import QUERIES

from core import Activity, Engine, Example, Question, Settings, open_engine
from core.records import Kind

KNOWN = 600
PAUSE_S = 0.15
"""Between an answer and the next question: somebody looks at it."""


def measure(engine: Engine, title: str, seconds: float, go_on: Callable[[], bool]) -> None:
    """Asks as long as `go_on()`, words and photos in turn, and prints what it took."""
    chance = random.Random(1)
    photos = sources(Kind.IMAGE)
    times: dict[str, list[float]] = {"words": [], "a photo": []}
    before, started = engine.progress.done, time.perf_counter()
    while time.perf_counter() - started < seconds and go_on():
        for sort, question in (
            ("words", Question(chance.choice(QUERIES))),
            ("a photo", Question(examples=(Example(path=chance.choice(photos)),))),
        ):
            asked = time.perf_counter()
            engine.search(question).result()
            times[sort].append((time.perf_counter() - asked) * 1000)
            time.sleep(PAUSE_S)
    passed, done = time.perf_counter() - started, engine.progress.done - before
    for sort, taken in times.items():
        if taken:
            p50, p95 = np.percentile(taken, [50, 95])
            asked_for = f"{sort} ({len(taken)} asked)"
            print(f"  {title:28} {asked_for:24} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms, longest {max(taken):6.1f} ms")
    if done > 0:
        print(f"  {'':28} meanwhile {done:,} files, {done / passed:.1f} a second")


def wait_for(engine: Engine, activity: Activity) -> None:
    """Waits until this is being done, with results on the way."""
    while engine.progress.activity is not activity or not engine.progress.done:
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=12_000)
    parser.add_argument("--pace", choices=("gentle", "full"), default="full")
    parser.add_argument("--seconds", type=float, default=40, help="for each part, at most")
    arguments = parser.parse_args()
    heading("overtaking")
    with tempfile.TemporaryDirectory(prefix="likewise-overtaking-") as temporary:
        folder = Path(temporary)
        write_photos(folder / "known", KNOWN)
        write_photos(folder / "new", arguments.photos)
        write_speech(folder / "speech")
        with open_engine(folder / "library", Settings(pace=arguments.pace)) as engine:
            engine.start(watch=False)
            engine.add_folder(folder / "known").result()
            engine.wait_idle().result()
            for question in QUERIES[:3]:
                engine.search(Question(question)).result()
            measure(engine, "at rest", arguments.seconds, lambda: True)
            engine.add_folder(folder / "new").result()
            wait_for(engine, Activity.INDEXING)
            at_work = [Activity.INDEXING]
            measure(engine, "photos are read", arguments.seconds, lambda: engine.progress.activity in at_work)
            engine.pause()
            (new,) = [known for known in engine.folders().result() if known.path.name == "new"]
            engine.remove_folder(new.folder_id).result()
            engine.resume()
            engine.wait_idle().result()
            measure(engine, "at rest again", arguments.seconds, lambda: True)
            engine.add_folder(folder / "speech").result()
            wait_for(engine, Activity.LISTENING)
            at_work = [Activity.LISTENING]
            measure(engine, "speech is listened to", arguments.seconds, lambda: engine.progress.activity in at_work)


if __name__ == "__main__":
    main()
