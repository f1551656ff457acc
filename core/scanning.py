"""Which folders to look through and when; each look makes the catalog's picture of a folder equal to the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from core.decode.decoder import kind_of
from core.errors import FolderError
from core.events import EventBus, FoldersChanged, LibraryChanged
from core.paths import LibraryPaths
from core.records import Changes, Folder, FolderId, FolderState
from core.runtime import clock
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.storage import Storage
from core.store.presence import CONFIRM_AFTER_S
from core.store.reader import Reader
from core.watch.changes import arrived, compare, proven
from core.watch.root import RootIdentity, drive_of, root_state
from core.watch.scan import scan
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
        wake: Callable[[], None],
        stop: Callable[[], bool],
        begins: Callable[[Folder], None],
    ) -> None:
        """`wake` is called from any thread when there is something to scan, `begins` before a folder is scanned."""
        self._library = library
        self._store = store
        self._events = events
        self._wake = wake
        self._stop = stop
        self._begins = begins
        self._lock = threading.Lock()
        self._wanted: dict[FolderId, list[Future[None]]] = {}
        self._ended = False
        self._watcher: Watcher | None = None
        self._watched: dict[Path, FolderId] = {}
        self._accepted: set[FolderId] = set()
        self._confirm_at_s: dict[FolderId, float] = {}

    # from any thread

    def watch(self) -> None:
        """Listens to the folders from their next scan on. To be called before the first one."""
        self._watcher = Watcher(self._on_dirty, kind_of=kind_of)

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

    @property
    def is_due(self) -> bool:
        """Whether something is to be scanned."""
        return bool(self._wanted)

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

    # on the ingest thread

    def every_s(self, chosen_s: float) -> float:
        """How often all folders are looked through: sooner than chosen where live watching does not see everything."""
        watcher = self._watcher
        seen = watcher is None or all(watcher.coverage(root) for root in self._watched)
        return chosen_s if seen else min(chosen_s, UNSEEN_EVERY_S)

    @property
    def confirm_in_s(self) -> float | None:
        """In how long `scan_next` is to be called though nobody asks: what was not found is looked for again."""
        return min((at_s - clock.steady_s() for at_s in self._confirm_at_s.values()), default=None)

    def scan_next(self, reader: Reader) -> bool:
        """Scans what was asked for first; False when nothing is."""
        for folder_id in [one for one, at_s in self._confirm_at_s.items() if at_s <= clock.steady_s()]:
            del self._confirm_at_s[folder_id]
            with self._lock:
                self._wanted.setdefault(folder_id, [])
        with self._lock:
            wanted = next(iter(self._wanted), None)
            if wanted is None:
                return False
            waiting = self._wanted.pop(wanted)
        waiting = [future for future in waiting if future.set_running_or_notify_cancel()]
        try:
            for folder in reader.folders():
                if wanted in (ALL_FOLDERS, folder.folder_id):
                    self._scan(reader, folder)
            self._follow([folder.path for folder in reader.folders()])
        except BaseException as error:
            for future in waiting:
                future.set_exception(error)
            raise
        for future in waiting:
            future.set_result(None)
        return True

    def _scan(self, reader: Reader, folder: Folder) -> None:
        self._begins(folder)
        self._listen(folder)
        accepted = folder.folder_id in self._accepted
        self._accepted.discard(folder.folder_id)
        root = RootIdentity.of(folder.path)
        listing = scan(folder.path, kind_of, exclude=[self._library.root], stop=self._stop)
        if self._stop():
            return
        known = reader.known_files(folder.folder_id)
        state = root_state(listing, known, RootIdentity.parse(folder.root), root, accepted=accepted)
        changes = Changes()
        if state is FolderState.ONLINE:
            changes = proven(compare(known, listing), known)
            changes = arrived(changes, reader.twins(folder.folder_id, changes.added))
            if RootIdentity.of(folder.path) != root:  # gone while we looked: what was not found proves nothing
                state, changes = FolderState.OFFLINE, Changes()
        is_new_root = state is FolderState.ONLINE and str(root) != folder.root
        if state is folder.state and not (changes or is_new_root or folder.asks):
            return
        drive = drive_of(folder.path)

        def apply(storage: Storage) -> None:
            storage.catalog.pass_time(clock.steady_s())
            storage.catalog.set_folder_state(folder.folder_id, state, str(root), drive)
            if state is FolderState.ONLINE:
                storage.catalog.apply_changes(folder.folder_id, changes)

        try:
            self._store.call(Priority.NORMAL, apply).result()
        except FolderError:
            return  # removed while it was looked through
        if changes.missing and reader.is_missing_any(folder.folder_id):
            self._confirm_at_s.setdefault(folder.folder_id, clock.steady_s() + CONFIRM_AFTER_S)
        self._events.publish(FoldersChanged())
        self._events.publish(LibraryChanged())

    def _listen(self, folder: Folder) -> None:
        """From before the scan on, so that nothing slips through between the two."""
        is_new = folder.path not in self._watched
        self._watched[folder.path] = folder.folder_id  # another one, if the folder was removed and added again
        if self._watcher is not None and is_new:
            self._watcher.watch(folder.path)

    def _follow(self, paths: list[Path]) -> None:
        """Stops listening to folders that were removed."""
        for path in [path for path in self._watched if path not in paths]:
            del self._watched[path]
            if self._watcher is not None:
                self._watcher.unwatch(path)

    # on the watcher's thread

    def _on_dirty(self, root: Path) -> None:
        """Something under `root` changed."""
        folder_id = self._watched.get(root)
        if folder_id is not None:
            with self._lock:
                self._wanted.setdefault(folder_id, [])
            self._wake()
