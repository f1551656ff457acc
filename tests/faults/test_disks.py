"""Disks that are full, and come free again; disks and folders that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.core.store.test_library import in_a_namespace

A_FULL_DISK = """
import logging, sys, time
from pathlib import Path
from PIL import Image
import numpy as np
import core.indexing
from app.hooks import Hooks
from core import Activity, CoreError, Question, Settings, open_engine
from core.store import room

disk, photos, wait_s = Path(sys.argv[1]), Path(sys.argv[2]), 100
hooks = Hooks(disk / "logs", print)
core.indexing.RETRY_AFTER_S = 0.1
room.SPARE_BYTES = 1 << 20
photos.mkdir()
for number in range(12):
    pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save(photos / f"{number}.png")

def until(condition):
    deadline = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline, engine.progress
        time.sleep(0.01)

def fill(leaving):
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 12))
        except OSError:
            pass
        filler.truncate(max(0, filler.tell() - leaving))

engine = open_engine(disk / "library", Settings(decode_processes=1))
engine.opened.result(wait_s)
fill(leaving=400_000)
engine.start(watch=False)
engine.add_folder(photos).result(wait_s)
until(lambda: "Disk almost full" in engine.progress.note)
print(engine.progress.note)
try:
    engine.wait_idle().result(wait_s)
except CoreError as error:
    print("told:", error)
status = engine.status().result(wait_s)
assert (status.waiting, status.failed, status.items) == (12, 0, 0), status
assert not engine.search(Question()).result(wait_s).results, "search answers"

fill(leaving=0)
for number in range(100):
    logging.getLogger("a test").warning("a line in a log that has no room, number %s", number)
try:
    engine.change_settings(Settings(batch_size=3)).result(wait_s)
except CoreError as error:
    print("told:", error)
try:
    engine.backups.create().result(wait_s)
except CoreError as error:
    print("told:", error)

(disk / "filler").unlink()
until(lambda: engine.status().result(wait_s).items == 12)
engine.wait_idle().result(wait_s)
until(lambda: engine.progress.note == "")
status = engine.status().result(wait_s)
assert (status.waiting, status.failed) == (0, 0), status
assert len(engine.search(Question()).result(wait_s).results) == 12
engine.change_settings(Settings(batch_size=3)).result(wait_s)
engine.backups.create().result(wait_s)
engine.close()
hooks.remove()
print("done")
"""


@pytest.mark.timeout(300)
def test_a_full_disk_stops_indexing_until_there_is_room(tmp_path: Path, model_cache: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=12m tmpfs "$1"; exec "$3" -c "$4" "$1" "$2"'
    done = in_a_namespace(script, str(disk), str(tmp_path / "photos"), sys.executable, A_FULL_DISK)
    assert done.returncode == 0, done.stderr
    assert "search still works" in done.stdout
    assert str(disk / "library") in done.stdout
    assert "The settings could not be saved" in done.stdout
    assert "No space left" in done.stdout
    assert done.stdout.splitlines()[-1] == "done"


EPISODES = """
import sys, random
from pathlib import Path
from core.errors import LibraryError
from core.store.room import require_room
from tests.core.store.conftest import Library, found
from tests.faults.scenes import integrity

disk, episodes = Path(sys.argv[1]), int(sys.argv[2])
library = Library(disk / "library")
rng, done = random.Random(episodes), 0
for episode in range(episodes):
    library.add(*(found(f"/pictures/{episode} {number}.jpg") for number in range(64)))
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 12))
        except OSError:
            pass
        filler.truncate(max(0, filler.tell() - rng.randrange(1 << 16)))
    told = False
    for _ in range(64):
        try:
            done += library.index_some(1)
        except LibraryError:
            told = True
            break
    assert library.reader.counts().items == done
    (disk / "filler").unlink()
    library.catalog.release()
    while some := library.index_some(16):
        done += some
    assert library.reader.counts() == (done, done, 0, 0) or library.reader.counts().items == done
    if episode % 20 == 19:
        library.reopen()
assert library.reader.counts().waiting == library.reader.counts().failed == 0
library.close()
assert integrity(library.paths.catalog) == "ok"
print(done)
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("episodes", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_indexing_goes_on_after_every_full_disk(tmp_path: Path, episodes: int) -> None:
    script = 'mount -t tmpfs -o size=48m tmpfs "$1"; exec "$2" -c "$3" "$1" "$4"'
    done = in_a_namespace(script, str(tmp_path), sys.executable, EPISODES, str(episodes))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 64 * episodes


WITHOUT_CACHE = """
import sys
from pathlib import Path
from core import ModelState, Settings, open_engine
engine = open_engine(Path(sys.argv[1]), Settings(decode_processes=1))
engine.opened.result(60)
engine.load_models().result(500)
print(*(model.state for model in engine.models() if model.card.model_id == "starter"))
engine.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_models_work_when_their_cache_has_no_room(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    script = 'mount -t tmpfs -o size=1m tmpfs "$1"; export LIKEWISE_MODEL_CACHE="$1"; exec "$2" -c "$3" "$4"'
    done = in_a_namespace(script, str(cache), sys.executable, WITHOUT_CACHE, str(tmp_path / "library"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "ready", "what is only kept to be faster next time is not needed"


# not to be written

LOOKING = """
import sys
from pathlib import Path
from core import CoreError, LibraryReadOnlyError, Question, Settings, open_engine
from core.cli.command_line import main
library, wait_s = Path(sys.argv[1]), 60
with open_engine(library, Settings(decode_processes=1)) as engine:
    try:
        engine.opened.result(wait_s)
    except LibraryReadOnlyError as error:
        print(error)
with open_engine(library, Settings(decode_processes=1), read_only=True) as engine:
    engine.opened.result(wait_s)
    results = engine.search(Question()).result(wait_s).results
    pictures = [engine.thumbnail(result.item_id).result(wait_s) for result in results]
    print(len(results), sum(picture is not None for picture in pictures))
    try:
        engine.add_folder(Path("/usr")).result(wait_s)
    except CoreError as error:
        print(error)
assert main(["--library", str(library), "failures"]) == 0, "the command line looks, too"
"""


def is_looked_at(done: subprocess.CompletedProcess[str], library: Path) -> None:
    assert done.returncode == 0, done.stderr
    why, found, refused = done.stdout.splitlines()
    assert str(library) in why
    assert "look at what is in it" in why
    assert found == "3 3"
    assert "can only be looked at" in refused


def make_library(folder: Path, photos: Path) -> Path:
    from core import Settings, open_engine

    with open_engine(folder, Settings(decode_processes=1)) as engine:
        engine.start(watch=False)
        engine.add_folder(photos).result(60)
        engine.wait_idle().result(60)
    return folder


@pytest.fixture
def photos(tmp_path: Path, sample_photos: list[Path]) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in sample_photos[:3]:
        shutil.copy(photo, folder)
    return folder


def test_a_library_on_a_read_only_disk_can_be_looked_at(tmp_path: Path, photos: Path, model_cache: Path) -> None:
    library = make_library(tmp_path / "library", photos)
    script = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; exec "$2" -c "$3" "$1"'
    is_looked_at(in_a_namespace(script, str(library), sys.executable, LOOKING), library)


def test_a_library_whose_folder_may_not_be_written_can_be_looked_at(
    tmp_path: Path, photos: Path, model_cache: Path
) -> None:
    library = make_library(tmp_path / "library", photos)
    command = [sys.executable, "-c", LOOKING, str(library)]
    if os.getuid() == 0:  # whom no permissions hold unless it gives up that right
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everything, and there is no setpriv here to give that up")
        command = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", *command]
    everything = (library, *library.rglob("*"))
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run(command, cwd=REPOSITORY, text=True, capture_output=True, check=False)
    finally:
        for path in everything:
            path.chmod(0o755)
    is_looked_at(done, library)
