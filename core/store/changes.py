"""Makes a folder's files in the catalog what a scan found on disk."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import PurePath

from core.records import Changes, FileId, FolderId, FoundFile, Signature
from core.store.presence import bring_back, note_missing

_NO_SIGNATURE = Signature(0, 0, 0, 0, 0)
"""That of no file."""
_DOUBT = """UPDATE file SET state='waiting', attempts=0 WHERE id=? AND state='done' AND EXISTS (
                SELECT 1 FROM (SELECT id, state, item_id, mtime, size_bytes FROM file UNION ALL
                               SELECT id, state, item_id, mtime, size_bytes FROM lost) AS other
                WHERE other.mtime = file.mtime AND other.size_bytes = file.size_bytes AND other.id <> file.id
                    AND (other.state <> 'done' OR other.item_id IS NOT file.item_id))"""


def signature_text(signature: Signature) -> str:
    """A signature as the catalog keeps it: device and inode may exceed SQLite's integers, and times some calendars."""
    return " ".join(map(str, astuple(signature)))


def signature_of(text: str) -> Signature:
    """The signature that `signature_text` wrote."""
    return Signature(*map(int, text.split()))


def local_time(mtime_ns: int) -> str:
    """A time stamp as photos say theirs; empty for one out of this world."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(mtime_ns // 10**9))
    except (OverflowError, OSError, ValueError):
        return ""


def name_key(text: str) -> str:
    """`text` as names are compared: composed, without case; bytes that are no text become U+FFFD."""
    readable = os.fsencode(text).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", readable).casefold())


def _name_keys(path: bytes) -> tuple[str, str]:
    name = PurePath(os.fsdecode(path))
    return name_key(name.name), name_key(name.stem)


def apply_changes(connection: sqlite3.Connection, folder_id: FolderId, changes: Changes) -> None:
    """See `Catalog.apply_changes`; runs inside the caller's transaction."""
    bring_back(
        connection, [*changes.back, *(file_id for files in (changes.moved, changes.changed) for file_id, _ in files)]
    )
    for statement in ("DELETE FROM file WHERE id=?", "DELETE FROM lost WHERE id=?"):
        connection.executemany(statement, ((file_id,) for file_id in changes.left_out))
    _move(connection, folder_id, changes.moved)
    connection.executemany(
        "UPDATE file SET kind=?, signature=?, size_bytes=?, mtime=?, state='waiting', attempts=0 WHERE id=?",
        ((found.kind, *_signature(found), file_id) for file_id, found in changes.changed),
    )
    connection.executemany("DELETE FROM failure WHERE file_id=?", ((file_id,) for file_id, _ in changes.changed))
    connection.executemany(
        """INSERT INTO file (folder_id, path, name_key, stem_key, kind, signature, size_bytes, mtime, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')
           ON CONFLICT (path) DO UPDATE SET folder_id=excluded.folder_id, kind=excluded.kind,
               signature=excluded.signature, size_bytes=excluded.size_bytes, mtime=excluded.mtime, state='waiting',
               attempts=0""",
        _rows(folder_id, changes.added),
    )
    _doubt(connection, [file_id for file_id, _ in changes.moved])
    note_missing(connection, folder_id, changes.missing)
    if changes.skipped is not None:
        connection.execute("DELETE FROM skipped WHERE folder_id=?", (folder_id,))
        connection.executemany(
            "INSERT INTO skipped (folder_id, rule, pattern, files, folders, examples) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (folder_id, of.rule, os.fsencode(of.pattern), of.files, of.folders, json.dumps(of.examples))
                for of in changes.skipped
            ),
        )


def _doubt(connection: sqlite3.Connection, moved: Iterable[FileId]) -> None:
    """Lets moved files be read again that could be others: an inode that was freed is soon taken again.

    So a copy of one file can pass for another that was deleted and had the same size and time. If it is the same after
    all, nothing but its hash is asked for.
    """
    connection.executemany(_DOUBT, ((file_id,) for file_id in moved))


def unsettle(connection: sqlite3.Connection, file_id: FileId) -> None:
    """See `Catalog.unsettle`; runs inside the caller's transaction."""
    connection.execute("DELETE FROM file WHERE id=? AND state='working' AND item_id IS NULL", (file_id,))
    connection.execute(
        "UPDATE file SET state='done', attempts=0, signature=? WHERE id=? AND state='working'",
        (signature_text(_NO_SIGNATURE), file_id),
    )


def _signature(found: FoundFile) -> tuple[str, int, float]:
    return signature_text(found.signature), found.signature.size_bytes, found.signature.mtime_ns / 1e9


def _rows(folder_id: FolderId, added: Iterable[FoundFile]) -> Iterator[tuple[object, ...]]:
    for found in added:
        yield (folder_id, found.path, *_name_keys(found.path), found.kind, *_signature(found))


def _move(connection: sqlite3.Connection, folder_id: FolderId, moved: Iterable[tuple[FileId, FoundFile]]) -> None:
    """Paths are unique and may be swapped or shifted in a ring, so all leave their places before any arrives."""
    moves = list(moved)
    connection.executemany(
        "UPDATE file SET path=? WHERE id=?",
        ((b"\0moving %d" % file_id, file_id) for file_id, _ in moves),  # no path holds a zero byte
    )
    connection.executemany("DELETE FROM file WHERE path=?", ((found.path,) for _, found in moves))
    connection.executemany(
        """UPDATE file SET folder_id=?, path=?, name_key=?, stem_key=?, signature=?, size_bytes=?, mtime=?
           WHERE id=?""",
        ((folder_id, found.path, *_name_keys(found.path), *_signature(found), file_id) for file_id, found in moves),
    )
