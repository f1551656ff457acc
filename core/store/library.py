"""Opens a library folder for writing: lock, check, migrate; a damaged catalog is set aside, never deleted."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import sqlite3
import time
from contextlib import closing, suppress
from datetime import datetime

from core.durable import make_folder, put_in_place, sync_folder
from core.errors import LibraryError, LibraryReadOnlyError
from core.paths import LibraryPaths
from core.store.backups import Backups, Rows, Value, write_users_rows
from core.store.database import (
    LibraryDamagedError,
    connect_writer,
    damage_mark,
    errors_in_words,
    transaction,
)
from core.store.lock import LibraryLock
from core.store.migrate import APPLICATION_ID, migrate

log = logging.getLogger(__name__)

_PARTS = ("-shm", "-wal", "")
"""The files of a database, this last: it alone is something, and the log is nothing without it."""
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


def open_library(library: LibraryPaths) -> tuple[sqlite3.Connection, str, LibraryLock]:
    """The migrated catalog's connection, a notice for the user or an empty string, and the lock that goes with it.

    Raises:
        LibraryBusyError: another Likewise has it open.
        LibraryTooNewError: a newer Likewise wrote it.
        LibraryReadOnlyError: it cannot be written.
        LibraryError: it cannot be read.
    """
    try:
        make_folder(library.root)
        make_folder(library.stores)
        lock = LibraryLock(library.lock)
    except OSError as error:
        raise _not_writable(library, error) from error
    try:
        connection, notice = _open_or_replace(library)
        _discard_strays(connection, library)
    except BaseException as error:
        lock.close()
        if isinstance(error, LibraryReadOnlyError):
            raise _not_writable(library, OSError(errno.EACCES, os.strerror(errno.EACCES))) from error
        if isinstance(error, OSError):
            raise _not_writable(library, error) from error
        raise
    return connection, notice, lock


def _not_writable(library: LibraryPaths, error: OSError) -> LibraryError:
    what = f"The library at “{library.root}” cannot be written: {error.strerror}."
    if error.errno not in _READ_ONLY:
        return LibraryError(what)
    return LibraryReadOnlyError(what, "You can look at what is in it, or choose another folder for the library.")


def _open_or_replace(library: LibraryPaths) -> tuple[sqlite3.Connection, str]:
    is_there = library.catalog.exists() and library.catalog.stat().st_size > 0
    if is_there:
        try:
            return _open(library), ""
        except LibraryDamagedError:
            log.exception("catalog damaged")
    newest = Backups(library).newest()
    if newest is not None:
        content, backup = newest
        made = datetime.fromtimestamp(backup.made_at).astimezone().strftime("%d %B %Y, %H:%M")
        folders = ", ".join(f"“{path}”" for path in backup.folders)
        now = (
            f"Your folders and settings were restored as of {made}; these folders are being read anew:"
            f" {folders or 'none'}."
        )
        rows = content.rows
    elif is_there:
        rows = {"folder": _salvage_folders(library)}
        now = f"It is being built anew from your {len(rows['folder'])} folders."
    else:
        return _open(library), ""
    why = "The library's main file was gone."
    if is_there:
        why = f"The library was damaged; the damaged file was kept in “{_set_aside(library)}”."
    _make_anew(library, rows)
    return _open(library), f"{why} {now}"


def _make_anew(library: LibraryPaths, rows: Rows) -> None:
    """A catalog with what only the user can make; it gets its name when that is in it, whatever happens meanwhile."""
    fresh = library.catalog.with_name("catalog-new.db")
    for suffix in _PARTS:
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    with closing(connect_writer(fresh)) as connection, errors_in_words():
        migrate(connection, fresh)
        with transaction(connection):
            write_users_rows(connection, rows)
        connection.execute("PRAGMA journal_mode=DELETE")  # all into this one file: closing says nothing when it fails
    put_in_place(fresh, library.catalog)


def _open(library: LibraryPaths) -> sqlite3.Connection:
    log_file = library.catalog.with_name(library.catalog.name + "-wal")
    unclean = log_file.exists() and log_file.stat().st_size > 0
    mark = damage_mark(library.catalog)
    connection = connect_writer(library.catalog)
    try:
        _require_ours(connection)
        migrate(connection, library.catalog)
        if unclean or mark.exists():
            _check(connection, wholly=mark.exists())
            mark.unlink(missing_ok=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_ours(connection: sqlite3.Connection) -> None:
    with errors_in_words():
        is_ours = connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        if not is_ours and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LibraryDamagedError("Another program's data is where the library's main file should be.")


def _check(connection: sqlite3.Connection, *, wholly: bool) -> None:
    """Raises LibraryDamagedError. `wholly` reads the indexes, too, and makes them anew of the tables if need be."""
    with errors_in_words():
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()
        if wholly and verdict == ("ok",) and connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            log.warning("the catalog's indexes are damaged; they are made anew")
            with suppress(sqlite3.IntegrityError):  # the tables are damaged as well: that is seen next
                connection.execute("REINDEX")
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != ("ok",):
        raise LibraryDamagedError(f"The library is damaged: {verdict[0]}.")


def _salvage_folders(library: LibraryPaths) -> list[dict[str, Value]]:
    """The watched folders, if that part can still be read: all else can be had from the media again."""
    try:
        connection = sqlite3.connect(library.catalog)
        try:
            return [
                {"path": path}
                for (path,) in connection.execute("SELECT path FROM folder ORDER BY id")
                if isinstance(path, bytes)
            ]
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError):
        return []


def _set_aside(library: LibraryPaths) -> str:
    name = time.strftime("%Y-%m-%d %H-%M-%S")
    places = (
        library.root / "quarantine" / f"{name}{extra}"
        for extra in itertools.chain([""], (f" {n}" for n in itertools.count(2)))
    )
    place = next(place for place in places if not place.exists())
    make_folder(place)
    for suffix in _PARTS:
        part = library.catalog.with_name(library.catalog.name + suffix)
        if part.exists():
            part.rename(place / part.name)
    sync_folder(place)
    return str(place)


def _discard_strays(connection: sqlite3.Connection, library: LibraryPaths) -> None:
    """Deletes store files that no snapshot names: half-written or replaced ones."""
    with errors_in_words():
        known = {name for (name,) in connection.execute("SELECT file FROM snapshot")}
    for file in library.stores.iterdir():
        if file.name not in known and file.is_file():
            log.info("deleting stray store file %r", file.name)
            file.unlink(missing_ok=True)
