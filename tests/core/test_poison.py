"""Files that are the death of the process that reads them: each is reported, and costs nothing but itself."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import Engine, Reason, Settings, open_engine
from core.decode import pool
from core.runtime.sandbox import resident_bytes
from tests.conftest import WAIT_S, children
from tests.core.runtime.conftest import is_gone_or_zombie
from tests.core.steps import ask, index, names, rescan, work_of

LIMIT_S = 2
LONG_S = 3000
MEMORY_BYTES = 48 << 20
"""What a run may leave in memory: the rows of the files, and what the allocator keeps."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_cache: Path) -> Iterator[Engine]:
    """An engine whose decode processes die of some files."""
    started = pool.python_command

    def deadly(_module: str, *arguments: str) -> list[str]:
        return started("tests.core.decode.deadly", *arguments)

    monkeypatch.setattr(pool, "python_command", deadly)
    engine = open_engine(tmp_path / "library", Settings(decode_processes=2, decode_limit_s=LIMIT_S))
    engine.start(watch=False)
    yield engine
    engine.close(WAIT_S)


def poison(folder: Path, **numbers: int) -> None:
    for kind, number in numbers.items():
        for count in range(number):
            (folder / f"{kind} {count}.jpg").write_bytes(f"{kind.upper()} {count}".encode())


def attempts(engine: Engine) -> int:
    """The most that were made on any file."""
    with sqlite3.connect(engine.library.catalog) as connection:
        return int(connection.execute("SELECT max(attempts) FROM file").fetchone()[0])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("crash", "hang", "garbage"),
    [(30, 3, 3), pytest.param(1000, 100, 50, marks=[pytest.mark.slow, pytest.mark.timeout(LONG_S)])],
)
def test_every_death_of_a_decoder_is_one_report(
    engine: Engine, photos: Path, crash: int, hang: int, garbage: int
) -> None:
    index(engine, photos)
    ask(engine, "a cat")
    processes, memory, files = set(children()), resident_bytes(), open_files()
    poison(photos, crash=crash, hang=hang, garbage=garbage)
    shutil.copy(photos / "chelsea.png", photos / "last.png")
    with (photos / "last.png").open("ab") as last:
        last.write(b"another content")

    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(LONG_S)

    failed = engine.failures().result(WAIT_S)
    assert Counter(failure.reason for failure in failed) == {
        Reason.DECODER_CRASHED: crash + garbage,
        Reason.TOO_SLOW: hang,
    }
    assert all(f"{LIMIT_S} seconds" in one.sentence for one in failed if one.reason is Reason.TOO_SLOW)
    assert {"last.png", "chelsea.png"} <= set(names(ask(engine, "a cat")))
    assert work_of(engine, lambda: rescan(engine)) == 0, "poison is not taken again"
    assert attempts(engine) == 1
    assert [pid for pid in children() if is_gone_or_zombie(pid)] == []
    assert len(set(children()) - processes) <= 2
    assert resident_bytes() < memory + MEMORY_BYTES
    assert open_files() <= files + 8
