"""Where the files lie that are killed over and over, and what makes calls fail or writes them down."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is such a disk: what a killed process leaves there is the same, and it is fast."""
    with memory() as folder:
        yield folder


@contextmanager
def memory() -> Iterator[Path]:
    """A folder in memory, or else on disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes calls fail, compiled."""
    return _compiled("faults", tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that records calls, compiled."""
    return _compiled("recorder", tmp_path_factory.mktemp("recorder"))


def _compiled(name: str, folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler here, or no Linux, so no call can be made to fail or be recorded")
    path, source = folder / f"{name}.so", REPOSITORY / "tests" / "faults" / f"{name}.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, source, "-ldl"], check=True)
    return path
