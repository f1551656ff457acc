"""A library of 100,000 files is damaged: how soon is it open again, and how soon does it answer?

First its database: pages are overwritten and the mark is there that whoever meets damage leaves, so that the next start
reads it through, sets it aside and makes a new one with what the newest backup holds. Compared, in the same run, with
opening it whole, and whole though the mark is there: no damage is found later than at the end. Then the files that make
search fast, of one space of 512 numbers a vector: every one is damaged. Compared with opening them whole. Vectors are
made up (benchmarks/scale.py), all else is real.

    python benchmarks/restoring.py [--items 100000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from report import heading
from scale import RECORDINGS, build, clustered, encoders_in_use

from core import Folder, open_engine
from core.paths import LibraryPaths
from core.records import EncoderSpec, Role, SpaceId, SpaceSpec
from core.storage import Storage
from core.store.database import damage_mark
from core.store.reader import Reader
from core.store.vectors.exact import ExactStore
from core.store.vectors.space_index import SpaceIndex

PAGE_BYTES = 4096
DAMAGED_PAGES = 20
SPACE = SpaceSpec(SpaceId("made/words@1"), 512, answers_text=True, answers_media=True, reason="matches")
MADE = EncoderSpec("made", "Made up", "1", Role.PICTURES, (SPACE,))


def seconds(act: Callable[[], object]) -> float:
    """How long `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def damage(path: Path, rng: random.Random, pages: int) -> None:
    """Overwrites so many pages with anything, all near the end, where whoever reads it through comes last."""
    count = path.stat().st_size // PAGE_BYTES
    with path.open("rb+") as file:
        for _ in range(pages):
            file.seek(PAGE_BYTES * rng.randrange(count * 9 // 10, count))
            file.write(rng.randbytes(PAGE_BYTES))


def open_s(folder: Path) -> tuple[float, list[Folder]]:
    """From the start until the library is open and its folders are listed; and these."""
    began = time.perf_counter()
    with open_engine(folder) as engine:
        engine.opened.result()
        folders = engine.folders().result()
        return time.perf_counter() - began, folders


def restore(folder: Path, items: int, rounds: int) -> None:
    """Damages and opens a library again and again."""
    library = LibraryPaths(folder)
    with open_engine(folder.with_name("specs")) as probe:
        probe.opened.result()
        encoders = encoders_in_use(probe.models())
    build(library, items, encoders)
    with open_engine(folder) as engine:
        made = engine.backups.create().result()
    kept = folder.with_name("kept.db")
    shutil.copy(library.catalog, kept)
    rng, plain, looked_through, restored = random.Random(1), [], [], []
    for _ in range(rounds):
        plain.append(open_s(folder)[0])
        damage_mark(library.catalog).touch()
        looked_through.append(open_s(folder)[0])
        damage(library.catalog, rng, DAMAGED_PAGES)
        damage_mark(library.catalog).touch()
        took_s, folders = open_s(folder)
        restored.append(took_s)
        assert tuple(each.path for each in folders) == made.folders, "what the user made is there"
        assert sum(each.files for each in folders) == 0, "it is a new one"
        shutil.rmtree(folder / "quarantine")
        shutil.copy(kept, library.catalog)
    whole, read, again = (statistics.median(times) for times in (plain, looked_through, restored))
    print(f"database of {kept.stat().st_size / 1e6:,.0f} MB, {items:,} files; medians of {rounds} rounds:")
    print(
        f"opened whole {whole:.2f} s; whole, but looked through first {read:.2f} s; damaged, looked through, set aside"
    )
    print(f"and restored {again:.2f} s (longest {max(restored):.2f} s), {again / whole:.1f} times as long as whole")


def rebuild(folder: Path, items: int) -> None:
    """Damages every graph of a space."""
    library = LibraryPaths(folder)
    build(library, -(-items * RECORDINGS // (RECORDINGS - 1)), [MADE])  # recordings have no vector in this space
    with closing(Storage.open(library)) as storage, closing(Reader(library)) as reader:
        index = SpaceIndex(library, reader, SPACE.space_id)
        index.open()
        built_s = seconds(lambda: finish(index))
        while (pending := index.begin_snapshot()) is not None:
            storage.catalog.save_snapshot(pending.finish())
        files = sorted(library.stores.iterdir())
        print(f"{index.count:,} x {SPACE.dim}, {len(files)} graphs, built in {built_s:.0f} s")
        measure("whole", library, reader)
        for number, path in enumerate(files):
            damage(path, random.Random(number), 1)
        measure("every graph damaged", library, reader)


def finish(index: SpaceIndex) -> None:
    """All upkeep that is to be done."""
    while index.work():
        continue


def measure(what: str, library: LibraryPaths, reader: Reader) -> None:
    """How soon there is a first answer, whether it is exact, and how soon all is as fast as it was."""
    query = clustered(1, SPACE.dim, 9)[0]
    index = SpaceIndex(library, reader, SPACE.space_id)
    opened_s = seconds(index.open)
    began = time.perf_counter()
    found = index.search(query, 10)[0]
    answered_s = time.perf_counter() - began
    exact = ExactStore(SPACE.dim)
    for ids, vectors in reader.vector_batches(SPACE.space_id, reader.searchable(SPACE.space_id).come, 4096):
        exact.add(ids, vectors)
    assert np.array_equal(found, exact.search(query, 10)[0])
    finished_s = seconds(lambda: finish(index))
    print(f"{what}: exact answer after {opened_s + answered_s:.2f} s, all graphs in use {finished_s:.1f} s later")


def main() -> None:
    """Prints what RELIABILITY.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    heading("Restoring")
    with tempfile.TemporaryDirectory() as temporary:
        restore(Path(temporary) / "library", arguments.items, arguments.rounds)
        rebuild(Path(temporary) / "graphs", arguments.items)


if __name__ == "__main__":
    main()
