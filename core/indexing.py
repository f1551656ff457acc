"""Keeps the library equal to the disk: decides when to scan, when to index, and says how it goes."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path

from core.decode.decoder import kind_of
from core.errors import CoreError, FolderError
from core.events import BugFound, EventBus, FoldersChanged, LibraryChanged
from core.paths import LibraryPaths
from core.pausing import Pausing
from core.pipeline import Pipeline
from core.records import Activity, Changes, Folder, FolderId, FolderState, PauseReason, Progress
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.storage import Storage
from core.store.reader import Reader
from core.store.spaces import SpacePlan
from core.tally import Tally
from core.upkeep import Upkeep
from core.watch.changes import compare, root_state
from core.watch.scan import scan
from core.watch.watcher import Watcher

CHANGED_EVERY_S = 1.0
"""That there is something new to see is told no more often than this."""
ALL_FOLDERS = FolderId(0)
"""Stands for every folder in a request to scan; the catalog counts from 1."""
TIDY_AFTER_S = 10.0
"""Whoever has just opened a window wants its first answer before the stores are tidied."""
UNSEEN_EVERY_S = 300.0
"""Folders that live watching cannot follow (network drives, too many directories) are looked through so often."""
REST_EVERY_S = 60.0
"""How often it is looked whether a model can be freed."""
RETRY_AFTER_S = 30.0
"""After something stopped all indexing (no model, disk full), it is tried again so much later."""


class Indexer:
    """The `ingest` thread. Every public method returns at once and may be called from any thread."""

    def __init__(
        self,
        *,
        library: LibraryPaths,
        store: Lane[Storage],
        pipeline: Pipeline,
        upkeep: Upkeep,
        events: EventBus,
        pausing: Pausing,
        rescan_minutes: Callable[[], int],
        switched: Callable[[SpacePlan], None],
        advanced: Callable[[], None],
    ) -> None:
        """`switched` is told when other spaces answer from now on, `advanced` now and then that more is understood."""
        self._library = library
        self._store = store
        self._pipeline = pipeline
        self._upkeep = upkeep
        self._events = events
        self._pausing = pausing
        self._rescan_minutes = rescan_minutes
        self._switched = switched
        self._advanced = advanced
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._scans: dict[FolderId, list[Future[None]]] = {}
        self._waiters: list[Future[None]] = []
        self._due: list[Future[None]] = []
        self._cancelled = False
        self._ended = False
        self._tally = Tally(events)
        self._tidy_from = 0.0
        self._library_told_at = 0.0
        self._watcher: Watcher | None = None
        self._watched: dict[Path, FolderId] = {}
        self._thread = threading.Thread(target=self._main, name="ingest", daemon=True)

    # from any thread

    def start(self, *, watch: bool) -> None:
        """Begins: scans every folder, indexes what waits, and with `watch` keeps doing so as files change.

        Without, it was asked for now, so what the settings say of when to work does not count.
        """
        if watch:
            self._pausing.follow()
            self._tidy_from = time.monotonic() + TIDY_AFTER_S
            self._watcher = Watcher(self._on_dirty, kind_of=kind_of)
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """Where indexing is."""
        return self._tally.progress

    def scan(self, folder_id: FolderId | None = None) -> Future[None]:
        """Looks for changes in a folder (None: all); done when the catalog knows them, not when they are indexed."""
        future: Future[None] = Future()
        with self._lock:
            self._cancelled = False
            self._scans.setdefault(ALL_FOLDERS if folder_id is None else folder_id, []).append(future)
            if self._ended:
                future.cancel()
        self._wake.set()
        return future

    def pause(self, reason: PauseReason) -> None:
        """Finishes the files begun and takes no more until `resume`; a long one waits in the middle."""
        self._pausing.pause(reason)
        self._wake.set()

    def resume(self) -> None:
        """Goes on after `pause` or `cancel`, whatever circumstances it waits for."""
        with self._lock:
            self._cancelled = False
        self._pausing.resume()
        self._wake.set()

    def cancel(self) -> None:
        """Stops indexing; what waits keeps waiting until the next scan, retry or start."""
        with self._lock:
            self._cancelled = True
        self._pausing.resume()
        self._wake.set()

    def look_again(self) -> None:
        """The settings that say when to work have changed."""
        self._pausing.look_again()
        self._wake.set()

    def wait_idle(self) -> Future[None]:
        """Done when nothing is left to scan, index or tidy; fails if indexing is not possible at all."""
        future: Future[None] = Future()
        with self._lock:
            self._waiters.append(future)
            if self._ended:
                future.cancel()
        self._wake.set()
        return future

    def stop(self) -> None:
        """Begins no further file; `close` waits for the end."""
        self._stop.set()
        self._wake.set()

    def close(self, timeout_s: float) -> bool:
        """Stops between files. What is unfinished stays in the queue table. Returns whether the thread ended."""
        self.stop()
        if self._watcher is not None:
            self._watcher.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._give_up()
        return not self._thread.is_alive()

    def _give_up(self) -> None:
        """Cancels what anybody waits for, now and from now on."""
        with self._lock:
            self._ended = True
            unmet = [*self._waiters, *self._due, *(future for futures in self._scans.values() for future in futures)]
        for future in unmet:
            future.cancel()

    # the ingest thread

    def _main(self) -> None:
        try:
            self._store.call(Priority.NORMAL, lambda _: None).result()
            reader = Reader(self._library)
        except (CoreError, CancelledError):
            self._give_up()  # the library did not open: whoever opened it was told
            return
        try:
            self._loop(reader)
        finally:
            reader.close()

    def _loop(self, reader: Reader) -> None:
        self.scan()
        next_full = time.monotonic() + self._look_every_s()
        while not self._stop.is_set():
            self._wake.clear()
            retry_at = next_full
            try:
                self._work(reader)
            except CancelledError:
                return  # the engine is closing
            except CoreError as error:
                self._blocked(error)
                retry_at = time.monotonic() + RETRY_AFTER_S
            except Exception as error:  # noqa: BLE001 - a bug must not end indexing for good
                self._events.publish(BugFound(traceback.format_exc()))
                self._blocked(error)
                retry_at = time.monotonic() + RETRY_AFTER_S
            self._upkeep.rest()
            until = min(retry_at, next_full, time.monotonic() + REST_EVERY_S)
            if self._tidy_from > time.monotonic():
                until = min(until, self._tidy_from)
            if self.progress.activity is Activity.PAUSED and (look_every_s := self._pausing.look_every_s) is not None:
                until = min(until, time.monotonic() + look_every_s)
            self._wake.wait(max(0.0, until - time.monotonic()))
            if time.monotonic() >= next_full:
                self.scan()
                next_full = time.monotonic() + self._look_every_s()

    def _look_every_s(self) -> float:
        """How often all folders are looked through: sooner where live watching does not see everything."""
        chosen_s = self._rescan_minutes() * 60.0
        watcher = self._watcher
        seen = watcher is None or all(watcher.coverage(root) for root in self._watched)
        return chosen_s if seen else min(chosen_s, UNSEEN_EVERY_S)

    def _work(self, reader: Reader) -> None:
        """Scans and indexes until nothing is left or something tells it not to."""
        with self._lock:  # who asks from now on may know of work that this pass does not see
            self._due += self._waiters
            self._waiters.clear()
        while not self._stop.is_set():
            if self._scan_next(reader):
                continue
            if not self._may_index() or not reader.claimable():
                break
            listens = not reader.claimable(later=False)
            self._tally.work(listens=listens, left=reader.claimable(later=listens))
            self._pipeline.run(
                reader,
                go_on=partial(self._go_on, reader),
                abandoned=lambda: self._cancelled or self._stop.is_set(),
                finished=partial(self._on_finished, reader),
            )
            self._tally.say()
            self._tally.fail(reader.counts().failed)
        self._settle(reader)

    def _may_index(self) -> bool:
        return self._why_paused() is None and not (self._cancelled or self._stop.is_set())

    def _why_paused(self) -> PauseReason | None:
        return None if self._cancelled else self._pausing.reason()

    def _go_on(self, reader: Reader) -> bool:
        """Whether to begin something further. A scan comes first: a long file must not hold up new ones."""
        scanned = False
        while not self._stop.is_set() and self._scan_next(reader):
            scanned = True
        if scanned:
            self._tally.count_again(self._left(reader, later=self._tally.listens))
        reason, go_on, listens = self._why_paused(), self._may_index(), self._pipeline.listens
        if reason is not None:
            self._tally.pause(reason)
        elif go_on and self._pipeline.is_busy and not self._tally.is_at(listens=listens):
            self._tally.work(listens=listens, left=self._left(reader, later=listens))
        return go_on

    def _left(self, reader: Reader, *, later: bool) -> int:
        return self._pipeline.begun(later=later) + reader.claimable(later=later)

    def _settle(self, reader: Reader) -> None:
        """Nothing more to do for now: tidies up and says so."""
        if self._stop.is_set():
            return
        self._tally.fail(reader.counts().failed)
        self._switch()
        reason, left = self._why_paused(), reader.claimable()
        if reason is not None and left:
            self._tally.pause(reason, reader.claimable(later=False) or left)
            return
        if self._tally.rest():
            self._events.publish(LibraryChanged())
            self._events.publish(FoldersChanged())
        if time.monotonic() >= self._tidy_from:
            self._upkeep.run(self._is_quiet)
        if self._is_quiet():
            for future in self._take_due():
                future.set_result(None)

    def _switch(self) -> None:
        """Lets encoders take over that have caught up."""
        plan = self._store.call(Priority.NORMAL, lambda storage: storage.catalog.switch_spaces()).result()
        if plan is not None:
            self._switched(plan)
            self._events.publish(LibraryChanged())

    def _is_quiet(self) -> bool:
        return not (self._scans or self._stop.is_set())

    def _blocked(self, error: Exception) -> None:
        """Indexing is not possible at all; says why and fails whoever waits for it."""
        self._tally.rest(str(error))
        for future in self._take_due():
            future.set_exception(error)

    def _take_due(self) -> list[Future[None]]:
        due, self._due = self._due, []
        return [future for future in due if future.set_running_or_notify_cancel()]

    # scans

    def _on_dirty(self, root: Path) -> None:
        """Something under `root` changed. Called on the watcher's thread."""
        folder_id = self._watched.get(root)
        if folder_id is not None:
            with self._lock:
                self._scans.setdefault(folder_id, [])
            self._wake.set()

    def _scan_next(self, reader: Reader) -> bool:
        """Scans what was asked for first; False when nothing is."""
        with self._lock:
            wanted = next(iter(self._scans), None)
            if wanted is None:
                return False
            waiting = self._scans.pop(wanted)
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
        """Makes the catalog's picture of one folder equal to the disk."""
        self._tally.scan(folder.path)
        self._watch(folder)
        listing = scan(folder.path, kind_of, exclude=[self._library.root], stop=self._stop.is_set)
        if self._stop.is_set():
            return
        known = reader.known_files(folder.folder_id)
        state = root_state(listing, len(known))
        changes = compare(known, listing) if state is FolderState.ONLINE else Changes()
        if state is folder.state and not changes:
            return

        def apply(storage: Storage) -> None:
            storage.catalog.set_folder_state(folder.folder_id, state)
            storage.catalog.apply_changes(folder.folder_id, changes)

        try:
            self._store.call(Priority.NORMAL, apply).result()
        except FolderError:
            return  # removed while it was looked through
        self._events.publish(FoldersChanged())
        self._events.publish(LibraryChanged())

    def _watch(self, folder: Folder) -> None:
        """Listens from before the scan on, so that nothing slips through between the two."""
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

    # what listeners hear

    def _on_finished(self, reader: Reader, count: int) -> None:
        self._tally.finish(count)
        self._upkeep.saved()
        if time.monotonic() - self._library_told_at >= CHANGED_EVERY_S:
            self._library_told_at = time.monotonic()
            self._events.publish(LibraryChanged())
            self._advanced()
            self._tally.fail(reader.counts().failed)
