"""Backups of what only the user can make. All else in a library can be had from the media again.

The catalog as a whole is no such thing: nine tenths of it are vectors, and a hundred thousand photos make half a
gigabyte, too much to write every half hour. So a backup is a small database of its own with the user's rows and the
settings, a few kilobytes; what it lacks is found again by looking through the folders. It lies beside the catalog:
it is for damaged files and changed minds. A lost disk takes the media with it as well.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from core.durable import make_folder, put_in_place
from core.errors import LibraryError
from core.paths import LibraryPaths
from core.records import Backup
from core.store.database import errors_in_words

log = logging.getLogger(__name__)

Value: TypeAlias = str | bytes | int | float | None
Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Value]]]
"""The user's rows, by table; each row by column."""

USERS_TABLES: Mapping[str, tuple[str, ...]] = {"folder": ("path",)}
"""What is backed up: of each table the columns that the user made, the first of which tells rows apart."""
EVERY_S = 30 * 60.0
ALL_OF_S = 2 * 86400.0
DAYS, WEEKS = 7, 4
YEAR_S = 365 * 86400.0
AS_THEY_COME = "{}"
"""Settings of which none was ever changed."""
_NAME = re.compile(r"(\d{6}) \d{4}-\d\d-\d\d \d\d\.\d\d\.db")


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup holds. `settings` is the settings file's text, empty if it could not be read."""

    rows: Rows
    settings: str

    @property
    def digest(self) -> bytes:
        """The same for the same content. SQLite's own check sees broken pages, but not a changed letter in a row."""
        rows = {table: [sorted(row.items()) for row in rows] for table, rows in sorted(self.rows.items())}
        return hashlib.sha256(repr((rows, self.settings)).encode("utf-8", "surrogateescape")).digest()


def read_users_rows(connection: sqlite3.Connection) -> Rows:
    """What the user made, from the catalog's own connection."""
    return {
        table: _fetch(connection, f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}")
        for table, columns in USERS_TABLES.items()
    }


def write_users_rows(connection: sqlite3.Connection, rows: Rows) -> None:
    """Makes what the user made in the catalog equal to `rows`, inside the caller's transaction.

    A row that is in both keeps all that hangs on it: a folder its files. Tables and columns that a backup of an older
    version did not know stay as they are.
    """
    for table, (key, *others) in USERS_TABLES.items():
        if table not in rows:
            continue
        wanted = {row[key] for row in rows[table]}
        there = {value for (value,) in connection.execute(f"SELECT {key} FROM {table}")}
        connection.executemany(f"DELETE FROM {table} WHERE {key}=?", ((value,) for value in there - wanted))
        for row in rows[table]:
            columns = [key, *(column for column in others if column in row)]
            update = ", ".join(f"{column}=excluded.{column}" for column in columns)
            holes = ", ".join("?" * len(columns))
            insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({holes})"
            connection.execute(f"{insert} ON CONFLICT ({key}) DO UPDATE SET {update}", [row[each] for each in columns])


class Backups:
    """The backups of one library. Making and restoring are for the one that has the library open for writing."""

    def __init__(self, library: LibraryPaths) -> None:
        self._library = library
        self._folder = library.backups
        self._next_at = time.monotonic()
        self._last = b""

    def all(self) -> list[Backup]:
        """Every backup that is whole, newest first."""
        return [backup for _, backup in self._whole()]

    def newest(self) -> tuple[Content, Backup] | None:
        """The newest that is whole."""
        return next(self._whole(), None)

    def content(self, number: int) -> Content:
        """What a backup holds. Raises LibraryError when it is not there or not whole."""
        for content, backup in self._whole():
            if backup.number == number:
                return content
        raise LibraryError("That backup is not there any more, or is damaged.", "Choose another one.")

    def is_due(self) -> bool:
        """Whether it is time to look for changes: half an hour of use after the last backup, and at first."""
        return time.monotonic() >= self._next_at

    def make_if_changed(self, rows: Rows) -> Backup | None:
        """Backs up what the newest backup does not hold; None when there is nothing new."""
        content = self._present(rows)
        if not self._last and (newest := self.newest()) is not None:
            self._last = newest[0].digest
        is_anything = any(content.rows.values()) or content.settings not in {"", AS_THEY_COME}
        if content.digest == self._last or not (is_anything or self._last):
            return None
        return self.make(rows)

    def make(self, rows: Rows) -> Backup:
        """Backs up `rows` and the settings as they are now. Raises LibraryError when the disk does not allow it."""
        content = self._present(rows)
        made_at = time.time()
        number = 1 + max((known for known, _ in self._files()), default=0)
        stamp = datetime.fromtimestamp(made_at).astimezone().strftime("%Y-%m-%d %H.%M")
        path = self._folder / f"{number:06} {stamp}.db"
        try:
            make_folder(self._folder)
            for left in self._folder.glob("*.tmp"):
                left.unlink()
            _write_whole(path, content, made_at)
        except OSError as error:
            raise LibraryError(f"No backup could be written to “{self._folder}”: {error.strerror}.") from error
        self._last = content.digest
        self._next_at = time.monotonic() + EVERY_S
        self._forget_old()
        return _described(number, content, made_at)

    def _present(self, rows: Rows) -> Content:
        return Content(rows, _settings_text(self._library.settings))

    def _whole(self) -> Iterator[tuple[Content, Backup]]:
        for number, path in sorted(self._files(), reverse=True):
            found = _read(path)
            if found is None:
                log.warning("the backup %r is damaged", path.name)
            else:
                yield found[0], _described(number, *found)

    def _files(self) -> list[tuple[int, Path]]:
        try:
            names = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir()]
        except OSError:
            return []
        return [(int(name[1]), path) for path, name in names if name]

    def _forget_old(self) -> None:
        """Keeps all of the last two days, then one of each of seven days, then one of each of four weeks.

        Counted from backup to backup, and in days that have one: a clock that is wrong by years must cost none. A step
        back in time, or one of more than a year, is such a clock and counts as no time.
        """
        made = [(path, found[1]) for _, path in sorted(self._files(), reverse=True) if (found := _read(path))]
        age_s = 0.0
        days: set[str] = set()
        weeks: set[str] = set()
        for (path, made_at), (_, next_at) in zip(made, [*made[:1], *made], strict=False):
            gap_s = next_at - made_at
            age_s += gap_s if 0 <= gap_s <= YEAR_S else 0.0
            at = datetime.fromtimestamp(made_at).astimezone()
            period, seen, most = (at.strftime("%Y-%m-%d"), days, DAYS)
            if len(days) == DAYS and period not in days:
                period, seen, most = (at.strftime("%G-%V"), weeks, WEEKS)
            if age_s <= ALL_OF_S:
                continue
            if period not in seen and len(seen) < most:
                seen.add(period)
                continue
            with suppress(OSError):  # it goes the next time
                path.unlink()


def _settings_text(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
        json.loads(text)
    except FileNotFoundError:
        return AS_THEY_COME
    except (OSError, ValueError):
        return ""
    return text


def _write_whole(path: Path, content: Content, made_at: float) -> None:
    """Writes a backup, reads it back, makes it safe, and only then gives it its name."""
    temporary = path.with_suffix(".tmp")
    try:
        with errors_in_words():
            _write(temporary, content, made_at)
        _require_same(_read(temporary), (content, made_at))
        put_in_place(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _require_same(read: tuple[Content, float] | None, written: tuple[Content, float]) -> None:
    if read != written:
        raise LibraryError("The backup could not be written as it should be.", "Check the disk.")


def _write(path: Path, content: Content, made_at: float) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous=FULL")
        database.execute("BEGIN")
        database.execute("CREATE TABLE about (made_at REAL, settings TEXT, digest BLOB)")
        database.execute("INSERT INTO about VALUES (?, ?, ?)", (made_at, content.settings, content.digest))
        for table, rows in content.rows.items():
            columns = USERS_TABLES[table]
            database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            values = ([row[column] for column in columns] for row in rows)
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", values)
        database.execute("COMMIT")


def _read(path: Path) -> tuple[Content, float] | None:
    """A backup's content and when it was made; None if it is not whole."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return None
            made_at, settings, digest = database.execute("SELECT * FROM about").fetchone()
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            known = [table for table in USERS_TABLES if table in tables]
            content = Content({table: _fetch(database, f"SELECT * FROM {table}") for table in known}, settings)
    except (sqlite3.Error, TypeError, ValueError):
        return None
    return (content, made_at) if content.digest == digest else None


def _fetch(database: sqlite3.Connection, query: str) -> list[Mapping[str, Value]]:
    cursor = database.execute(query)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _described(number: int, content: Content, made_at: float) -> Backup:
    folders = [row["path"] for row in content.rows.get("folder", ())]
    paths = tuple(Path(os.fsdecode(path)) for path in folders if isinstance(path, bytes))
    return Backup(number, made_at, paths, content.settings)
