import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.program import STRANGE, Done, Library, likewise


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, sample_photos: list[Path]) -> Library:
    base = tmp_path_factory.mktemp("cli")
    photos = base / "photos"
    (photos / "deep").mkdir(parents=True)
    for photo in sample_photos:
        shutil.copy(photo, photos / photo.name)
    shutil.copy(sample_photos[0], photos / STRANGE)
    (photos / "broken.jpg").write_bytes((photos / "rocket.jpg").read_bytes()[:3000])
    return Library(base / "library", photos, likewise("index", photos, "--library", base / "library"))


@pytest.fixture
def empty(tmp_path: Path) -> Callable[..., Done]:
    """Runs a command on a library in which nothing is yet."""
    return lambda command, *arguments: likewise(command, *arguments, "--library", tmp_path / "library")
