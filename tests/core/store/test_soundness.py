"""The weekly look through the whole catalog: when it is done, when it breaks off, what comes of damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.records import Filters
from core.store import soundness
from core.store.database import LibraryDamagedError, damage_mark
from core.store.soundness import CHECK_AFTER_S, check_if_due
from tests.core.store.conftest import DAY_S, Library
from tests.core.store.test_presence import START_S


def damage(catalog: Path) -> None:
    """An index knows nothing of what was last written: no page is broken, so that a quick look sees nothing."""
    entry = "FROM sqlite_master WHERE name='file_times'"
    with closing(sqlite3.connect(catalog, isolation_level=None)) as database:
        (index,) = database.execute(f"SELECT * {entry}").fetchall()
        database.execute("PRAGMA writable_schema=ON")
        database.execute(f"DELETE {entry}")
    with closing(sqlite3.connect(catalog, isolation_level=None)) as database:
        database.execute("UPDATE file SET mtime = mtime + 1")
        database.execute("PRAGMA writable_schema=ON")
        database.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)


def damaged(library: Library) -> Library:
    library.close()
    damage(library.paths.catalog)
    library.open()
    return library


def check(library: Library) -> None:
    check_if_due(library.paths, lambda: True)


@pytest.fixture
def lively(library: Library) -> Library:
    """A library with two files that knows what time it is."""
    library.add_indexed("a.jpg", "b.jpg")
    library.catalog.pass_time(START_S)
    return library


def test_damage_that_no_quick_look_sees_is_told_and_mended_at_the_next_start(lively: Library) -> None:
    damaged(lively)
    with pytest.raises(LibraryDamagedError, match="start it again") as told:
        check(lively)
    assert str(lively.paths.root) in str(told.value)
    assert damage_mark(lively.paths.catalog).exists()
    check(lively)  # it is told once
    lively.reopen()
    assert lively.catalog.notice == "", "the tables are whole, so nothing is set aside"
    assert not damage_mark(lively.paths.catalog).exists()
    assert {result.path.name for result in lively.reader.browse(Filters(), 9)} == {"a.jpg", "b.jpg"}
    check(lively)


def test_it_is_done_once_a_week_of_the_librarys_own_time(lively: Library) -> None:
    check(lively)
    damaged(lively)
    for days in (1, 2, 3):
        lively.catalog.pass_time(START_S + days * DAY_S)
        check(lively)
    lively.catalog.pass_time(START_S - 365 * DAY_S)  # the clock was set back
    check(lively)
    lively.catalog.pass_time(START_S - 365 * DAY_S + CHECK_AFTER_S)
    with pytest.raises(LibraryDamagedError):
        check(lively)


def test_it_breaks_off_as_soon_as_something_is_to_be_done(lively: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "_STEPS", 1)
    damaged(lively)
    check_if_due(lively.paths, lambda: False)
    assert not damage_mark(lively.paths.catalog).exists()
    with pytest.raises(LibraryDamagedError):  # it is still due
        check(lively)
