"""kill -9 at any moment loses nothing that was acknowledged, and makes nothing twice."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import Question, Settings, open_engine
from core.paths import LibraryPaths
from core.records import Filters
from core.store.catalog import Catalog
from core.store.reader import Reader
from core.store.vectors.space_index import SpaceIndex
from tests.conftest import REPOSITORY, WAIT_S
from tests.core.store.conftest import WORDS
from tests.faults.scenes import FIXTURES, integrity
from tests.forks import Forks

STEPS = sorted((REPOSITORY / "core" / "store" / "migrations").glob("[0-9]*.sql"))
CYCLES_PER_LIBRARY = 50
MIGRATION_KILLS = 50


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("libraries", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_while_indexing_lose_nothing_that_was_acknowledged(tmp_path: Path, libraries: int) -> None:
    with Forks("tests.faults.scenes") as forks:
        for seed in range(libraries):
            print("seed", seed)
            kill_again_and_again(forks, LibraryPaths(tmp_path / str(seed)), random.Random(seed))


def kill_again_and_again(forks: Forks, paths: LibraryPaths, rng: random.Random) -> None:
    acknowledged: set[str] = set()
    loaded = 0
    for _ in range(CYCLES_PER_LIBRARY):
        forks.begin("write_for_ever", paths.root)
        waits = rng.random() < 0.8  # else it is not even open yet
        said = [forks.line() for _ in range(rng.randrange(1, 10))] if waits else []
        time.sleep(rng.uniform(0, 0.03))  # to anywhere in a batch
        forks.kill()
        said += forks.rest()
        assert forks.status == -9
        acknowledged.update(path for line in said if line != "open" for path in line.split())
        with closing(Catalog(paths)) as catalog, closing(Reader(paths)) as reader:
            assert catalog.notice == ""
            saved = [str(result.path) for result in reader.browse(Filters(), 10**6)]
            assert acknowledged <= set(saved)
            assert len(saved) == len(set(saved))
            assert reader.counts().items == len(saved)
            if acknowledged:
                index = SpaceIndex(paths, reader, WORDS.space_id)
                index.open()
                while index.work():
                    pass
                assert index.count == len(saved)
                loaded += bool(reader.snapshots(WORDS.space_id))
            assert not list(paths.stores.glob("*.tmp"))
        assert integrity(paths.catalog) == "ok"
    assert acknowledged
    assert loaded


@pytest.mark.parametrize("fixture", sorted(FIXTURES.glob("*.db")), ids=lambda path: path.stem)
def test_kills_inside_a_migration_step_leave_the_old_or_the_new(tmp_path: Path, fixture: Path) -> None:
    following = [step for step in STEPS if int(step.name[:4]) > int(fixture.stem)]
    if not following:
        pytest.skip("this is the newest version")
    steps = tmp_path / "steps"
    steps.mkdir()
    for step in (*(step for step in STEPS if step not in following), following[0]):
        shutil.copy(step, steps)
    old, new = int(fixture.stem), int(following[0].name[:4])
    paths = LibraryPaths(tmp_path / "library")

    def fresh() -> None:
        shutil.rmtree(paths.root, ignore_errors=True)
        paths.root.mkdir()
        shutil.copy(fixture, paths.catalog)

    def schema() -> tuple[int, list[tuple[str, str]], list[tuple[bytes]]]:
        with closing(sqlite3.connect(paths.catalog)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            master = database.execute("SELECT name, sql FROM sqlite_master WHERE sql <> '' ORDER BY name").fetchall()
            return version, master, database.execute("SELECT path FROM file ORDER BY path").fetchall()

    fresh()
    before = schema()
    with Forks("tests.faults.scenes") as forks:
        total = int(forks.run("migrate_once", paths.root, steps, 0)[-1])
        after = schema()
        assert (before[0], after[0], before[2]) == (old, new, after[2])
        seen = set()
        for number in range(MIGRATION_KILLS):
            fresh()
            forks.run("migrate_once", paths.root, steps, 1 + number * total // MIGRATION_KILLS)
            assert forks.status == -9
            now = schema()
            assert now in (before, after)
            assert integrity(paths.catalog) == "ok"
            seen.add(now[0])
        forks.run("migrate_once", paths.root, steps, 0)
        assert schema() == after
    assert old in seen


ENGINE = """
import sys, threading, time
from contextlib import closing
from pathlib import Path
from core import Settings, open_engine
from core.records import Filters
from core.store.reader import Reader

engine = open_engine(Path(sys.argv[1]), Settings(decode_processes=1, batch_size=4))
engine.opened.result()
engine.start(watch=False)
added = engine.add_folder(Path(sys.argv[2]))
said = set()
with closing(Reader(engine.library)) as reader:
    while True:
        for result in reader.browse(Filters(), 1000):
            if result.path not in said:
                said.add(result.path)
                print(result.path, flush=True)
        time.sleep(0.005)
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cycles", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_the_whole_engine(tmp_path: Path, model_cache: Path, cycles: int) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    photos.mkdir()
    rng = np.random.default_rng(cycles)
    for number in range(40 * cycles):
        pixels = rng.integers(0, 256, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{number}.png")
    acknowledged: set[str] = set()
    for cycle in range(cycles):
        process = subprocess.Popen(
            [sys.executable, "-c", ENGINE, library, photos],
            cwd=REPOSITORY,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(1 + int(rng.integers(20)) * bool(cycle))]
        time.sleep(float(rng.uniform(0, 0.1)))
        process.kill()
        lines += process.communicate()[0].splitlines()
        acknowledged.update(line.strip() for line in lines)
    assert acknowledged

    with open_engine(library, Settings(decode_processes=1)) as engine:
        listed = engine.search(Question(limit=10**6)).result(WAIT_S).results
        assert acknowledged <= {str(result.path) for result in listed}
        engine.start(watch=False)
        engine.wait_idle().result(WAIT_S)
        blamed = engine.failures().result(WAIT_S)
        assert len(blamed) <= cycles // 2, "at most the one file that was alone on its way when it ended once more"
        engine.retry().result(WAIT_S)
        engine.wait_idle().result(WAIT_S)
        everything = engine.search(Question(limit=10**6)).result(WAIT_S).results
        status = engine.status().result(WAIT_S)
    assert len(everything) == len({result.path for result in everything}) == 40 * cycles
    assert status.items == 40 * cycles
    assert integrity(LibraryPaths(library).catalog) == "ok"
