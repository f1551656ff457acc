"""Which files wait to be indexed, are on their way, are done or failed: the queue is the catalog's table of files."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.records import EncoderSpec, FileId, ItemId, Kind, Reason, Role, Signature, SpaceId, Stage
from core.store.changes import local_time, signature_of, signature_text

MAX_ATTEMPTS = 2
"""How often indexing a file may end with the app itself before the file is set aside."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A file to be indexed. `attempts` counts this one, so it is at least 1; `later`: only what takes long is left."""

    file_id: FileId
    path: bytes
    kind: Kind
    signature: Signature
    attempts: int
    later: bool = False


class WorkQueue:
    """Part of `Catalog`, whose methods of the same names say what these do; all run inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._wanted: Sequence[EncoderSpec] = ()
        self._overtaken: set[int] = set()  # claimed before the encoders were wanted that are wanted now

    def want(self, encoders: Sequence[EncoderSpec]) -> None:
        """Other encoders are wanted from now on: what is on its way may not reach them."""
        self._wanted = tuple(encoders)
        self._overtaken = {file_id for (file_id,) in self._db.execute("SELECT id FROM file WHERE state='working'")}

    def claim(self, limit: int, *, later: bool) -> list[WorkItem]:
        """See `Catalog.claim`."""
        rows = self._db.execute(
            """SELECT file.id, file.path, file.kind, attempts + 1, signature, later
               FROM file JOIN folder ON folder.id = folder_id
               WHERE file.state = 'waiting' AND folder.state = 'online' AND missing_at IS NULL AND later <= ?
               ORDER BY later, attempts, mtime DESC, file.id LIMIT ?""",
            (later, limit),
        ).fetchall()
        rows = [row for row in rows if not row[-1]] or rows[:1]
        rows = [row for row in rows if row[3] == 1] or rows[: not self._is_working()]
        self._db.executemany(
            "UPDATE file SET state='working', attempts=attempts+1 WHERE id=?", ((row[0],) for row in rows)
        )
        self._overtaken.difference_update(row[0] for row in rows)
        return [
            WorkItem(FileId(file_id), path, Kind(kind), signature_of(signature), attempts, bool(later))
            for file_id, path, kind, attempts, signature, later in rows
        ]

    def release(self) -> None:
        """See `Catalog.release`."""
        self._db.execute("UPDATE file SET state='waiting', attempts=attempts-1 WHERE state='working'")

    def is_unchanged(self, file_id: FileId, signature: Signature) -> bool:
        """Whether the file is still what it was when it was claimed."""
        row = self._db.execute("SELECT signature FROM file WHERE id=?", (file_id,)).fetchone()
        return row is not None and row[0] == signature_text(signature)

    def link(self, file_id: FileId, item_id: ItemId, signature: Signature, *, later: bool) -> bool:
        """See `Catalog.link`."""
        if not self.is_unchanged(file_id, signature):
            return False
        item = self._db.execute("SELECT kind, taken_at FROM item WHERE id=?", (item_id,)).fetchone()
        if item is None:  # purged since the caller looked: to be understood anew
            self._db.execute("UPDATE file SET state='waiting' WHERE id=?", (file_id,))
            return False
        kind, taken_at = item
        lacking = self._lacking(item_id, Kind(kind)) if file_id in self._overtaken else set()
        self._overtaken.discard(file_id)
        self._db.execute(
            "UPDATE file SET state=?, later=?, attempts=0, item_id=?, kind=?, date_key=? WHERE id=?",
            (
                "waiting" if later or lacking else "done",
                lacking == {Role.SPEECH} or (later and not lacking),
                item_id,
                kind,
                taken_at or local_time(signature.mtime_ns),
                file_id,
            ),
        )
        self._db.execute("DELETE FROM failure WHERE file_id=?", (file_id,))
        return True

    def fail(self, file_id: FileId, stage: Stage, reason: Reason, sentence: str, *, retryable: bool) -> None:
        """See `Catalog.fail`."""
        failed = self._db.execute(
            """UPDATE file SET state='failed', item_id=CASE WHEN ? OR later THEN item_id END
               WHERE id=? AND state='working' RETURNING id""",
            (retryable, file_id),
        ).fetchall()
        if failed:  # else it is gone, or has changed meanwhile and waits again
            self._db.execute(
                "INSERT INTO failure (file_id, stage, reason, sentence, at, retryable) VALUES (?, ?, ?, ?, ?, ?)",
                (file_id, stage, reason, sentence, time.time(), retryable),
            )

    def retry(self, file_ids: Collection[FileId] | None) -> int:
        """See `Catalog.retry`."""
        chosen = None if file_ids is None else json.dumps(list(file_ids))
        rows = self._db.execute(
            """UPDATE file SET state='waiting', attempts=0
               WHERE state='failed' AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1))) RETURNING id""",
            (chosen,),
        ).fetchall()
        self._db.executemany("DELETE FROM failure WHERE file_id=?", rows)
        return len(rows)

    def requeue_unfinished(self) -> None:
        """What was being worked on when the app ended waits again; what ended it twice is set aside."""
        suspects = self._db.execute(
            "SELECT id FROM file WHERE state='working' AND attempts>=?", (MAX_ATTEMPTS,)
        ).fetchall()
        for (file_id,) in suspects:
            self.fail(
                file_id,
                Stage.DECODE,
                Reason.DECODER_CRASHED,
                "Likewise ended more than once while this file was being read."
                " Try it again if something else was the cause.",
                retryable=True,
            )
        self._db.execute("UPDATE file SET state='waiting' WHERE state='working'")

    def _lacking(self, item_id: ItemId, kind: Kind) -> set[Role]:
        """The roles in which a content has not been understood by those who are wanted now."""
        understood = {
            SpaceId(name)
            for (name,) in self._db.execute(
                "SELECT name FROM understood JOIN space ON space.id = space_id WHERE item_id=?", (item_id,)
            )
        }
        return {
            spec.role
            for spec in self._wanted
            if kind in spec.kinds and not {space.space_id for space in spec.spaces} <= understood
        }

    def _is_working(self) -> bool:
        return self._db.execute("SELECT 1 FROM file WHERE state='working' LIMIT 1").fetchone() is not None
