"""Which folders to look through and when; each look makes the catalog's picture of a folder equal to the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from core.decode.decoder import kind_of
from core.errors import CoreError, FolderError
from core.events import EventBus, FoldersChanged, LibraryChanged, WatchingChanged
from core.paths import LibraryPaths
from core.records import Changes, FileId, Folder, FolderId, FolderState, Kind, KnownFile, Rule, Skipped, Unwatched
from core.runtime import clock
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.settings import Settings
from core.storage import Storage
from core.store.presence import CONFIRM_AFTER_S
from core.store.reader import Reader
from core.watch.changes import arrived, compare, proven
from core.watch.filesystem import is_remote
from core.watch.root import RootIdentity, drive_of, root_state
from core.watch.rules import Rules
from core.watch.scan import Listing, scan
from core.watch.settling import Settling
from core.watch.watcher import Watcher

ALL_FOLDERS = FolderId(0)
"""Stands for every folder in a request to scan; the catalog counts from 1."""
UNSEEN_EVERY_S = 300.0
"""Folders that live watching cannot follow (network drives, too many directories) are looked through so often."""


class Scanner:
    """Scans what was asked for, or what live watching says has changed, on the `ingest` thread."""

    def __init__(
        self,
        *,
        library: LibraryPaths,
        store: Lane[Storage],
        events: EventBus,
        settings: Callable[[], Settings],
        wake: Callable[[], None],
        stop: Callable[[], bool],
        begins: Callable[[Folder], None],
        on_bug: Callable[[str], None],
    ) -> None:
        """`wake` is called from any thread when there is something to scan, `begins` before a folder is scanned.

        `on_bug` hears of what goes wrong while folders are watched, on any thread, with the traceback.
        """
        self._library = library
        self._store = store
        self._events = events
        self._settings = settings
        self._wake = wake
        self._stop = stop
        self._begins = begins
        self._on_bug = on_bug
        self._lock = threading.Lock()
        self._wanted: dict[FolderId, list[Future[None]]] = {}
        self._ended = False
        self._watcher: Watcher | None = None
        self._watched: dict[Path, FolderId] = {}
        self._accepted: set[FolderId] = set()
        self._confirm_at_s: dict[FolderId, float] = {}
        self._unwatched: tuple[Unwatched, ...] = ()
        self._largest = settings().max_bytes(Kind.IMAGE), settings().max_bytes(Kind.VIDEO)
        self._patterns = settings().exclude
        self._rules = Rules(self._patterns, *self._largest)
        self._applied: dict[FolderId, Rules] = {}
        self._settling = Settling()

    # from any thread

    def watch(self) -> None:
        """Listens to the folders from their next scan on. To be called before the first one."""
        self._watcher = Watcher(self._on_dirty, kind_of=kind_of, rules=lambda: self._rules, on_bug=self._on_bug)

    def ask(self, folder_id: FolderId = ALL_FOLDERS) -> Future[None]:
        """Wants a folder to be scanned; done when the catalog knows what is in it."""
        future: Future[None] = Future()
        with self._lock:
            self._wanted.setdefault(folder_id, []).append(future)
            if self._ended:
                future.cancel()
        self._wake()
        return future

    def accept(self, folder_id: FolderId) -> Future[None]:
        """Wants a folder to be scanned and taken for what it is then, whatever was there before."""
        self._accepted.add(folder_id)
        return self.ask(folder_id)

    def look_again(self) -> None:
        """Wants all folders to be scanned when it suits; files that were just changed are given time to settle."""
        self._want(ALL_FOLDERS)

    @property
    def is_due(self) -> bool:
        """Whether something is to be scanned."""
        return bool(self._wanted)

    @property
    def unwatched(self) -> tuple[Unwatched, ...]:
        """The folders in which live watching does not see every change."""
        return self._unwatched

    def close(self) -> None:
        """Ends the watching."""
        if self._watcher is not None:
            self._watcher.close()

    def give_up(self) -> None:
        """Cancels what anybody waits for, now and from now on."""
        with self._lock:
            self._ended = True
            unmet = [future for futures in self._wanted.values() for future in futures]
        for future in unmet:
            future.cancel()

    def _want(self, folder_id: FolderId) -> None:
        with self._lock:
            self._wanted.setdefault(folder_id, [])
        self._wake()

    # on the ingest thread

    @property
    def next_look_s(self) -> float | None:
        """When `scan_next` should next be called although nobody asks, by the monotonic clock: files are to settle."""
        return self._settling.next_look_s

    @property
    def settles(self) -> bool:
        """Whether there will be something to index in a moment: files that were just written."""
        return self._settling.soon

    def every_s(self, chosen_s: float) -> float:
        """How often all folders are looked through: sooner than chosen where live watching does not see everything."""
        watcher = self._watcher
        seen = watcher is None or all(watcher.gap(root) is None for root in self._watched)
        return chosen_s if seen else min(chosen_s, UNSEEN_EVERY_S)

    @property
    def confirm_in_s(self) -> float | None:
        """In how long `scan_next` is to be called though nobody asks: what was not found is looked for again."""
        return min((at_s - clock.steady_s() for at_s in self._confirm_at_s.values()), default=None)

    def scan_next(self, reader: Reader) -> bool:
        """Scans what was asked for first; False when nothing is."""
        for due in [one for one, at_s in self._confirm_at_s.items() if at_s <= clock.steady_s()]:
            del self._confirm_at_s[due]
            self._want(due)
        for root in self._settling.look():
            if (folder_id := self._watched.get(Path(os.fsdecode(root)))) is not None:
                self._want(folder_id)
        with self._lock:
            wanted = next(iter(self._wanted), None)
            if wanted is None:
                return False
            waiting = self._wanted.pop(wanted)
        waiting = [future for future in waiting if future.set_running_or_notify_cancel()]
        self._follow_settings()
        try:
            for folder in reader.folders():
                if wanted in (ALL_FOLDERS, folder.folder_id):
                    self._scan(reader, folder, asked=bool(waiting))
            self._follow([folder.path for folder in reader.folders()])
        except BaseException as error:
            if isinstance(error, CoreError):  # the disk is full, perhaps: it is due all the same
                with self._lock:
                    self._wanted.setdefault(wanted, [])
            for future in waiting:
                future.set_exception(error)
            raise
        for future in waiting:
            future.set_result(None)
        return True

    def _scan(self, reader: Reader, folder: Folder, *, asked: bool) -> None:
        self._begins(folder)
        self._listen(folder)
        if accepted := folder.folder_id in self._accepted:  # what is said from now on is for the next scan
            self._accepted.discard(folder.folder_id)
        rules, root = self._rules, RootIdentity.of(folder.path)
        listing = scan(folder.path, kind_of, rules=rules, exclude=[self._library.root], stop=self._stop)
        if self._stop():
            return
        known = reader.known_files(folder.folder_id)
        left_out = self._left_out(rules, folder, known)
        kept = [file for file in known if file.file_id not in left_out] if left_out else known
        state = root_state(listing, kept, RootIdentity.parse(folder.root), root, accepted=accepted)
        changes = Changes()
        if state is FolderState.ONLINE:
            changes = proven(compare(kept, listing), kept)
            changes = arrived(changes, reader.twins(folder.folder_id, changes.added))
            if RootIdentity.of(folder.path) != root:  # gone while we looked: what was not found proves nothing
                state, changes = FolderState.OFFLINE, Changes()
        if state is FolderState.ONLINE:
            changes = self._settled(folder, changes, asked=asked)
            skipped = (*listing.skipped, *self._being_written(listing))
            changes = replace(changes, skipped=skipped if {*skipped} != {*folder.skipped} else None)
        else:
            self._settling.forget(listing.root)
        changes = replace(changes, left_out=sorted(left_out))
        is_new_root = state is FolderState.ONLINE and str(root) != folder.root
        if state is not folder.state or changes or is_new_root or folder.asks:
            self._apply(folder, state, changes, str(root))
            if changes.missing and reader.is_missing_any(folder.folder_id):
                self._confirm_at_s.setdefault(folder.folder_id, clock.steady_s() + CONFIRM_AFTER_S)
        self._applied[folder.folder_id] = rules

    def _apply(self, folder: Folder, state: FolderState, changes: Changes, root: str) -> None:
        drive = drive_of(folder.path)

        def apply(storage: Storage) -> None:
            storage.catalog.pass_time(clock.steady_s())
            storage.catalog.set_folder_state(folder.folder_id, state, root, drive)
            storage.catalog.apply_changes(folder.folder_id, changes)

        try:
            self._store.call(Priority.NORMAL, apply).result()
        except FolderError:
            return  # removed while it was looked through
        self._events.publish(FoldersChanged())
        self._events.publish(LibraryChanged())

    def _left_out(self, rules: Rules, folder: Folder, known: Sequence[KnownFile]) -> set[FileId]:
        """Known files that are to be known no longer: the rules have changed."""
        if self._applied.get(folder.folder_id) is rules:
            return set()
        root = os.fsencode(folder.path)
        left_out = set()
        for file in known:
            kind = kind_of(os.path.split(file.path)[1])
            too_large = kind is not None and rules.size(kind, file.signature.size_bytes)
            if too_large or rules.path(root, file.path, is_directory=False):
                left_out.add(file.file_id)
        return left_out

    def _settled(self, folder: Folder, changes: Changes, *, asked: bool) -> Changes:
        """The changes without files that may still be being written."""
        new = [*changes.added, *(found for _, found in changes.changed)]
        remote = bool(new) and is_remote(folder.path)
        held = {
            found.path for found in self._settling.sift(os.fsencode(folder.path), new, asked=asked, is_remote=remote)
        }
        if not held:
            return changes
        return replace(
            changes,
            added=[found for found in changes.added if found.path not in held],
            changed=[(file_id, found) for file_id, found in changes.changed if found.path not in held],
        )

    def _being_written(self, listing: Listing) -> list[Skipped]:
        paths = self._settling.being_written(listing.root)
        examples = tuple(os.fsdecode(path) for path in sorted(paths)[: Skipped.MOST_EXAMPLES])
        return [Skipped(Rule.BEING_WRITTEN, files=len(paths), examples=examples)] if paths else []

    def _follow_settings(self) -> None:
        patterns = self._settings().exclude
        if patterns != self._patterns:
            self._patterns, self._rules = patterns, Rules(patterns, *self._largest)
            if self._watcher is not None:
                self._watcher.renew()

    def _listen(self, folder: Folder) -> None:
        """From before the scan on, so that nothing slips through between the two."""
        is_new = folder.path not in self._watched
        self._watched[folder.path] = folder.folder_id  # another one, if the folder was removed and added again
        if self._watcher is not None and is_new:
            self._watcher.watch(folder.path)

    def _follow(self, paths: list[Path]) -> None:
        """Stops listening to folders that were removed, and tells which are not wholly listened to."""
        for path in [path for path in self._watched if path not in paths]:
            del self._watched[path]
            self._settling.forget(os.fsencode(path))
            if self._watcher is not None:
                self._watcher.unwatch(path)
        if self._watcher is not None:
            unwatched = tuple(gap for path in paths if (gap := self._watcher.gap(path)) is not None)
            if unwatched != self._unwatched:
                self._unwatched = unwatched
                self._events.publish(WatchingChanged(unwatched))

    # on the watcher's thread

    def _on_dirty(self, root: Path) -> None:
        """Something under `root` changed."""
        folder_id = self._watched.get(root)
        if folder_id is not None:
            self._want(folder_id)
