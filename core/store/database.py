"""Connections to the catalog as it must be opened, transactions, and SQLite's errors in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import LibraryError, LibraryReadOnlyError

_WRITER = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=OFF",
    "PRAGMA busy_timeout=10000",
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA mmap_size=0",
    "PRAGMA cell_size_check=ON",
    "PRAGMA trusted_schema=ON",  # our triggers keep the full-text tables, which SQLite else calls unsafe in a schema
    "PRAGMA temp_store=MEMORY",
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
)
_READER = (
    "PRAGMA query_only=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA mmap_size=0",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16000",
)
_ADVICE = {
    sqlite3.SQLITE_FULL: ("The disk that holds the library is full.", "Make room on it; nothing saved so far is lost."),
    sqlite3.SQLITE_READONLY: ("The library cannot be written.", "Check the permissions of its folder."),
    sqlite3.SQLITE_CANTOPEN: ("The library cannot be opened.", "Check that its folder exists and may be written."),
    sqlite3.SQLITE_IOERR: ("The disk that holds the library reports an error.", "Check the disk, then start again."),
    sqlite3.SQLITE_CORRUPT: ("The library is damaged.", "Start Likewise again: it will set the damaged file aside."),
    sqlite3.SQLITE_NOTADB: ("The library is damaged.", "Start Likewise again: it will set the damaged file aside."),
    sqlite3.SQLITE_BUSY: ("The library is in use by another program.", "Close that program, then try again."),
    sqlite3.SQLITE_LOCKED: ("The library is in use by another program.", "Close that program, then try again."),
}


class LibraryDamagedError(LibraryError):
    """The database does not hold what SQLite wrote."""


_KINDS: dict[int, type[LibraryError]] = {
    sqlite3.SQLITE_CORRUPT: LibraryDamagedError,
    sqlite3.SQLITE_NOTADB: LibraryDamagedError,
    sqlite3.SQLITE_READONLY: LibraryReadOnlyError,
}


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turns what the disk does to SQLite into a `LibraryError`; our own mistakes in SQL stay what they are."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the class of an extended code
        if code not in _ADVICE:
            raise
        raise _KINDS.get(code, LibraryError)(*_ADVICE[code]) from error
    except UnicodeDecodeError as error:  # what SQLite says of a damaged table repeats its definition, which is no text
        raise LibraryDamagedError(*_ADVICE[sqlite3.SQLITE_CORRUPT]) from error


@contextmanager
def damage_remembered(catalog: Path) -> Iterator[None]:
    """Leaves a mark beside a catalog found damaged: it is checked when it is next opened."""
    try:
        yield
    except LibraryDamagedError:
        with suppress(OSError):
            damage_mark(catalog).touch()
        raise


def damage_mark(catalog: Path) -> Path:
    """Where that mark is."""
    return catalog.with_name(".damaged")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. IMMEDIATE, because a transaction that begins by reading cannot wait for its turn to write."""
    with errors_in_words():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # some errors have already rolled back
                connection.execute("ROLLBACK")
            raise


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes and checkpoints (two would meet SQLite's WAL-reset bug, fixed in 3.51.3)."""
    with errors_in_words():
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _require_wal(connection)
            for pragma in _WRITER:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection


def _require_wal(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
        raise LibraryError("This disk cannot hold a library safely.", "Choose a folder on a disk of this computer.")


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read. The writer has the database open, or nobody has."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with errors_in_words():
        try:
            return _connect_reader(uri)
        except sqlite3.OperationalError:
            log_file = path.with_name(path.name + "-wal")
            if not path.exists() or (log_file.exists() and log_file.stat().st_size):
                raise
            return _connect_reader(
                f"{uri}&immutable=1"
            )  # its folder cannot be written: no place for what readers share


def _connect_reader(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        for pragma in _READER:
            connection.execute(pragma)
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection
