"""What the catalog remembers of a vector store's file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.records import Ids, SpaceId


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file of a vector store that was written whole, and what it must be when it is read again.

    `format` names library, version and parameters; `ids` are the segments by position in the file, -1 where the
    position is dead; `dropped` are shards that are no longer part of the store.
    """

    space_id: SpaceId
    shard: int
    file: str
    size_bytes: int
    sha256: bytes
    format: str
    ids: Ids
    dropped: tuple[int, ...] = ()


def keep_snapshot(connection: sqlite3.Connection, space: int, snapshot: Snapshot) -> list[str]:
    """Makes a snapshot of the space with that number known; answers the files it replaces, which are known no more.

    Runs inside the caller's transaction.
    """
    replaced = [
        row[0]
        for shard in (snapshot.shard, *snapshot.dropped)
        for row in connection.execute(
            "DELETE FROM snapshot WHERE space_id=? AND shard=? RETURNING file", (space, shard)
        ).fetchall()
    ]
    connection.execute(
        "INSERT INTO snapshot (space_id, shard, file, size_bytes, sha256, format, ids) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            space,
            snapshot.shard,
            snapshot.file,
            snapshot.size_bytes,
            snapshot.sha256,
            snapshot.format,
            snapshot.ids.astype("<i8").tobytes(),
        ),
    )
    return replaced
