"""Reads the catalog. One `Reader` per thread; each call reads to its end, so none holds the write-ahead log open."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.paths import LibraryPaths
from core.records import (
    ContentHash,
    Details,
    Failure,
    FileId,
    Filters,
    Folder,
    FolderId,
    FolderState,
    Ids,
    ItemId,
    Kind,
    KnownFile,
    Metadata,
    Reason,
    Result,
    SegmentId,
    SpaceId,
    Stage,
    Vectors,
)
from core.store.changes import name_key, signature_of
from core.store.database import connect_reader, damage_remembered, errors_in_words
from core.store.snapshot import Snapshot

_CACHED_FILTERS = 16


NO_FILTERS = Filters()
"""Everything passes."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The library in numbers; `waiting` includes files being worked on. Orphaned items are not counted."""

    files: int
    items: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Operations:
    """How the searchable segments of a space changed up to `sequence`: `gone` first, then `come`; both ascending."""

    sequence: int
    come: Ids
    gone: Ids


class Reader:
    """A read-only connection. Make, use and close it on one thread, after the `Catalog` has opened.

    Results carry no score or strength; whoever ranks them adds these with `dataclasses.replace`. Their `taken_at` is
    when the file was modified where it does not say when it was taken. Every method raises `LibraryError` when the
    disk fails or the catalog is damaged.
    """

    def __init__(self, library: LibraryPaths) -> None:
        self._path = library.catalog
        self._db = connect_reader(library.catalog)
        self._matching: dict[Filters, Ids] = {}
        self._data_version = -1

    def close(self) -> None:
        """Lets go of the database."""
        self._db.close()

    # folders and files

    def folders(self) -> list[Folder]:
        """Every watched folder with its counts, in the order of adding."""
        rows = self._rows(
            """SELECT folder.id, folder.path, folder.state, count(file.id),
                   count(*) FILTER (WHERE file.state IN ('waiting', 'working')),
                   count(*) FILTER (WHERE file.state = 'failed')
               FROM folder LEFT JOIN file ON file.folder_id = folder.id GROUP BY folder.id ORDER BY folder.id"""
        )
        return [
            Folder(FolderId(folder_id), _path(path), FolderState(state), files, waiting, failed)
            for folder_id, path, state, files, waiting, failed in rows
        ]

    def known_files(self, folder_id: FolderId) -> list[KnownFile]:
        """What the catalog remembers of a folder's files."""
        rows = self._rows("SELECT id, path, signature FROM file WHERE folder_id=?", folder_id)
        return [KnownFile(FileId(file_id), path, signature_of(signature)) for file_id, path, signature in rows]

    def failures(self) -> list[Failure]:
        """Files that failed, newest first."""
        rows = self._rows(
            """SELECT file.id, file.path, stage, reason, sentence, at, retryable
               FROM failure JOIN file ON file.id = file_id ORDER BY at DESC, file.id DESC"""
        )
        return [
            Failure(FileId(file_id), _path(path), Stage(stage), Reason(reason), sentence, at, bool(retryable))
            for file_id, path, stage, reason, sentence, at, retryable in rows
        ]

    def counts(self) -> Counts:
        """The library in numbers."""
        states = dict(self._rows("SELECT state, count(*) FROM file GROUP BY state"))
        ((items,),) = self._rows("SELECT count(*) FROM item WHERE orphaned_at IS NULL")
        waiting = states.get("waiting", 0) + states.get("working", 0)
        return Counts(sum(states.values()), items, waiting, states.get("failed", 0))

    def claimable(self) -> int:
        """How many waiting files can be indexed now: those of folders that are there."""
        ((count,),) = self._rows(
            """SELECT count(*) FROM file JOIN folder ON folder.id = folder_id
               WHERE file.state = 'waiting' AND folder.state = 'online'"""
        )
        return int(count)

    def is_empty(self) -> bool:
        """Whether there is nothing to be found at all; unlike `counts` this takes no time in a large library."""
        return not self._rows("SELECT 1 FROM file WHERE item_id IS NOT NULL LIMIT 1")

    def path(self, file_id: FileId) -> bytes | None:
        """Where the file is; None if it is not known (any more)."""
        rows = self._rows("SELECT path FROM file WHERE id=?", file_id)
        return rows[0][0] if rows else None

    def details(self, file_id: FileId) -> Details | None:
        """All we know of one file; None if it is not known or not indexed."""
        rows = self._rows(
            """SELECT result.file_id, item_id, path, result.kind, result.colour, date_key, online, size_bytes,
                   mtime, width, height, format, item.taken_at, camera, latitude, longitude
               FROM result JOIN item ON item.id = item_id WHERE file_id=?""",
            file_id,
        )
        if not rows:
            return None
        *result, size_bytes, mtime, width, height, form, taken_at, camera, latitude, longitude = rows[0]
        copies = self._rows("SELECT path FROM file WHERE item_id=? AND id<>? ORDER BY path", result[1], file_id)
        return Details(
            result=_result(None, None, *result),
            size_bytes=size_bytes,
            mtime=mtime,
            metadata=Metadata(width, height, form, taken_at, camera, latitude, longitude),
            copies=tuple(_path(path) for (path,) in copies),
        )

    def path_of_item(self, item_id: ItemId) -> bytes | None:
        """Where a file with this content is; None if there is none (any more)."""
        rows = self._rows("SELECT path FROM file WHERE item_id=? ORDER BY id LIMIT 1", item_id)
        return bytes(rows[0][0]) if rows else None

    def content_hash(self, item_id: ItemId) -> ContentHash | None:
        """The item's content: the key of its thumbnail."""
        rows = self._rows("SELECT content_hash FROM item WHERE id=?", item_id)
        return ContentHash(rows[0][0]) if rows else None

    def find_item(self, content_hash: ContentHash, spaces: Sequence[SpaceId] = ()) -> ItemId | None:
        """The item with this content, if it has embeddings in every one of `spaces`: then `Catalog.link` suffices."""
        rows = self._rows(
            """SELECT item.id, (SELECT count(DISTINCT space.name) FROM segment
                   JOIN embedding ON embedding.segment_id = segment.id JOIN space ON space.id = space_id
                   WHERE item_id = item.id AND space.name IN (SELECT value FROM json_each(?)))
               FROM item WHERE content_hash = ?""",
            json.dumps(list(spaces)),
            content_hash,
        )
        return ItemId(rows[0][0]) if rows and rows[0][1] == len(set(spaces)) else None

    # answers

    def results_for_segments(
        self, ids: Ids | Sequence[int], filters: Filters = NO_FILTERS
    ) -> dict[SegmentId, list[Result]]:
        """For each segment the files that hold it and pass `filters`: one result a path. Others are left out."""
        rows = self._rows(
            """SELECT segment.id, start_ms, end_ms, file_id, result.item_id, result.path, kind, colour, date_key, online
               FROM json_each(?5) wanted JOIN segment ON segment.id = wanted.value
               JOIN result ON result.item_id = segment.item_id
               WHERE date_key >= ?1 AND date_key < ?2 AND (?3 IS NULL OR folder_id = ?3)
                   AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
               ORDER BY file_id""",
            *_conditions(filters),
            _json(ids),
        )
        found: dict[SegmentId, list[Result]] = {}
        for segment_id, *row in rows:
            found.setdefault(segment_id, []).append(_result(*row))
        return found

    def segments_matching(self, filters: Filters) -> Ids:
        """Ids, ascending, of the segments of all files that pass `filters`. Remembered while nothing is written."""
        ((version,),) = self._rows("PRAGMA data_version")
        if version != self._data_version or len(self._matching) >= _CACHED_FILTERS:
            self._matching.clear()
            self._data_version = version
        if filters not in self._matching:
            ids = self._rows(
                """SELECT segment.id FROM file CROSS JOIN segment ON segment.item_id = file.item_id
                   WHERE file.item_id IS NOT NULL AND date_key >= ? AND date_key < ?
                       AND (?3 IS NULL OR folder_id = ?3)
                       AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))""",
                *_conditions(filters),
            )
            self._matching[filters] = np.unique(_ids(ids))
        return self._matching[filters]

    def browse(self, filters: Filters, limit: int) -> list[Result]:
        """Indexed files that pass `filters`, newest first."""
        rows = self._rows(
            """SELECT NULL, NULL, file_id, item_id, path, kind, colour, date_key, online FROM result
               WHERE date_key >= ? AND date_key < ? AND (?3 IS NULL OR folder_id = ?3)
                   AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
               ORDER BY date_key DESC, file_id DESC LIMIT ?5""",
            *_conditions(filters),
            limit,
        )
        return [_result(*row) for row in rows]

    def exact_name_matches(self, text: str, filters: Filters, limit: int = 50) -> list[Result]:
        """Files whose name, name without extension, or full path is `text`, upper and lower case alike for names."""
        rows = self._rows(
            """SELECT NULL, NULL, file_id, item_id, path, kind, colour, date_key, online FROM result
               WHERE date_key >= ? AND date_key < ? AND (?3 IS NULL OR folder_id = ?3)
                   AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
                   AND file_id IN (SELECT id FROM file WHERE name_key = ?5 UNION SELECT id FROM file WHERE stem_key = ?5
                                   UNION SELECT id FROM file WHERE path = ?6)
               ORDER BY date_key DESC, file_id DESC LIMIT ?7""",
            *_conditions(filters),
            name_key(text.strip()),
            os.fsencode(text.strip()),
            limit,
        )
        return [_result(*row) for row in rows]

    def segments_of_file(self, file_id: FileId) -> Ids:
        """Ids of the file's segments, ascending; empty if it is not indexed."""
        return _ids(
            self._rows(
                "SELECT segment.id FROM file JOIN segment ON segment.item_id = file.item_id WHERE file.id=? ORDER BY 1",
                file_id,
            )
        )

    # spaces

    def spaces(self) -> dict[SpaceId, int]:
        """Every space that has been registered, with its dimension."""
        return {SpaceId(name): dim for name, dim in self._rows("SELECT name, dim FROM space ORDER BY id")}

    def vectors(self, space_id: SpaceId, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of `ids` that have a vector in the space, ascending, and the vectors, row for row."""
        rows = self._rows(
            """SELECT segment_id, vector FROM embedding
               WHERE space_id = (SELECT id FROM space WHERE name=?)
                   AND segment_id IN (SELECT value FROM json_each(?)) ORDER BY segment_id""",
            space_id,
            _json(ids),
        )
        joined = np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f4")
        return _ids(rows), joined.reshape(-1, self.spaces()[space_id]).astype(np.float32, copy=False)

    def vector_batches(self, space_id: SpaceId, ids: Ids, batch_size: int = 1000) -> Iterator[tuple[Ids, Vectors]]:
        """As `vectors`, batch by batch."""
        for start in range(0, len(ids), batch_size):
            yield self.vectors(space_id, ids[start : start + batch_size])

    def searchable(self, space_id: SpaceId) -> Operations:
        """All searchable segments of the space as `come`, consistent with its `sequence`."""
        with self._one_moment():
            sequence = self._sequence()
            all_ids = _ids(
                self._rows(
                    """SELECT segment_id FROM embedding WHERE space_id = (SELECT id FROM space WHERE name=?)
                       ORDER BY segment_id""",
                    space_id,
                )
            )
            orphaned = _ids(
                self._rows(
                    """SELECT segment.id FROM item CROSS JOIN segment ON segment.item_id = item.id
                       WHERE item.orphaned_at IS NOT NULL ORDER BY segment.id"""
                )
            )
        return Operations(sequence, np.setdiff1d(all_ids, orphaned, assume_unique=True), _ids([]))

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
            _ids([row for row in rows if row[1]]),
            _ids([row for row in rows if not row[1]]),
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


def _conditions(filters: Filters) -> tuple[str, str, int | None, str | None]:
    """The first date, what sorts after the last one, the folder or None, the kinds as JSON or None."""
    return (
        filters.since,
        (filters.until or "9999-99-99") + "~",  # sorts after the hours of that day
        filters.folder_id,
        json.dumps(sorted(filters.kinds)) if filters.kinds else None,
    )


def _result(
    start_ms: int | None,
    end_ms: int | None,
    file_id: int,
    item_id: int,
    path: bytes,
    kind: str,
    colour: int,
    date_key: str,
    online: int,
) -> Result:
    return Result(
        file_id=FileId(file_id),
        item_id=ItemId(item_id),
        path=_path(path),
        kind=Kind(kind),
        colour=colour,
        taken_at=date_key,
        online=bool(online),
        start_ms=start_ms,
        end_ms=end_ms,
    )


def _path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def _ids(rows: Sequence[Sequence[int]]) -> Ids:
    return np.array([row[0] for row in rows], dtype=np.int64)


def _json(ids: Ids | Sequence[int]) -> str:
    return json.dumps([int(number) for number in ids])
