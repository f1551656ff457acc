"""Makes a folder's files in the catalog what a scan found on disk."""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from core.records import Changes, FileId, FolderId, FoundFile, Signature


def signed(number: int) -> int:
    """A device or inode number (unsigned 64 bit) as SQLite can keep it."""
    return (number + 2**63) % 2**64 - 2**63


def signature_values(signature: Signature) -> tuple[int, int, int, int, int]:
    """A signature as the columns device, inode, size_bytes, mtime_ns, ctime_ns."""
    return (
        signed(signature.device),
        signed(signature.inode),
        signature.size_bytes,
        signature.mtime_ns,
        signature.ctime_ns,
    )


def signature_of(device: int, inode: int, size_bytes: int, mtime_ns: int, ctime_ns: int) -> Signature:
    """The signature that `signature_values` took apart."""
    return Signature(device % 2**64, inode % 2**64, size_bytes, mtime_ns, ctime_ns)


def name_key(text: str) -> str:
    """`text` as names are compared: composed, without case; bytes that are no text become U+FFFD."""
    readable = os.fsencode(text).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", readable).casefold())


def _name_keys(path: bytes) -> tuple[str, str]:
    name = PurePath(os.fsdecode(path))
    return name_key(name.name), name_key(name.stem)


def apply_changes(connection: sqlite3.Connection, folder_id: FolderId, changes: Changes) -> None:
    """See `Catalog.apply_changes`; runs inside the caller's transaction."""
    connection.executemany("DELETE FROM file WHERE id=?", ((file_id,) for file_id in changes.gone))
    _move(connection, changes.moved)
    connection.executemany(
        """UPDATE file SET kind=?, device=?, inode=?, size_bytes=?, mtime_ns=?, ctime_ns=?, state='waiting', attempts=0
           WHERE id=?""",
        ((found.kind, *signature_values(found.signature), file_id) for file_id, found in changes.changed),
    )
    connection.executemany("DELETE FROM failure WHERE file_id=?", ((file_id,) for file_id, _ in changes.changed))
    connection.executemany(
        """INSERT INTO file (folder_id, path, name_key, stem_key, kind, device, inode, size_bytes, mtime_ns, ctime_ns,
               state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')
           ON CONFLICT (path) DO UPDATE SET folder_id=excluded.folder_id, kind=excluded.kind, device=excluded.device,
               inode=excluded.inode, size_bytes=excluded.size_bytes, mtime_ns=excluded.mtime_ns,
               ctime_ns=excluded.ctime_ns, state='waiting', attempts=0""",
        _rows(folder_id, changes.added),
    )


def _rows(folder_id: FolderId, added: Iterable[FoundFile]) -> Iterator[tuple[object, ...]]:
    for found in added:
        yield (folder_id, found.path, *_name_keys(found.path), found.kind, *signature_values(found.signature))


def _move(connection: sqlite3.Connection, moved: Iterable[tuple[FileId, FoundFile]]) -> None:
    """Paths are unique and may be swapped or shifted in a ring, so all leave their places before any arrives."""
    moves = list(moved)
    connection.executemany(
        "UPDATE file SET path=? WHERE id=?",
        ((b"\0moving %d" % file_id, file_id) for file_id, _ in moves),  # no path holds a zero byte
    )
    connection.executemany("DELETE FROM file WHERE path=?", ((found.path,) for _, found in moves))
    connection.executemany(
        """UPDATE file SET path=?, name_key=?, stem_key=?, device=?, inode=?, size_bytes=?, mtime_ns=?, ctime_ns=?
           WHERE id=?""",
        (
            (found.path, *_name_keys(found.path), *signature_values(found.signature), file_id)
            for file_id, found in moves
        ),
    )
