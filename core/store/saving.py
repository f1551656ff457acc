"""Writes what was understood of a file: its content, the content's segments, their vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np

from core.records import ItemId

if TYPE_CHECKING:
    from core.store.catalog import IndexedFile, IndexedSegment


def save_content(connection: sqlite3.Connection, indexed: IndexedFile, spaces: Mapping[str, tuple[int, int]]) -> ItemId:
    """The item of this content, made unless it is there, with every vector that it does not have yet.

    `spaces` are each space's number and dimension. Runs inside the caller's transaction. Raises ValueError (a mistake
    of ours) for vectors that are not finite or not of their space's dimension.
    """
    item_id = _item(connection, indexed)
    for segment in indexed.segments:
        segment_id = _segment(connection, item_id, segment)
        for space_id, vector in segment.vectors.items():
            number, dim = spaces[space_id]
            if vector.shape != (dim,) or not np.isfinite(vector).all():
                raise ValueError(f"vector of {space_id}: shape {vector.shape}, finite or not")
            connection.execute(
                "INSERT INTO embedding (segment_id, space_id, vector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (segment_id, number, vector.astype("<f4").tobytes()),
            )
    return item_id


def _item(connection: sqlite3.Connection, indexed: IndexedFile) -> ItemId:
    found = connection.execute("SELECT id FROM item WHERE content_hash=?", (indexed.content_hash,)).fetchone()
    if not found:
        found = connection.execute(
            """INSERT INTO item (content_hash, kind, width, height, format, taken_at, camera, latitude, longitude,
                   colour, orphaned_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id""",
            (indexed.content_hash, indexed.kind, *astuple(indexed.metadata), indexed.colour),
        ).fetchone()
    return ItemId(found[0])


def _segment(connection: sqlite3.Connection, item_id: ItemId, segment: IndexedSegment) -> int:
    values = (item_id, segment.start_ms, segment.end_ms)
    found = connection.execute(
        "SELECT id FROM segment WHERE item_id=? AND start_ms IS ? AND end_ms IS ?", values
    ).fetchone()
    if not found:
        found = connection.execute(
            "INSERT INTO segment (item_id, start_ms, end_ms) VALUES (?, ?, ?) RETURNING id", values
        ).fetchone()
    return int(found[0])
