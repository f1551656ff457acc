"""Writes what was understood of a file: its content, the content's segments, their vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from core.records import ContentHash, FileId, ItemId, Kind, Line, Metadata, Segment, Signature, SpaceId

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEAKS = 1000
"""At most so many steps of loudness are kept of a sound, however long."""


@dataclass(frozen=True, slots=True)
class IndexedSegment:
    """One segment's vectors, each (dim,) float32 of norm 1, by space; `line` is what is said in it."""

    vectors: Mapping[SpaceId, NDArray[np.float32]]
    start_ms: int | None = None
    end_ms: int | None = None
    line: Line | None = None

    @classmethod
    def of(cls, segment: Segment, vectors: Mapping[SpaceId, NDArray[np.float32]]) -> Self:
        """A segment as it was decoded, and what was made of it."""
        line = None
        if segment.text and segment.start_ms is not None and segment.end_ms is not None:
            line = Line(segment.start_ms, segment.end_ms, segment.text, segment.language)
        return cls(vectors, segment.start_ms, segment.end_ms, line)


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file, or a stretch of it, decoded and embedded, ready to be saved.

    Attributes:
        signature: that of its `WorkItem`.
        peaks: how loud the whole file is, a byte a step, with its last stretch.
        understood: spaces that have, with this stretch, all that they will get of the content.
        ends: whether this is the last stretch: only then the file can be found.
        later: whether the file is then to wait for what takes long.
    """

    file_id: FileId
    signature: Signature
    content_hash: ContentHash
    kind: Kind
    metadata: Metadata
    colour: int
    segments: Sequence[IndexedSegment]
    peaks: bytes = b""
    understood: frozenset[SpaceId] = frozenset()
    ends: bool = True
    later: bool = False


def save_content(connection: sqlite3.Connection, indexed: IndexedFile, spaces: Mapping[str, tuple[int, int]]) -> ItemId:
    """The item of this content, made unless it is there, with every vector that it does not have yet.

    `spaces` are each space's number and dimension. Runs inside the caller's transaction. Raises ValueError (a mistake
    of ours) for vectors that are not finite or not of their space's dimension.
    """
    item_id = _item(connection, indexed)
    for segment in indexed.segments:
        segment_id = _segment(connection, item_id, segment)
        if segment.line is not None:
            connection.execute(
                "INSERT INTO line (segment_id, text, language) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (segment_id, segment.line.text, segment.line.language),
            )
        for space_id, vector in segment.vectors.items():
            number, dim = spaces[space_id]
            if vector.shape != (dim,) or not np.isfinite(vector).all():
                raise ValueError(f"vector of {space_id}: shape {vector.shape}, finite or not")
            connection.execute(
                "INSERT INTO embedding (segment_id, space_id, vector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (segment_id, number, vector.astype("<f4").tobytes()),
            )
    connection.executemany(
        "INSERT INTO understood (item_id, space_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        ((item_id, spaces[space_id][0]) for space_id in indexed.understood),
    )
    return item_id


def _item(connection: sqlite3.Connection, indexed: IndexedFile) -> ItemId:
    found = connection.execute("SELECT id FROM item WHERE content_hash=?", (indexed.content_hash,)).fetchone()
    if not found:
        about = indexed.metadata
        found = connection.execute(
            """INSERT INTO item (content_hash, kind, width, height, format, taken_at, camera, latitude, longitude,
                   duration_ms, title, colour, orphaned_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id""",
            (
                indexed.content_hash,
                indexed.kind,
                about.width,
                about.height,
                about.format,
                about.taken_at,
                about.camera,
                about.latitude,
                about.longitude,
                about.duration_ms,
                about.title,
                indexed.colour,
            ),
        ).fetchone()
    if indexed.peaks:
        connection.execute("UPDATE item SET peaks=? WHERE id=?", (condensed(indexed.peaks), found[0]))
    return ItemId(found[0])


def condensed(peaks: bytes) -> bytes:
    """The loudest of each of at most PEAKS equal steps."""
    if len(peaks) <= PEAKS:
        return peaks
    starts = np.linspace(0, len(peaks), PEAKS, endpoint=False).astype(np.int64)
    return bytes(np.maximum.reduceat(np.frombuffer(peaks, np.uint8), starts))


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
