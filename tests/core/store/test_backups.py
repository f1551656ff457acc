"""Backups of what only the user can make: when they are made, which are kept, and what comes back from them."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import LibraryError
from core.paths import LibraryPaths
from core.records import Backup
from core.settings import Settings
from core.storage import Storage
from core.store import backups as backups_module
from core.store.backups import Backups
from core.store.catalog import Catalog
from core.store.reader import Reader
from tests.core.store.conftest import Library

DAY_S = 86400
NOW = datetime(2026, 5, 14, 12, tzinfo=UTC).timestamp()
FOLDERS = {Path("/pictures"), Path("/more"), Path(os.fsdecode(b"/not utf-8 \xff"))}


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    opened = Storage.open(LibraryPaths(tmp_path / "library"))
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock on the wall to a time in seconds after NOW."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: NOW + seconds)

    set_to(0)
    return set_to


def folders(storage: Storage) -> set[Path]:
    return {Path(os.fsdecode(row["path"])) for row in storage.catalog.users_rows()["folder"]}  # type: ignore[arg-type]


def make(storage: Storage) -> Backup:
    return storage.backups.make(storage.catalog.users_rows())


# when


def test_a_change_is_backed_up_once(storage: Storage) -> None:
    storage.back_up_if_due()
    assert storage.backups.all() == [], "there is nothing to keep yet"
    storage.catalog.add_folder(Path("/pictures"))
    storage.back_up_if_due()
    storage.back_up_if_changed()
    (backup,) = storage.backups.all()
    assert backup.folders == (Path("/pictures"),)


def test_further_changes_wait_for_half_an_hour_of_use(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.catalog.add_folder(Path("/pictures"))
    storage.back_up_if_due()
    storage.catalog.add_folder(Path("/more"))
    storage.back_up_if_due()
    assert len(storage.backups.all()) == 1
    later = time.monotonic() + backups_module.EVERY_S
    monkeypatch.setattr(time, "monotonic", lambda: later)
    storage.back_up_if_due()
    assert [len(backup.folders) for backup in storage.backups.all()] == [2, 1]


def test_closing_backs_up_what_has_changed(tmp_path: Path) -> None:
    paths = LibraryPaths(tmp_path)
    with closing(Storage.open(paths)) as storage:
        storage.catalog.add_folder(Path("/pictures"))
    with closing(Storage.open(paths)):
        pass
    assert len(Backups(paths).all()) == 1
    Settings(batch_size=3).save(paths.settings)
    with closing(Storage.open(paths)):
        pass
    assert len(Backups(paths).all()) == 2


def test_that_the_last_folder_was_removed_is_kept_as_well(storage: Storage) -> None:
    folder = storage.catalog.add_folder(Path("/pictures"))
    storage.back_up_if_changed()
    storage.catalog.remove_folder(folder.folder_id)
    storage.back_up_if_changed()
    storage.back_up_if_changed()
    assert [backup.folders for backup in storage.backups.all()] == [(), (Path("/pictures"),)]


# which


def test_all_of_two_days_then_seven_days_and_four_weeks_are_kept(
    storage: Storage, clock: Callable[[float], None]
) -> None:
    storage.catalog.add_folder(Path("/pictures"))
    for half_day in range(120):
        clock(half_day * DAY_S / 2)
        make(storage)
    ages = [round((59.5 * DAY_S + NOW - backup.made_at) / DAY_S, 1) for backup in storage.backups.all()]
    assert ages[:5] == [0.0, 0.5, 1.0, 1.5, 2.0], "all of two days"
    days, weeks = [age for age in ages if 2 < age <= 9], [age for age in ages if age > 9]
    assert (len(days), len(weeks)) == (7, 4), "one of each of seven days, one of each of four weeks"
    assert max(ages) <= 9 + 5 * 7


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_is_wrong_by_years_costs_no_backup(
    storage: Storage, clock: Callable[[float], None], years: int
) -> None:
    storage.catalog.add_folder(Path("/pictures"))
    for hour in range(4):
        clock(3600 * hour)
        make(storage)
    clock(years * 365 * DAY_S)
    storage.catalog.add_folder(Path("/more"))
    strange = make(storage)
    clock(5 * 3600)
    storage.catalog.add_folder(Path("/last"))
    newest = make(storage)
    kept = storage.backups.all()
    assert [backup.number for backup in kept[:2]] == [newest.number, strange.number], "the newest is the last made"
    assert len(kept) == 6
    found = storage.backups.newest()
    assert found is not None
    assert len(found[1].folders) == 3


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_backup_is_never_taken_for_a_whole_one(storage: Storage, seed: int) -> None:
    for name in ("/pictures", "/more"):
        storage.catalog.add_folder(Path(name))
        make(storage)
    path = max(storage.backups._folder.glob("*.db"))
    rng, data = random.Random(seed), bytearray(path.read_bytes())
    if seed % 3 == 0:
        del data[rng.randrange(len(data)) :]
    elif seed % 3 == 1:
        at = data.index(b"/more") + rng.randrange(5)  # one letter of what matters: the file's structure is sound
        data[at] ^= 1 << rng.randrange(7)
    else:
        at = rng.randrange(len(data) - 64)
        data[at : at + 64] = rng.randbytes(64)
    before = storage.backups.all()
    path.write_bytes(data)
    after = storage.backups.all()
    assert after in (before, before[1:]), "either it holds just what it held, or it is not offered"
    assert before[1] in after


def test_what_is_not_there_is_said(storage: Storage) -> None:
    with pytest.raises(LibraryError, match="not there any more"):
        storage.backups.content(7)


def test_no_backup_is_made_where_none_can_be_written_and_the_rest_goes_on(storage: Storage) -> None:
    storage.catalog.add_folder(Path("/pictures"))
    storage.backups._folder.write_text("a file where the folder should be")
    with pytest.raises(LibraryError, match="backup"):
        make(storage)
    storage.back_up_if_changed()
    storage.catalog.add_folder(Path("/more"))
    assert folders(storage) == {Path("/pictures"), Path("/more")}
    storage.backups._folder.unlink()
    assert len(make(storage).folders) == 2


# back


def test_going_back_keeps_the_files_of_folders_that_stay(library: Library) -> None:
    library.add_indexed("a.jpg", "b.jpg")
    rows = library.catalog.users_rows()
    library.catalog.add_folder(Path("/more"))
    library.catalog.restore(rows)
    assert [folder.path for folder in library.reader.folders()] == [Path("/pictures")]
    assert library.reader.counts().items == 2
    library.catalog.restore({"folder": [{"path": b"/other"}]})
    assert [folder.path for folder in library.reader.folders()] == [Path("/other")]
    library.catalog.restore({})
    assert [folder.path for folder in library.reader.folders()] == [Path("/other")], "of what a backup knows nothing"


def damaged_library(root: Path) -> tuple[Library, Backup]:
    """A library with indexed files that was closed, and its backup."""
    library = Library(root)
    for folder in sorted(FOLDERS):
        library.catalog.add_folder(folder)
    library.add_indexed(*(f"{number}.jpg" for number in range(30)))
    library.close()
    with closing(Storage.open(library.paths)) as storage:
        storage.back_up_if_changed()
        (backup,) = storage.backups.all()
    return library, backup


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, str]:
    """A library's database, its backup and the backup's name."""
    library, _ = damaged_library(tmp_path_factory.mktemp("sound"))
    (backup,) = library.paths.backups.iterdir()
    return library.paths.catalog.read_bytes(), backup.read_bytes(), backup.name


@pytest.mark.parametrize("is_kept", [True, False])
def test_damage_that_cannot_even_be_put_into_words_is_damage(
    tmp_path: Path, sound: tuple[bytes, bytes, str], is_kept: bool
) -> None:
    """What SQLite says of a broken table repeats its definition, and Python takes that for text."""
    paths = LibraryPaths(tmp_path)
    if is_kept:
        paths.backups.mkdir()
        (paths.backups / sound[2]).write_bytes(sound[1])
    assert b"CREATE TABLE folder" in sound[0]
    paths.catalog.write_bytes(sound[0].replace(b"CREATE TABLE folder", b"CREATE \xd6\xd6\xd6\xd6\xd6 folder"))
    with closing(Catalog(paths)) as catalog, closing(Reader(paths)) as reader:
        assert ("restored as of" if is_kept else "built anew") in catalog.notice
        assert {folder.path for folder in reader.folders()} == (FOLDERS if is_kept else set())


SEEDS = [*range(20), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20, 200))]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_damaged_the_library_opens_with_what_the_user_made(
    tmp_path: Path, sound: tuple[bytes, bytes, str], seed: int
) -> None:
    rng, data = random.Random(seed), bytearray(sound[0])
    if seed % 10 == 0:
        del data[rng.randrange(1, len(data)) :]
    elif seed % 10 == 1:
        data = bytearray(rng.randbytes(len(data)))
    else:
        start = 0 if seed % 10 == 2 else rng.randrange(len(data) - 512)
        data[start : start + 512] = rng.randbytes(512)
    paths = LibraryPaths(tmp_path)
    paths.backups.mkdir()
    (paths.backups / sound[2]).write_bytes(sound[1])
    paths.catalog.write_bytes(data)
    (tmp_path / ".damaged").touch()  # the damage has been met, or the last exit was not clean
    with closing(Catalog(paths)) as catalog, closing(Reader(paths)) as reader:
        assert {folder.path for folder in reader.folders()} == FOLDERS
        aside = list(tmp_path.glob("quarantine/*/catalog.db"))
        assert bool(aside) == bool(catalog.notice)
        if aside:
            assert aside[0].read_bytes() == data
            assert "damaged" in catalog.notice
            assert "restored as of" in catalog.notice
            assert "“/more”" in catalog.notice
        else:
            assert reader.counts().files == 30, "what was hit holds nothing"
        catalog.claim(10)
        catalog.release()
    with closing(sqlite3.connect(paths.catalog)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (tmp_path / ".damaged").exists()


def test_the_newest_backup_that_is_whole_is_taken(tmp_path: Path) -> None:
    library, _ = damaged_library(tmp_path)
    with closing(Storage.open(library.paths)) as storage:
        storage.catalog.add_folder(Path("/newer"))
    (newer, _) = sorted(library.paths.backups.iterdir(), reverse=True)
    newer.write_bytes(b"nothing")
    library.paths.catalog.write_bytes(b"nothing at all" * 1000)
    with closing(Catalog(library.paths)), closing(Reader(library.paths)) as reader:
        assert {folder.path for folder in reader.folders()} == FOLDERS


@pytest.mark.parametrize("left", [None, b""])
def test_a_library_whose_main_file_is_gone_has_its_folders_again(tmp_path: Path, left: bytes | None) -> None:
    library, _ = damaged_library(tmp_path)
    library.paths.catalog.unlink()
    if left is not None:
        library.paths.catalog.write_bytes(left)
    with closing(Catalog(library.paths)) as catalog, closing(Reader(library.paths)) as reader:
        assert {folder.path for folder in reader.folders()} == FOLDERS
        assert "was gone" in catalog.notice


def test_another_programs_database_is_set_aside_unchanged(tmp_path: Path) -> None:
    library, _ = damaged_library(tmp_path)
    library.paths.catalog.unlink()
    with closing(sqlite3.connect(library.paths.catalog)) as database:
        database.execute("CREATE TABLE file (a)")
    foreign = library.paths.catalog.read_bytes()
    with closing(Catalog(library.paths)) as catalog, closing(Reader(library.paths)) as reader:
        assert {folder.path for folder in reader.folders()} == FOLDERS
        assert "damaged" in catalog.notice
    (aside,) = tmp_path.glob("quarantine/*/catalog.db")
    with closing(sqlite3.connect(aside)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("file",)]
    assert len(foreign) == aside.stat().st_size
