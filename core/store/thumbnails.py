"""Small pictures by content: a cache in a database of its own, which may be deleted at any time."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from core.errors import LibraryError
from core.records import ContentHash
from core.store.database import LibraryDamagedError, connect_reader, errors_in_words, transaction

log = logging.getLogger(__name__)

_OPEN = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA mmap_size=0",
    "CREATE TABLE IF NOT EXISTS thumbnail (content_hash BLOB PRIMARY KEY, jpeg BLOB NOT NULL) STRICT",
)


class Thumbnails:
    """JPEG bytes by content hash. Make one per thread that uses it (`store` writes, `read` reads).

    A damaged cache is replaced by an empty one as soon as the damage is met.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """With `read_only` nothing is made or mended. Raises LibraryError when there can be no cache at `path`."""
        self._path = path
        self._read_only = read_only
        self._db = self._open()

    def put_many(self, thumbnails: Sequence[tuple[ContentHash, bytes]]) -> None:
        """Keeps JPEGs. Put them before `Catalog.save`, so that a saved item always has one.

        Raises LibraryError when the disk is full.
        """
        self._write("INSERT OR REPLACE INTO thumbnail (content_hash, jpeg) VALUES (?, ?)", thumbnails)

    def remove(self, content_hashes: Sequence[ContentHash]) -> None:
        """Forgets contents that were purged."""
        self._write("DELETE FROM thumbnail WHERE content_hash=?", [(content,) for content in content_hashes])

    def get(self, content_hash: ContentHash) -> bytes | None:
        """The JPEG, or None when it must be made again."""
        for _ in range(2):
            try:
                with errors_in_words():
                    found = self._db.execute("SELECT jpeg FROM thumbnail WHERE content_hash=?", (content_hash,))
                    rows = found.fetchall()
            except LibraryError:
                log.warning("thumbnails cannot be read", exc_info=True)
                rows = []
            if rows:
                return bytes(rows[0][0])
            if self._is_current():
                break
            self._db.close()
            self._db = self._open()
        return None

    def close(self) -> None:
        """Lets go of the database."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except LibraryDamagedError:
            if self._read_only:
                raise
            self._discard()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            database = connect_reader(self._path)
            self._identity = self._path.stat().st_ino
            return database
        with errors_in_words():
            database = sqlite3.connect(self._path, isolation_level=None)
            try:
                for statement in _OPEN:
                    database.execute(statement)
            except BaseException:
                database.close()
                raise
        self._identity = self._path.stat().st_ino
        return database

    def _write(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._execute(sql, rows)
        except LibraryDamagedError:
            self._db.close()
            self._discard()
            self._db = self._connect()
            self._execute(sql, rows)

    def _execute(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        with transaction(self._db):
            self._db.executemany(sql, rows)

    def _discard(self) -> None:
        log.warning("thumbnails are damaged and will be made again")
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _is_current(self) -> bool:
        """Whether the file is still the one that was opened: the writer may have replaced a damaged one."""
        try:
            return self._path.stat().st_ino == self._identity
        except FileNotFoundError:
            return False
