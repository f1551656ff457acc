"""A folder of real photos and an engine on a library of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import Engine, Settings, open_engine
from core.runtime import clock
from tests.conftest import WAIT_S

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "coins.png", "rocket.jpg", "retina.jpg", "horse.png", "page.png")


@pytest.fixture
def samples(sample_photos: list[Path]) -> Path:
    """The folder of all sample pictures, not to be written to."""
    return sample_photos[0].parent


@pytest.fixture
def photos(tmp_path: Path, samples: Path) -> Path:
    """A writable folder with some of the sample pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(samples / name, folder / name)
    return folder


@pytest.fixture
def open_library(tmp_path: Path, model_cache: Path) -> Iterator[Callable[[], Engine]]:
    """Opens the engine on this test's library, as often as wanted; whatever is open at the end is closed."""
    opened: list[Engine] = []

    def open_it() -> Engine:
        engine = open_engine(tmp_path / "library", Settings(decode_processes=2))
        opened.append(engine)
        return engine

    yield open_it
    for engine in opened:
        engine.close(WAIT_S)


@pytest.fixture
def engine(open_library: Callable[[], Engine]) -> Engine:
    """An engine that indexes but does not watch."""
    engine = open_library()
    engine.start(watch=False)
    return engine


class FakeClock:
    """Stands still until a test sets it."""

    def __init__(self) -> None:
        self.now_s = clock.steady_s()

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time_of_day(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """What the engine takes for the time of day."""
    fake = FakeClock()
    monkeypatch.setattr(clock, "steady_s", fake)
    return fake
