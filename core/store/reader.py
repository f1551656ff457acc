"""Reads the catalog. One `Reader` per thread; each call reads to its end, so none holds the write-ahead log open."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.records import (
    Away,
    ContentHash,
    Details,
    Failure,
    FileId,
    Filters,
    Folder,
    FolderId,
    FolderState,
    FoundFile,
    Ids,
    ItemId,
    Kind,
    KnownFile,
    Line,
    Metadata,
    Reason,
    Result,
    Rule,
    SegmentId,
    Skipped,
    SpaceId,
    Stage,
)
from core.store.changes import name_key, signature_of
from core.store.space_reader import ids_of, json_of
from core.store.standing_reader import StandingReader

NO_FILTERS = Filters()
"""Everything passes."""
_RESULTS = """SELECT file_id, item_id, path, kind, colour, date_key, folder_id, missing, duration_ms FROM result
              WHERE date_key >= ?1 AND date_key < ?2 AND (?3 IS NULL OR folder_id = ?3)
                  AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))"""
"""Files that pass filters: ?1 to ?4 are `_conditions`."""
_NEWEST_FIRST = "ORDER BY date_key DESC, file_id DESC"


@dataclass(frozen=True, slots=True)
class Counts:
    """The library in numbers; `waiting` includes files being worked on. Orphaned items are not counted."""

    files: int
    items: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Span:
    """A part of an item; without times it is all of it. `line` is what is said there."""

    start_ms: int | None
    end_ms: int | None
    line: str


class Reader(StandingReader):
    """All that the catalog holds; see `SpaceReader` for how it is used.

    Results carry no score or strength; whoever ranks them adds these with `dataclasses.replace`. Their `taken_at` is
    when the file was modified where it does not say when it was taken.
    """

    # folders and files

    def folders(self) -> list[Folder]:
        """Every watched folder with its counts, in the order of adding."""
        rows = self._rows(
            """SELECT folder.id, folder.path, folder.state, count(file.id),
                   count(*) FILTER (WHERE file.state IN ('waiting', 'working')),
                   count(*) FILTER (WHERE file.state = 'failed'),
                   count(item_id) FILTER (WHERE kind = 'image'), count(item_id) FILTER (WHERE kind = 'audio'),
                   count(item_id) FILTER (WHERE kind = 'video'), root, drive,
                   (SELECT count(*) FROM lost WHERE lost.folder_id = folder.id), asks
               FROM folder LEFT JOIN file ON file.folder_id = folder.id GROUP BY folder.id ORDER BY folder.id"""
        )
        skipped = self._skipped()
        return [
            Folder(
                FolderId(folder_id),
                _path(path),
                FolderState(state),
                files,
                waiting,
                failed,
                {kind: count for kind, count in zip(Kind, row[:3], strict=True) if count},
                tuple(skipped.get(folder_id, ())),
                *row[3:],
            )
            for folder_id, path, state, files, waiting, failed, *row in rows
        ]

    def _skipped(self) -> dict[int, list[Skipped]]:
        skipped: dict[int, list[Skipped]] = {}
        for folder_id, rule, pattern, files, folders, examples in self._rows(
            "SELECT folder_id, rule, pattern, files, folders, examples FROM skipped"
        ):
            left_out = Skipped(Rule(rule), os.fsdecode(pattern), files, folders, tuple(json.loads(examples)))
            skipped.setdefault(folder_id, []).append(left_out)
        return skipped

    def paths(self) -> list[tuple[FolderId, bytes]]:
        """Every file that is known."""
        return [(FolderId(folder_id), path) for folder_id, path in self._rows("SELECT folder_id, path FROM file")]

    def known_files(self, folder_id: FolderId) -> list[KnownFile]:
        """What the catalog remembers of a folder's files, those included that it did not find of late.

        Lost ones come first: of two with the same path the last is the one that was there of late.
        """
        rows = self._rows(
            """SELECT id, path, signature, missing_at IS NULL, 0 AS lost FROM file WHERE folder_id=?1
               UNION ALL SELECT id, path, signature, 0, 1 FROM lost WHERE folder_id=?1 ORDER BY lost DESC, id""",
            folder_id,
        )
        return [KnownFile(FileId(row[0]), row[1], signature_of(row[2]), bool(row[3])) for row in rows]

    def twins(self, folder_id: FolderId, found: Iterable[FoundFile]) -> list[KnownFile]:
        """Files of other folders, or lost by them, of the size and the time of those that were `found`."""
        if not self._rows("SELECT 1 FROM folder WHERE id<>? LIMIT 1", folder_id):
            return []
        rows = [
            row
            for file in found
            for row in self._rows(
                """SELECT file.id, file.path, signature FROM file JOIN folder ON folder.id = folder_id
                   WHERE mtime=?1 AND size_bytes=?2 AND folder_id<>?3 AND folder.state='online'
                   UNION ALL SELECT id, path, signature FROM lost WHERE mtime=?1 AND size_bytes=?2 AND folder_id<>?3""",
                file.signature.mtime_ns / 1e9,
                file.signature.size_bytes,
                folder_id,
            )
        ]
        return [KnownFile(FileId(file_id), path, signature_of(text)) for file_id, path, text in dict.fromkeys(rows)]

    def is_missing_any(self, folder_id: FolderId) -> bool:
        """Whether a file of the folder was not found, and is to be looked for once more."""
        return bool(self._rows("SELECT 1 FROM file WHERE folder_id=? AND missing_at IS NOT NULL LIMIT 1", folder_id))

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

    def claimable(self, *, later: bool | None = None) -> int:
        """How many waiting files can be indexed now: those of folders that are there.

        With `later` only those of which only what takes long is left; without it (False) only the others.
        """
        ((count,),) = self._rows(
            """SELECT count(*) FROM file JOIN folder ON folder.id = folder_id
               WHERE file.state = 'waiting' AND folder.state = 'online' AND missing_at IS NULL
                   AND (?1 IS NULL OR later = ?1)""",
            later,
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
            """SELECT result.file_id, item_id, path, result.kind, result.colour, date_key, folder_id, missing,
                   result.duration_ms, result.size_bytes, mtime, peaks,
                   width, height, format, item.taken_at, camera, latitude, longitude, item.duration_ms, title
               FROM result JOIN item ON item.id = item_id WHERE file_id=?""",
            file_id,
        )
        if not rows:
            return None
        result, (size_bytes, mtime, peaks), about = rows[0][:9], rows[0][9:12], rows[0][12:]
        copies = self._rows("SELECT path FROM file WHERE item_id=? AND id<>? ORDER BY path", result[1], file_id)
        return Details(
            result=_result(self._away(), *result),
            size_bytes=size_bytes,
            mtime=mtime,
            metadata=Metadata(*about),
            copies=tuple(_path(path) for (path,) in copies),
            transcript=self._transcript(result[1]),
            peaks=peaks,
        )

    def _transcript(self, item_id: int) -> tuple[Line, ...]:
        rows = self._rows(
            """SELECT start_ms, end_ms, text, language FROM segment JOIN line ON segment_id = segment.id
               WHERE item_id=? ORDER BY start_ms, segment.id""",
            item_id,
        )
        return tuple(Line(*row) for row in rows)

    def path_of_item(self, item_id: ItemId) -> bytes | None:
        """Where a file with this content is; None if there is none (any more)."""
        rows = self._rows("SELECT path FROM file WHERE item_id=? ORDER BY id LIMIT 1", item_id)
        return bytes(rows[0][0]) if rows else None

    def content_hash(self, item_id: ItemId) -> ContentHash | None:
        """The item's content: the key of its thumbnail."""
        rows = self._rows("SELECT content_hash FROM item WHERE id=?", item_id)
        return ContentHash(rows[0][0]) if rows else None

    def find_item(self, content_hash: ContentHash) -> tuple[ItemId, Kind, frozenset[SpaceId]] | None:
        """The item with this content, its kind, and the spaces that have all that they will get of it."""
        rows = self._rows("SELECT id, kind FROM item WHERE content_hash = ?", content_hash)
        if not rows:
            return None
        item_id, kind = rows[0]
        understood = self._rows(
            "SELECT name FROM understood JOIN space ON space.id = space_id WHERE item_id = ?", item_id
        )
        return ItemId(item_id), Kind(kind), frozenset(SpaceId(name) for (name,) in understood)

    # answers

    def files_of(self, items: Ids, filters: Filters = NO_FILTERS) -> tuple[Ids, Ids]:
        """The files that hold `items` and pass `filters`, and the item of each; both by the age of the files."""
        rows = self._rows(
            """SELECT id, item_id FROM file
               WHERE date_key >= ?1 AND date_key < ?2 AND (?3 IS NULL OR folder_id = ?3)
                   AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
                   AND item_id IN (SELECT value FROM json_each(?5)) ORDER BY id""",
            *_conditions(filters),
            json_of(items),
        )
        return ids_of(rows), np.array([row[1] for row in rows], dtype=np.int64)

    def items_of_files(self, files: Ids) -> Ids:
        """The items that `files` hold, as far as they are indexed."""
        rows = self._rows(
            "SELECT item_id FROM file WHERE item_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            json_of(files),
        )
        return ids_of(rows)

    def results_of_files(self, files: Ids, filters: Filters = NO_FILTERS) -> list[Result]:
        """Those of `files` that are indexed and pass `filters`, newest first."""
        among = "AND file_id IN (SELECT value FROM json_each(?5))"
        return self._results(filters, among, _NEWEST_FIRST, values=[json_of(files)])

    def browse(self, filters: Filters, limit: int) -> list[Result]:
        """Indexed files that pass `filters`, newest first."""
        return self._results(filters, _NEWEST_FIRST, "LIMIT ?5", values=[limit])

    def exact_name_matches(self, text: str, filters: Filters, limit: int = 50) -> list[Result]:
        """Files whose name, name without extension, or full path is `text`, upper and lower case alike for names."""
        among = """AND file_id IN (SELECT id FROM file WHERE name_key = ?5 UNION SELECT id FROM file WHERE stem_key = ?5
                                   UNION SELECT id FROM file WHERE path = ?6)"""
        values = [name_key(text.strip()), os.fsencode(text.strip()), limit]
        return self._results(filters, among, _NEWEST_FIRST, "LIMIT ?7", values=values)

    def _results(self, filters: Filters, *clauses: str, values: Sequence[object]) -> list[Result]:
        """The files that pass `filters` and the further `clauses`, whose `values` begin with ?5."""
        rows = self._rows(" ".join([_RESULTS, *clauses]), *_conditions(filters), *values)
        away = self._away()
        return [_result(away, *row) for row in rows]

    def _away(self) -> dict[int, Away | None]:
        """Why the files of each folder cannot be opened, if they cannot."""
        rows = self._rows("SELECT id, path, state, drive FROM folder WHERE state <> 'online'")
        return {row[0]: Folder(row[0], _path(row[1]), FolderState(row[2]), drive=row[3]).away for row in rows}

    def item_of_each(self, segments: Ids) -> Ids:
        """The item that each of `segments` belongs to; -1 for what is gone."""
        known = dict(
            self._rows(
                "SELECT id, item_id FROM segment WHERE id IN (SELECT value FROM json_each(?))", json_of(segments)
            )
        )
        return np.array([known.get(int(segment), -1) for segment in segments], dtype=np.int64)

    def segments_of(self, items: Ids) -> tuple[Ids, Ids]:
        """All segments of `items`, and the item of each, both ascending by item and then by segment."""
        rows = self._rows(
            """SELECT id, item_id FROM segment WHERE item_id IN (SELECT value FROM json_each(?))
               ORDER BY item_id, id""",
            json_of(items),
        )
        return ids_of(rows), np.array([row[1] for row in rows], dtype=np.int64)

    def spans(self, segments: Ids) -> dict[SegmentId, Span]:
        """Where in its item each segment is, and what is said there."""
        rows = self._rows(
            """SELECT segment.id, start_ms, end_ms, coalesce(text, '') FROM segment
               LEFT JOIN line ON segment_id = segment.id WHERE segment.id IN (SELECT value FROM json_each(?))""",
            json_of(segments),
        )
        return {SegmentId(row[0]): Span(*row[1:]) for row in rows}

    def segments_matching(self, filters: Filters) -> Ids:
        """Ids, ascending, of the segments of all files that pass `filters`."""

        def find() -> Ids:
            rows = self._rows(
                """SELECT segment.id FROM file CROSS JOIN segment ON segment.item_id = file.item_id
                   WHERE file.item_id IS NOT NULL AND date_key >= ? AND date_key < ?
                       AND (?3 IS NULL OR folder_id = ?3)
                       AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))""",
                *_conditions(filters),
            )
            return np.unique(ids_of(rows))

        return self._remembered(filters, find)

    def segments_of_file(self, file_id: FileId, start_ms: int | None = None, end_ms: int | None = None) -> Ids:
        """Ids of the file's segments, ascending, of a stretch those that it touches; empty if it is not indexed."""
        return ids_of(
            self._rows(
                """SELECT segment.id FROM file JOIN segment ON segment.item_id = file.item_id
                   WHERE file.id = ?1 AND (?2 IS NULL OR end_ms IS NULL OR end_ms > ?2)
                       AND (?3 IS NULL OR start_ms IS NULL OR start_ms < ?3) ORDER BY 1""",
                file_id,
                start_ms,
                end_ms,
            )
        )


def _conditions(filters: Filters) -> tuple[str, str, int | None, str | None]:
    """The first date, what sorts after the last one, the folder or None, the kinds as JSON or None."""
    return (
        filters.since,
        (filters.until or "9999-99-99") + "~",  # sorts after the hours of that day
        filters.folder_id,
        json.dumps(sorted(filters.kinds)) if filters.kinds else None,
    )


def _result(
    away: Mapping[int, Away | None],
    file_id: int,
    item_id: int,
    path: bytes,
    kind: str,
    colour: int,
    date_key: str,
    folder_id: int,
    missing: int,
    duration_ms: int,
) -> Result:
    return Result(
        file_id=FileId(file_id),
        item_id=ItemId(item_id),
        path=_path(path),
        kind=Kind(kind),
        colour=colour,
        taken_at=date_key,
        away=away.get(folder_id),
        missing=bool(missing),
        duration_ms=duration_ms,
    )


def _path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))
