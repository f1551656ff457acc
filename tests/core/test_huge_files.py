"""Reading a huge file to its end takes minutes; who closes, pauses or asks something else does not wait for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from core import Engine, Example, PauseReason, Question, Settings, open_engine
from tests.conftest import WAIT_S, until

HUGE_BYTES = 4 << 40
"""No disk is so fast that this would be read in the time that a test has. It takes no room: it is all hole."""


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """A folder with a huge video, the newest file in it."""
    folder = tmp_path / "videos"
    folder.mkdir()
    with (folder / "huge.mp4").open("wb") as file:
        file.truncate(HUGE_BYTES)
    return folder


@pytest.fixture
def engine(tmp_path: Path, model_cache: Path) -> Iterator[Engine]:
    with open_engine(tmp_path / "library", Settings(decode_processes=1, max_media_gb=10000)) as engine:
        engine.start(watch=False)
        yield engine


def begin(engine: Engine, folder: Path) -> None:
    engine.add_folder(folder).result(WAIT_S)
    until(lambda: is_read(folder / "huge.mp4"))


def is_read(path: Path) -> bool:
    """Whether this process has the file open."""
    return any(os.path.realpath(link) == str(path) for link in Path("/proc/self/fd").iterdir())


def test_closing_waits_for_no_huge_file(engine: Engine, huge: Path) -> None:
    begin(engine, huge)
    engine.close(WAIT_S)


def test_a_pause_and_a_scan_wait_for_no_huge_file(engine: Engine, huge: Path, sample_photos: list[Path]) -> None:
    begin(engine, huge)
    engine.pause()
    until(lambda: engine.progress.paused is PauseReason.USER)
    assert not is_read(huge / "huge.mp4")
    engine.resume()
    until(lambda: is_read(huge / "huge.mp4"))
    shutil.copy(sample_photos[1], huge / "new.png")
    engine.rescan().result(WAIT_S)
    until(lambda: engine.progress.total == 2)


def test_a_question_about_a_huge_file_can_be_given_up(engine: Engine, huge: Path) -> None:
    asked = engine.search(Question(examples=(Example(path=huge / "huge.mp4"),)))
    until(lambda: is_read(huge / "huge.mp4"))
    engine.search(Question(), cancel_older=True).result(WAIT_S)
    with pytest.raises(CancelledError):
        asked.result(WAIT_S)
