"""Reads the vectors of the catalog, and what the vector stores need to follow it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar, cast

import numpy as np

from core.paths import LibraryPaths
from core.records import Ids, Role, SpaceId, Vectors
from core.store.database import connect_reader, damage_remembered, errors_in_words
from core.store.facts import FACTS, KINDS, Facts, day_of
from core.store.snapshot import Snapshot
from core.store.spaces import active_spaces

T = TypeVar("T")

_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Operations:
    """How the searchable segments of a space changed up to `sequence`: `gone` first, then `come`; both ascending."""

    sequence: int
    come: Ids
    gone: Ids


class SpaceReader:
    """A read-only connection. Make, use and close it on one thread, after the `Catalog` has opened.

    Each call reads to its end, so none holds the write-ahead log open. Every method raises `LibraryError` when the disk
    fails or the catalog is damaged.
    """

    def __init__(self, library: LibraryPaths) -> None:
        self._path = library.catalog
        self._db = connect_reader(library.catalog)
        self._known: dict[Hashable, object] = {}
        self._data_version = -1

    def close(self) -> None:
        """Lets go of the database."""
        self._db.close()

    def spaces(self) -> dict[SpaceId, int]:
        """Every space that has been registered, with its dimension."""
        return {SpaceId(name): dim for name, dim in self._rows("SELECT name, dim FROM space ORDER BY id")}

    def active_spaces(self) -> dict[SpaceId, str]:
        """The spaces that answer, and the model that each belongs to."""
        with damage_remembered(self._path), errors_in_words():
            return active_spaces(self._db)

    def roles(self) -> dict[SpaceId, Role]:
        """What the encoder of each space is for."""
        return {SpaceId(name): Role(role) for name, role in self._rows("SELECT name, role FROM space")}

    def understood(self, space_id: SpaceId) -> int:
        """How many items the space has all of that it will get."""

        def count() -> int:
            rows = self._rows(
                "SELECT count(*) FROM understood WHERE space_id = (SELECT id FROM space WHERE name=?)", space_id
            )
            return int(rows[0][0])

        return self._remembered(("understood", space_id), count)

    def vectors(self, space_id: SpaceId, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of `ids` that have a vector in the space, ascending, and the vectors, row for row."""
        rows = self._rows(
            """SELECT segment_id, vector FROM embedding
               WHERE space_id = (SELECT id FROM space WHERE name=?)
                   AND segment_id IN (SELECT value FROM json_each(?)) ORDER BY segment_id""",
            space_id,
            json_of(ids),
        )
        joined = np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f4")
        return ids_of(rows), joined.reshape(-1, self.spaces()[space_id]).astype(np.float32, copy=False)

    def vector_batches(self, space_id: SpaceId, ids: Ids, batch_size: int = 1000) -> Iterator[tuple[Ids, Vectors]]:
        """As `vectors`, batch by batch."""
        for start in range(0, len(ids), batch_size):
            yield self.vectors(space_id, ids[start : start + batch_size])

    def facts(self, ids: Ids) -> Facts:
        """What vector servers are told of the segments `ids` (ascending): a row each, zeros for one without a file."""
        rows = self._rows(
            """SELECT segment.id, file.kind, file.folder_id, file.date_key, item.duration_ms
               FROM json_each(?) JOIN segment ON segment.id = value JOIN item ON item.id = segment.item_id
                   JOIN file ON file.id = (SELECT min(id) FROM file WHERE file.item_id = item.id)
               ORDER BY segment.id""",
            json_of(ids),
        )
        facts = np.zeros((len(ids), len(FACTS)), np.int64)
        facts[np.searchsorted(ids, ids_of(rows))] = np.array(
            [
                (KINDS.index(kind), folder_id, day_of(date_key), duration_ms)
                for _, kind, folder_id, date_key, duration_ms in rows
            ],
            np.int64,
        ).reshape(-1, len(FACTS))
        return facts

    def names(self, ids: Ids) -> list[tuple[str, int]]:
        """The name, without its folder, and the item of the file that each of the segments `ids` is from."""
        rows = self._rows(
            """SELECT segment.id, file.path, segment.item_id
               FROM json_each(?) JOIN segment ON segment.id = value
                   JOIN file ON file.id = (SELECT min(id) FROM file WHERE file.item_id = segment.item_id)""",
            json_of(ids),
        )
        known = {number: (_name(path), item) for number, path, item in rows}
        return [known.get(number, ("", 0)) for number in ids.tolist()]

    def searchable(self, space_id: SpaceId) -> Operations:
        """All searchable segments of the space as `come`, consistent with its `sequence`."""
        with self._one_moment():
            sequence = self._sequence()
            all_ids = ids_of(
                self._rows(
                    """SELECT segment_id FROM embedding WHERE space_id = (SELECT id FROM space WHERE name=?)
                       ORDER BY segment_id""",
                    space_id,
                )
            )
            orphaned = ids_of(
                self._rows(
                    """SELECT segment.id FROM item CROSS JOIN segment ON segment.item_id = item.id
                       WHERE item.orphaned_at IS NOT NULL ORDER BY segment.id"""
                )
            )
        return Operations(sequence, np.setdiff1d(all_ids, orphaned, assume_unique=True), ids_of([]))

    def operations(self, space_id: SpaceId, after: int) -> Operations:
        """What changed for the space since sequence number `after`: for each segment only how it ended."""
        rows = self._rows(
            """SELECT segment_id, came, max(sequence) FROM operation
               WHERE space_id = (SELECT id FROM space WHERE name=?) AND sequence > ?
               GROUP BY segment_id ORDER BY segment_id""",
            space_id,
            after,
        )
        return Operations(
            max((row[2] for row in rows), default=after),
            ids_of([row for row in rows if row[1]]),
            ids_of([row for row in rows if not row[1]]),
        )

    def snapshots(self, space_id: SpaceId) -> list[Snapshot]:
        """The files of the space's vector store, by shard."""
        rows = self._rows(
            """SELECT shard, file, size_bytes, sha256, format, ids FROM snapshot
               WHERE space_id = (SELECT id FROM space WHERE name=?) ORDER BY shard""",
            space_id,
        )
        return [
            Snapshot(space_id, shard, file, size_bytes, sha256, form, np.frombuffer(ids, dtype="<i8"))
            for shard, file, size_bytes, sha256, form, ids in rows
        ]

    # plumbing

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with damage_remembered(self._path), errors_in_words():
            return self._db.execute(sql, values).fetchall()

    def _remembered(self, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` answers, asked only once while nothing is written."""
        ((version,),) = self._rows("PRAGMA data_version")
        if version != self._data_version or len(self._known) >= _REMEMBERED:
            self._known.clear()
            self._data_version = version
        if key not in self._known:
            self._known[key] = find()
        return cast(T, self._known[key])

    def _sequence(self) -> int:
        """The number of the newest operation ever, whether or not it is still in the table."""
        rows = self._rows("SELECT seq FROM sqlite_sequence WHERE name='operation'")
        return int(rows[0][0]) if rows else 0

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """What is read inside belongs together, whatever is written meanwhile."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")


def ids_of(rows: Sequence[Sequence[int]]) -> Ids:
    """The first column of `rows`."""
    return np.array([row[0] for row in rows], dtype=np.int64)


def json_of(ids: Ids | Sequence[int]) -> str:
    """Ids as SQLite's json_each takes them."""
    return json.dumps([int(number) for number in ids])


def _name(path: bytes) -> str:
    """What a file is called, as any computer can show it."""
    return PurePath(os.fsdecode(path)).name.encode("utf-8", "replace").decode()
