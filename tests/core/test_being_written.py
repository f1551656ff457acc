"""No half of a file is understood: files that are being written are waited for, those that change are read again."""

from __future__ import annotations

import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import BugFound, Engine, Event, FailuresChanged, ItemId, LibraryPaths, Rule, Settings, open_engine
from core.store.reader import Reader
from core.watch.identity import content_hash, signature_of
from tests.conftest import WAIT_S, until
from tests.core.steps import ask, index, names, rescan, work_of

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")


@contextmanager
def no_failures(engine: Engine) -> Iterator[None]:
    """Nothing fails meanwhile, not even for a moment."""
    heard: list[Event] = []
    unsubscribe = engine.events.subscribe(heard.append)
    yield
    unsubscribe()
    assert [event for event in heard if isinstance(event, FailuresChanged) and event.count] == []
    assert engine.failures().result(WAIT_S) == []


def being_written(engine: Engine) -> list[str]:
    (folder,) = engine.folders().result(WAIT_S)
    return [Path(path).name for of in folder.skipped if of.rule is Rule.BEING_WRITTEN for path in of.examples]


def write_slowly(path: Path, data: bytes, *, pause_s: float, pieces: int) -> None:
    """In pieces, and it is not closed before the last."""
    size = len(data) // pieces + 1
    with path.open("wb") as file:
        for start in range(0, len(data), size):
            file.write(data[start : start + size])
            file.flush()
            if start + size < len(data):
                time.sleep(pause_s)


@on_linux
@pytest.mark.parametrize(
    ("pause_s", "pieces"),
    [(0.5, 6), (4.0, 2), pytest.param(30.0, 3, marks=pytest.mark.slow), pytest.param(0.1, 900, marks=pytest.mark.slow)],
)
def test_a_file_that_is_being_written_is_waited_for(
    open_library: Callable[[], Engine], photos: Path, samples: Path, pause_s: float, pieces: int
) -> None:
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    whole = (samples / "motorcycle_left.png").read_bytes()
    how = {"pause_s": pause_s, "pieces": pieces}
    writer = threading.Thread(target=write_slowly, args=(photos / "new.png", whole), kwargs=how)

    def follow() -> None:
        writer.start()
        until(lambda: being_written(engine) == ["new.png"])
        assert "new.png" not in names(ask(engine))
        writer.join()
        until(lambda: "new.png" in names(ask(engine)))
        engine.wait_idle().result(WAIT_S)

    with no_failures(engine):
        assert work_of(engine, follow) == 1, "it was read once, when it was whole"
    assert names(ask(engine, "a motorcycle"))[0] == "new.png"
    until(lambda: being_written(engine) == [])


@on_linux
def test_a_known_file_keeps_its_old_content_until_the_new_is_whole(engine: Engine, photos: Path, samples: Path) -> None:
    index(engine, photos)
    whole = (samples / "motorcycle_left.png").read_bytes()
    with no_failures(engine), (photos / "chelsea.png").open("wb") as file:
        file.write(whole[:50_000])
        file.flush()
        engine.rescan().result(WAIT_S)
        engine.wait_idle().result(WAIT_S)
        assert names(ask(engine, "a cat"))[0] == "chelsea.png"
        assert being_written(engine) == ["chelsea.png"]
        file.write(whole[50_000:])
    rescan(engine)
    assert names(ask(engine, "a motorcycle"))[0] == "chelsea.png"
    assert being_written(engine) == []


def test_a_file_that_changed_while_it_waited_is_no_failure(engine: Engine, photos: Path, samples: Path) -> None:
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    shutil.copy(samples / "motorcycle_left.png", photos / "chelsea.png")
    (photos / "rocket.jpg").chmod(0o600)  # not even its bytes
    with no_failures(engine):
        engine.resume()
        engine.wait_idle().result(WAIT_S)
    assert len(ask(engine).results) == 8
    assert names(ask(engine, "a motorcycle"))[0] == "chelsea.png"
    assert names(ask(engine, "a rocket"))[0] == "rocket.jpg"


def test_a_file_that_is_replaced_while_it_is_decoded_is_decoded_again(engine: Engine, tmp_path: Path) -> None:
    """It is claimed once more while the first reading of it goes on: neither may take the other for itself."""
    bugs: list[Event] = []
    engine.events.subscribe(lambda event: bugs.append(event) if isinstance(event, BugFound) else None)
    folder = tmp_path / "large"
    folder.mkdir()
    for name, grey in (("first.png", 50), ("second.png", 200)):  # small files that take long to decode
        Image.new("L", (10_000, 10_000), grey).save(tmp_path / name, compress_level=1)
    (tmp_path / "first.png").replace(folder / "large.png")
    engine.add_folder(folder).result(WAIT_S)
    until(lambda: bool(engine._indexer._pipeline._decoding))
    (tmp_path / "second.png").replace(folder / "large.png")
    with no_failures(engine):
        rescan(engine)
    assert bugs == []
    assert names(ask(engine)) == ["large.png"]
    assert content_hash(os.fsencode(folder / "large.png"), signature_of(os.fsencode(folder / "large.png"))) in (
        vectors_by_content(engine.library)
    )


def make_contents(folder: Path, samples: Path, count: int) -> list[Path]:
    """Different pictures, whose vectors tell them apart."""
    folder.mkdir()
    photos = [Image.open(samples / name).convert("RGB") for name in ("astronaut.png", "chelsea.png", "rocket.jpg")]
    for number in range(count):
        turned = photos[number % 3].resize((320, 240)).rotate(360 * number / count)
        turned.save(folder / f"{number:04}.png", compress_level=1)
    return sorted(folder.iterdir())


def vectors_by_content(library: LibraryPaths) -> dict[bytes, np.ndarray]:
    """The vectors of every content that is known, of all spaces."""
    reader = Reader(library)
    try:
        found: dict[bytes, list[np.ndarray]] = {}
        for space in sorted(reader.active_spaces()):
            ids, vectors = reader.vectors(space, reader.searchable(space).come)
            for item, vector in zip(reader.item_of_each(ids), vectors, strict=True):
                content = reader.content_hash(ItemId(int(item)))
                assert content is not None
                found.setdefault(content, []).append(vector)
        return {content: np.concatenate(parts) for content, parts in found.items()}
    finally:
        reader.close()


@pytest.mark.parametrize("count", [pytest.param(60), pytest.param(1500, marks=pytest.mark.slow)])
def test_a_file_replaced_while_it_is_read_never_gets_anothers_vectors(
    engine: Engine, tmp_path: Path, samples: Path, count: int
) -> None:
    """One file is replaced all the time, and two folders change places, of which their files' times tell nothing."""
    contents = make_contents(tmp_path / "contents", samples, count)
    once, swapped = contents[::2], contents[1::2]
    root = tmp_path / "root"
    for number, content in enumerate(swapped):
        folder = root / ("one" if number % 2 else "two")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(content, folder / f"{number // 2}.png")
    replaced = threading.Event()

    def replace() -> None:
        chance = random.Random(5)
        for content in once:
            shutil.copy(content, tmp_path / "next.png")
            (tmp_path / "next.png").replace(root / "replaced.png")
            time.sleep(chance.choice((0.01, 0.02, 0.2)))
        replaced.set()

    def swap() -> None:
        chance = random.Random(6)
        while not replaced.wait(chance.choice((0.0, 0.01, 0.1))):
            for source, target in (("one", "between"), ("two", "one"), ("between", "two")):
                (root / source).rename(root / target)

    engine.add_folder(root).result(WAIT_S)
    threads = [threading.Thread(target=replace), threading.Thread(target=swap)]
    with no_failures(engine):
        for thread in threads:
            thread.start()
        while not replaced.is_set():
            engine.rescan().result(WAIT_S)
        for thread in threads:
            thread.join()
        rescan(engine)
    found = vectors_by_content(engine.library)
    there = [os.fsencode(path) for path in root.rglob("*.png")]
    assert {content_hash(path, signature_of(path)) for path in there} <= found.keys()

    with open_engine(tmp_path / "reference", Settings(decode_processes=1)) as calm:
        calm.start(watch=False)
        index(calm, tmp_path / "contents")
        right = vectors_by_content(calm.library)
    for content, vector in found.items():
        nearest = max(right, key=lambda other: float(vector @ right[other]))
        assert nearest == content
