"""Whatever live watching misses, the library ends up equal to the disk; and where it misses something, that is said."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from core import Engine, Event, Gap, WatchingChanged, scanning
from core.store.reader import Reader
from core.watch import watches
from core.watch.watcher import Watcher
from tests.conftest import WAIT_S, until
from tests.core.steps import index


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervises more often, that the tests need not wait."""
    monkeypatch.setattr(scanning, "Watcher", partial(Watcher, supervise_s=0.2))


@pytest.fixture
def following(open_library: Callable[[], Engine], photos: Path) -> Engine:
    """An engine that watches a folder of photos and knows all that is in it."""
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    return engine


def known(engine: Engine) -> set[Path]:
    """Every file that is where it was last looked for."""
    reader = Reader(engine.library)
    try:
        files = [file for folder in reader.folders() for file in reader.known_files(folder.folder_id) if file.is_here]
        return {Path(os.fsdecode(file.path)) for file in files} if not reader.claimable() else set()
    finally:
        reader.close()


def on_disk(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


def becomes_equal(engine: Engine, root: Path) -> None:
    """In the end, however long it works: only while it has nothing to do does the time count."""
    for _ in range(WAIT_S):
        engine.wait_idle().result(10 * WAIT_S)
        if known(engine) == on_disk(root):
            break
        time.sleep(0.2)
    assert known(engine) == on_disk(root)
    assert engine.failures().result(WAIT_S) == []


@pytest.mark.parametrize(
    "count", [pytest.param(1500), pytest.param(40_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
)
def test_burst_of_files_ends_with_all_of_them(following: Engine, photos: Path, count: int) -> None:
    """In folders that are made meanwhile. Few contents: it is about the files."""
    contents = []
    for number in range(50):
        picture = Image.new("RGB", (16, 16), (5 * number, 255 - 5 * number, 80))
        picture.save(photos.parent / f"{number}.png")
        contents.append((photos.parent / f"{number}.png").read_bytes())
    for number in range(count):
        folder = photos / f"burst {number // 500}" / f"{number // 100}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.png").write_bytes(contents[number % 50])
    becomes_equal(following, photos)
    for number in range(0, count, 500):
        shutil.rmtree(photos / f"burst {number // 500}")
    becomes_equal(following, photos)


def test_root_deleted_and_made_again_is_followed_on(following: Engine, photos: Path, samples: Path) -> None:
    shutil.rmtree(photos)
    until(lambda: following.folders().result(WAIT_S)[0].state == "offline")
    photos.mkdir()
    shutil.copy(samples / "coffee.png", photos / "one.png")
    becomes_equal(following, photos)
    shutil.copy(samples / "rocket.jpg", photos / "two.jpg")
    becomes_equal(following, photos)


def test_watching_that_ends_unasked_begins_anew(following: Engine, photos: Path, samples: Path) -> None:
    emitter = next(thread for thread in threading.enumerate() if thread.name == "watch-root")
    emitter.stop()  # type: ignore[attr-defined] - watchdog's
    emitter.join(WAIT_S)
    shutil.copy(samples / "rocket.jpg", photos / "new.jpg")
    becomes_equal(following, photos)


def test_drive_that_tells_of_nothing_is_looked_through(
    open_library: Callable[[], Engine], photos: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "is_remote", lambda path: True)
    monkeypatch.setattr(watches._Handler, "on_any_event", lambda handler, event: None)
    monkeypatch.setattr(scanning, "UNSEEN_EVERY_S", 0.3)
    heard: list[Event] = []
    engine = open_library()
    engine.events.subscribe(heard.append)
    engine.start(watch=True)
    index(engine, photos)
    until(lambda: [(gap.path, gap.gap) for gap in engine.unwatched] == [(photos, Gap.REMOTE)])
    until(lambda: WatchingChanged(engine.unwatched) in heard)
    shutil.copy(samples / "rocket.jpg", photos / "new.jpg")
    becomes_equal(engine, photos)


def test_folder_that_is_no_longer_watched_is_no_longer_told_of(
    open_library: Callable[[], Engine], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "is_remote", lambda path: True)
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    until(lambda: bool(engine.unwatched))
    engine.remove_folder(engine.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)
    until(lambda: not engine.unwatched)
