"""Opens a library folder for writing: lock, check, migrate; a damaged catalog is set aside, never deleted."""

from __future__ import annotations

import logging
import sqlite3
import time

from core.errors import LibraryError
from core.paths import LibraryPaths
from core.store.database import LibraryDamagedError, connect_writer, damage_mark, errors_in_words
from core.store.lock import LibraryLock
from core.store.migrate import migrate

log = logging.getLogger(__name__)


def open_library(library: LibraryPaths) -> tuple[sqlite3.Connection, str, LibraryLock]:
    """The migrated catalog's connection, a notice for the user or an empty string, and the lock that goes with it.

    Raises:
        LibraryBusyError: another Likewise has it open.
        LibraryTooNewError: a newer Likewise wrote it.
        LibraryError: it cannot be read or written.
    """
    try:
        library.root.mkdir(parents=True, exist_ok=True)
        library.stores.mkdir(exist_ok=True)
        lock = LibraryLock(library.lock)
    except OSError as error:
        raise LibraryError(f"The library at “{library.root}” cannot be written: {error.strerror}.") from error
    try:
        connection, notice = _open_or_replace(library)
        _discard_strays(connection, library)
    except BaseException:
        lock.close()
        raise
    return connection, notice, lock


def _open_or_replace(library: LibraryPaths) -> tuple[sqlite3.Connection, str]:
    try:
        return _open(library), ""
    except LibraryDamagedError:
        log.exception("catalog damaged")
    folders = _salvage_folders(library)
    place = _set_aside(library)
    connection = _open(library)
    connection.executemany("INSERT INTO folder (path) VALUES (?)", folders)
    notice = (
        f"The library was damaged and is being built anew from your {len(folders)} folders."
        f" The damaged file was kept in “{place}”."
    )
    return connection, notice


def _open(library: LibraryPaths) -> sqlite3.Connection:
    log_file = library.catalog.with_name(library.catalog.name + "-wal")
    unclean = log_file.exists() and log_file.stat().st_size > 0
    mark = damage_mark(library.catalog)
    connection = connect_writer(library.catalog)
    try:
        migrate(connection, library.catalog)
        if unclean or mark.exists():
            _check(connection)
            mark.unlink(missing_ok=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    with errors_in_words():
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != ("ok",):
        raise LibraryDamagedError(f"The library is damaged: {verdict[0]}.")


def _salvage_folders(library: LibraryPaths) -> list[tuple[bytes]]:
    """The watched folders, if that part can still be read: all else can be had from the media again."""
    try:
        connection = sqlite3.connect(library.catalog)
        try:
            return [
                (path,)
                for (path,) in connection.execute("SELECT path FROM folder ORDER BY id")
                if isinstance(path, bytes)
            ]
        finally:
            connection.close()
    except sqlite3.Error:
        return []


def _set_aside(library: LibraryPaths) -> str:
    place = library.root / "quarantine" / time.strftime("%Y-%m-%d %H-%M-%S")
    place.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        part = library.catalog.with_name(library.catalog.name + suffix)
        if part.exists():
            part.rename(place / part.name)
    return str(place)


def _discard_strays(connection: sqlite3.Connection, library: LibraryPaths) -> None:
    """Deletes store files that no snapshot names: half-written or replaced ones."""
    with errors_in_words():
        known = {name for (name,) in connection.execute("SELECT file FROM snapshot")}
    for file in library.stores.iterdir():
        if file.name not in known:
            log.info("deleting stray store file %r", file.name)
            file.unlink(missing_ok=True)
