"""100,000 files that have not changed: how long it takes to see so, against a bare walk over them in the same run.

The real engine from its front door on, indexing paused: what is measured is one look through a watched folder. Files
that anything opens meanwhile are counted by an audit hook of the interpreter.

    python benchmarks/reconcile.py [--files 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import heading

from core import Settings, open_engine

A_FOLDER = 500
"""So many files are in each directory."""


def make_files(root: Path, count: int) -> None:
    """Small files that are named like photos."""
    for first in range(0, count, A_FOLDER):
        folder = root / f"{2000 + first // A_FOLDER // 12}" / f"{first // A_FOLDER:04}"
        folder.mkdir(parents=True)
        for number in range(first, min(first + A_FOLDER, count)):
            (folder / f"IMG_{number:06}.jpg").write_bytes(b"%d" % number)


def walk(root: Path) -> int:
    """The least that can be done: every name listed, every file asked for."""
    count = 0
    for folder, _, names in os.walk(os.fsencode(root)):
        for name in names:
            os.lstat(os.path.join(folder, name))  # noqa: PTH118 - bytes, as the engine has them
            count += 1
    return count


def seconds(act: Callable[[], object]) -> float:
    """How long `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def memory_mb(field: str) -> float:
    """What /proc says of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1000


def main() -> None:
    """Prints what RESULTS.md quotes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    heading("Looking through a folder")
    with tempfile.TemporaryDirectory() as temporary:
        root, other = Path(temporary) / "photos", Path(temporary) / "other"
        other.mkdir()
        make_files(root, arguments.files)
        prefix, opened = os.fspath(root), [0]

        def count_opened(event: str, values: tuple[object, ...]) -> None:
            if event == "open" and isinstance(values[0], str | bytes):
                opened[0] += os.fsdecode(values[0]).startswith(prefix)

        sys.addaudithook(count_opened)
        with open_engine(Path(temporary) / "library", Settings()) as engine:
            engine.pause()
            engine.start(watch=False)
            engine.add_folder(other).result()

            def add() -> None:
                engine.add_folder(root).result()
                engine.rescan().result()

            print(f"first look, every file new: {seconds(add):.1f} s")
            folder = engine.folders().result()[-1]
            assert folder.files == arguments.files
            opened[0] = 0
            Path("/proc/self/clear_refs").write_text("5")
            before_mb = memory_mb("VmRSS")
            walks, looks = [], []
            for _ in range(arguments.rounds):
                walks.append(seconds(lambda: walk(root)))
                looks.append(seconds(lambda: engine.rescan(folder.folder_id).result()))
            more_mb = memory_mb("VmHWM") - before_mb
        look, bare = statistics.median(looks), statistics.median(walks)
        print(f"{arguments.files:,} files unchanged, {arguments.rounds} rounds, medians:")
        print(f"bare os.walk and lstat {bare:.2f} s, a look {look:.2f} s, {look / bare:.1f} times as long")
        print(f"{opened[0]} files opened, {more_mb:.0f} MB more at the peak")


if __name__ == "__main__":
    main()
