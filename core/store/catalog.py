"""The library's only truth, written here and nowhere else: folders, files, items, embeddings, failures."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import FolderError, LibraryError
from core.paths import LibraryPaths
from core.records import (
    Changes,
    ContentHash,
    EncoderSpec,
    FileId,
    Folder,
    FolderId,
    FolderState,
    ItemId,
    Reason,
    Role,
    Signature,
    SpaceId,
    Stage,
)
from core.store.backups import Rows, read_users_rows, write_users_rows
from core.store.changes import apply_changes, unsettle
from core.store.database import damage_remembered, errors_in_words, transaction
from core.store.library import open_library
from core.store.presence import lived_s, pass_time, settle_lost
from core.store.saving import IndexedFile, save_content
from core.store.snapshot import Snapshot, keep_snapshot
from core.store.spaces import SpacePlan, active_spaces, drop_retired, plan_spaces, read_plan, shares, switch_spaces
from core.store.work_queue import WorkItem, WorkQueue

log = logging.getLogger(__name__)

_ROWS_PER_STATEMENT = 500
_SECONDS_PER_DAY = 86400


class Catalog:
    """The writer. Open, use and close it on one thread (`store`); every method commits before it returns.

    Every method raises `LibraryError` with a sentence when the disk is full, read-only or damaged; nothing of the
    call is then kept.

    Attributes:
        notice: what the user should read once after opening ("the library was damaged …"), or empty.
        crashes: how many of those who opened it in the last ten minutes ended without closing it.
    """

    def __init__(self, library: LibraryPaths) -> None:
        """Locks, checks, migrates and opens the library, making it where there is none.

        Raises:
            LibraryBusyError: another Likewise has it open.
            LibraryTooNewError: a newer Likewise wrote it.
            LibraryError: it cannot be read or written.
        """
        self._library = library
        self._db, self.notice, self._lock = open_library(library)
        self.crashes = self._lock.crashes
        self._queue = WorkQueue(self._db)
        try:
            with self._transaction():
                self._queue.requeue_unfinished()
                self._db.execute("DELETE FROM operation")  # stores compare themselves with the embeddings on opening
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Empties the write-ahead log into the database and lets go of the lock. Close the readers first."""
        try:
            self.tidy()
        except LibraryError:
            log.warning("the write-ahead log stays; the next start reads it", exc_info=True)
        finally:
            self._db.close()
            self._lock.close()

    # folders

    def add_folder(self, path: Path) -> Folder:
        """The folder at `path`, added unless it is there. Nesting is the caller's to refuse."""
        raw = os.fsencode(path)
        with self._transaction():
            self._db.execute("INSERT INTO folder (path) VALUES (?) ON CONFLICT DO NOTHING", (raw,))
            folder_id, state = self._db.execute("SELECT id, state FROM folder WHERE path=?", (raw,)).fetchone()
        return Folder(FolderId(folder_id), path, FolderState(state))

    def remove_folder(self, folder_id: FolderId) -> None:
        """Forgets a folder and its files. What was understood of them is kept until `purge_orphans`."""
        with self._transaction():
            self._db.execute("DELETE FROM folder WHERE id=?", (folder_id,))

    def set_folder_state(self, folder_id: FolderId, state: FolderState, root: str = "", drive: str = "") -> None:
        """Remembers whether the folder can be read now; files of one that is not online are not claimed.

        When it comes back, what could not be read because it was gone is tried again. `root` says what it is now and
        `drive` what its drive is called; of a folder that is away, what it was is kept.
        """
        with self._transaction():
            if state is FolderState.ONLINE:
                self._db.execute("UPDATE folder SET root=?, drive=? WHERE id=?", (root, drive, folder_id))
            changed = self._db.execute(
                "UPDATE folder SET state=?1 WHERE id=?2 AND state<>?1", (state, folder_id)
            ).rowcount
            if changed and state is FolderState.ONLINE:
                rows = self._db.execute(
                    """UPDATE file SET state='waiting', attempts=0 WHERE folder_id=? AND state='failed'
                       AND id IN (SELECT file_id FROM failure WHERE retryable) RETURNING id""",
                    (folder_id,),
                ).fetchall()
                self._db.executemany("DELETE FROM failure WHERE file_id=?", rows)

    def apply_changes(self, folder_id: FolderId, changes: Changes) -> None:
        """Makes the folder's files what a scan found: all of it or, on an error, none.

        Added and changed files wait to be indexed; a changed file stays findable by its old content until the new is
        saved. Moved files keep everything, as do missing ones for a while (see `presence`). Paths may be swapped among
        the changes. Raises `FolderError` for a folder that was removed meanwhile.
        """
        with self._transaction():
            if not self._db.execute("SELECT 1 FROM folder WHERE id=?", (folder_id,)).fetchone():
                raise FolderError("This folder is not watched any more.")
            apply_changes(self._db, folder_id, changes)

    def pass_time(self, now_s: float) -> None:
        """Tells the time (Unix seconds). Between two calls no more than a week passes for the library."""
        with self._transaction():
            pass_time(self._db, now_s)

    def settle_lost(self, folder_id: FolderId, *, keep: bool) -> None:
        """Does with the folder's files that are not there any more, however many, what the user says."""
        with self._transaction():
            settle_lost(self._db, folder_id, keep=keep)

    def purge_orphans(self, older_than_days: float = 30) -> list[ContentHash]:
        """Deletes what was understood of contents that have had no file for so long; returns their hashes.

        What files hold that may come back is kept.
        """
        purged: list[ContentHash] = []
        with self._transaction():
            before = lived_s(self._db) - older_than_days * _SECONDS_PER_DAY
        while True:
            with self._transaction():
                rows = self._db.execute(
                    """DELETE FROM item WHERE id IN (SELECT id FROM item WHERE orphaned_at <= ?
                       AND NOT EXISTS (SELECT 1 FROM lost WHERE item_id = item.id) LIMIT ?) RETURNING content_hash""",
                    (before, _ROWS_PER_STATEMENT),
                ).fetchall()
            purged += (ContentHash(row[0]) for row in rows)
            if len(rows) < _ROWS_PER_STATEMENT:
                return purged

    # work

    def claim(self, limit: int, *, later: bool = True) -> list[WorkItem]:
        """Takes up to `limit` waiting files of online folders, newest first.

        Files of which only what takes long is left come after all others and one at a time, and only if `later`. Files
        that were on their way when the app ended come last, each when nothing else is: one of them may have ended it.

        The attempt is committed before it begins, so that a file that ends the app is known when it starts again.
        """
        with self._transaction():
            return self._queue.claim(limit, later=later)

    def release(self) -> None:
        """Puts all claimed files back, the attempt not counted: indexing was cancelled, nothing went wrong."""
        with self._transaction():
            self._queue.release()

    def link(self, file_id: FileId, item_id: ItemId, signature: Signature, *, later: bool = False) -> bool:
        """Marks a claimed file as done, its content being `item_id`; with `later` it waits for what takes long.

        It also waits again if encoders have come to be wanted since it was claimed that have not understood it.
        False if the file has changed since it was claimed, or the item was purged: the file then waits again.
        """
        with self._transaction():
            return self._queue.link(file_id, item_id, signature, later=later)

    def save(self, batch: Sequence[IndexedFile]) -> list[ItemId | None]:
        """Saves indexed files in one transaction; equal contents become one item.

        Returns each file's item; None for a file that is gone, or has changed since it was claimed and waits again.
        Raises `ValueError` (a mistake of ours) for vectors that are not finite or not of their space's dimension.
        """
        with self._transaction():
            spaces = {name: (number, dim) for number, name, dim in self._db.execute("SELECT id, name, dim FROM space")}
            return [self._save(indexed, spaces) for indexed in batch]

    def fail(self, file_id: FileId, stage: Stage, reason: Reason, sentence: str, *, retryable: bool) -> None:
        """Marks a claimed file as failed; it is tried again when it changes or on `retry`.

        What its earlier content answered to is kept only if the same bytes might succeed later, or if all but what
        takes long had been understood of them.
        """
        with self._transaction():
            self._queue.fail(file_id, stage, reason, sentence, retryable=retryable)

    def unsettle(self, file_id: FileId) -> None:
        """Lets go of a claimed file that changes or moves under our hands; the scan that finds it queues it again."""
        with self._transaction():
            unsettle(self._db, file_id)

    def retry(self, file_ids: Sequence[FileId] | None = None) -> int:
        """Lets failed files (None: all) wait again with a clean slate; returns how many."""
        with self._transaction():
            return self._queue.retry(file_ids)

    # spaces

    def plan_spaces(
        self, wanted: Sequence[EncoderSpec], chosen: Mapping[Role, str], able: Collection[SpaceId] = ()
    ) -> SpacePlan:
        """Makes the spaces of the `wanted` encoders known; files that they have not understood wait again.

        Meanwhile such files keep what they have; those on their way wait again when they have arrived.
        See `spaces.plan_spaces` for the arguments.
        """
        with self._transaction():
            self._queue.want(wanted)
            return plan_spaces(self._db, wanted, chosen, able)

    def active_spaces(self) -> dict[SpaceId, str]:
        """The spaces that answer, and the model that each belongs to."""
        with damage_remembered(self._library.catalog), errors_in_words():
            return active_spaces(self._db)

    def shares(self) -> dict[str, float]:
        """Of each model that is catching up, the share (0..1) it knows of what the one in use knows."""
        with damage_remembered(self._library.catalog), errors_in_words():
            return shares(self._db)

    def switch_spaces(self) -> SpacePlan | None:
        """Lets spaces take over that have caught up with those in use; None if none has."""
        with self._transaction():
            return read_plan(self._db) if switch_spaces(self._db) else None

    def drop_retired(self) -> bool:
        """Deletes some of what spaces hold that are not used any more; whether there is more to do."""
        with self._transaction():
            return drop_retired(self._db)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """The commit point of a vector store's file: from now on it is the one to load; replaced ones are deleted."""
        with self._transaction():
            retired = keep_snapshot(self._db, self._space(snapshot.space_id), snapshot)
        for name in retired:
            with suppress(OSError):  # somebody reads it just now: it goes when the library is next opened
                (self._library.stores / name).unlink()

    # what only the user can make

    def users_rows(self) -> Rows:
        """All that is worth a backup."""
        with damage_remembered(self._library.catalog), errors_in_words():
            return read_users_rows(self._db)

    def restore(self, rows: Rows) -> None:
        """Makes what the user made equal to a backup's. A folder that is in both keeps its files."""
        with self._transaction():
            write_users_rows(self._db, rows)

    # upkeep

    def tidy(self) -> None:
        """For idle times: empties the write-ahead log into the database."""
        with damage_remembered(self._library.catalog), errors_in_words():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute("PRAGMA optimize").fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with damage_remembered(self._library.catalog), transaction(self._db):
            yield

    # inside a transaction

    def _save(self, indexed: IndexedFile, spaces: Mapping[str, tuple[int, int]]) -> ItemId | None:
        if not self._queue.is_unchanged(indexed.file_id, indexed.signature):
            return None
        item_id = save_content(self._db, indexed, spaces)
        if indexed.ends:
            self._queue.link(indexed.file_id, item_id, indexed.signature, later=indexed.later)
        return item_id

    def _space(self, space_id: SpaceId) -> int:
        found = self._db.execute("SELECT id FROM space WHERE name=?", (space_id,)).fetchone()
        if found is None:
            raise KeyError(space_id)
        return int(found[0])
