"""Leaving files out from the command line, and being told what is not taken in."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.program import Done


@pytest.fixture
def photos(tmp_path: Path, sample_photos: list[Path]) -> Path:
    folder = tmp_path / "photos"
    (folder / ".thumbs").mkdir(parents=True)
    for photo in sample_photos[:3]:
        shutil.copy(photo, folder)
    return folder


def test_patterns_count_from_then_on_and_status_tells_what_they_do(empty: Callable[..., Done], photos: Path) -> None:
    assert empty("index", photos, "--exclude", "chel*", "--exclude", "/coffee.png").out == "Indexed 1 file\n"
    assert empty("index", photos).out == "Indexed 1 file\n"
    said = empty("status").out
    assert f"\nNot taken in of {photos}:\n" in said
    for line in ("1 folder hidden", "1 file by your pattern chel*", "1 file by your pattern /coffee.png"):
        assert f"\n  {line}\n" in said
    (folder,) = empty("status", "--json").json["folders"]
    assert {"rule": "pattern", "pattern": "chel*", "files": 1, "folders": 0, "examples": [f"{photos}/chelsea.png"]} in (
        folder["skipped"]
    )


def test_what_is_no_pattern_is_refused(empty: Callable[..., Done], photos: Path) -> None:
    done = empty("index", photos, "--exclude", "!")
    assert (done.code, done.out) == (1, "")
    assert "This is no pattern: !" in done.err


def test_a_file_that_is_being_written_is_named(empty: Callable[..., Done], photos: Path) -> None:
    with (photos / "new.png").open("wb") as file:
        file.write(b"half of it")
        file.flush()
        done = empty("index", photos)
    assert done.out == "Indexed 3 files\n"
    assert f"Still being written, so not read: {photos}/new.png" in done.err
    assert f"  1 file still being written, waited for: {photos}/new.png" in empty("status").out
