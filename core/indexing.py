"""Keeps the library equal to the disk: decides when to scan, when to index, and says how it goes."""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial

from core.errors import CoreError
from core.events import BugFound, EventBus, FoldersChanged, LibraryChanged
from core.paths import LibraryPaths
from core.pausing import Pausing
from core.pipeline import Pipeline
from core.records import Activity, Folder, FolderId, PauseReason, Progress, Unwatched
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.scanning import ALL_FOLDERS, Scanner
from core.settings import Settings
from core.storage import Storage
from core.store.reader import Reader
from core.store.spaces import SpacePlan
from core.tally import Tally
from core.upkeep import Upkeep

CHANGED_EVERY_S = 1.0
"""That there is something new to see is told no more often than this."""
TIDY_AFTER_S = 10.0
"""Whoever has just opened a window wants its first answer before the stores are tidied."""
REST_EVERY_S = 60.0
"""How often it is looked whether a model can be freed."""
SHORTEST_WAIT_S = 0.1
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
        settings: Callable[[], Settings],
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
        self._settings = settings
        self._switched = switched
        self._advanced = advanced
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._scanner = Scanner(
            library=library,
            store=store,
            events=events,
            settings=settings,
            wake=self._wake.set,
            stop=self._stop.is_set,
            begins=self._on_scan,
            on_bug=lambda details: events.publish(BugFound(details)),
        )
        self._waiters: list[Future[None]] = []
        self._due: list[Future[None]] = []
        self._cancelled = False
        self._ended = False
        self._tally = Tally(events)
        self._tidy_from = 0.0
        self._library_told_at = 0.0
        self._thread = threading.Thread(target=self._main, name="ingest", daemon=True)

    # from any thread

    @property
    def unwatched(self) -> tuple[Unwatched, ...]:
        """The folders in which live watching does not see every change."""
        return self._scanner.unwatched

    def start(self, *, watch: bool) -> None:
        """Begins: scans every folder, indexes what waits, and with `watch` keeps doing so as files change.

        Without, it was asked for now, so what the settings say of when to work does not count.
        """
        if watch:
            self._pausing.follow()
            self._tidy_from = time.monotonic() + TIDY_AFTER_S
            self._scanner.watch()
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """Where indexing is."""
        return self._tally.progress

    def scan(self, folder_id: FolderId | None = None) -> Future[None]:
        """Looks for changes in a folder (None: all); done when the catalog knows them, not when they are indexed."""
        with self._lock:
            self._cancelled = False
        return self._scanner.ask(ALL_FOLDERS if folder_id is None else folder_id)

    def accept(self, folder_id: FolderId) -> Future[None]:
        """Takes a folder for what it is now, whatever was there before; done as `scan` is."""
        with self._lock:
            self._cancelled = False
        return self._scanner.accept(folder_id)

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
        self._scanner.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._give_up()
        return not self._thread.is_alive()

    def _give_up(self) -> None:
        """Cancels what anybody waits for, now and from now on."""
        with self._lock:
            self._ended = True
            unmet = [*self._waiters, *self._due]
        for future in unmet:
            future.cancel()
        self._scanner.give_up()

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
        full_s = time.monotonic()
        while not self._stop.is_set():
            self._wake.clear()
            retry_at = math.inf
            for act in (partial(self._work, reader), partial(self._upkeep.rest, self._has_time)):
                try:
                    act()
                except CancelledError:
                    return  # the engine is closing
                except CoreError as error:
                    self._blocked(error)
                    retry_at = time.monotonic() + RETRY_AFTER_S
                except Exception as error:  # noqa: BLE001 - a bug must not end indexing for good
                    self._events.publish(BugFound(traceback.format_exc()))
                    self._blocked(error)
                    retry_at = time.monotonic() + RETRY_AFTER_S
            next_full = full_s + self._look_every_s()  # asked anew: what is watched is known only after a scan
            until = min(retry_at, next_full, time.monotonic() + REST_EVERY_S)
            if (confirm_in_s := self._scanner.confirm_in_s) is not None:
                until = min(until, time.monotonic() + confirm_in_s)
            if (next_look_s := self._scanner.next_look_s) is not None:
                until = min(until, next_look_s)
            if self._tidy_from > time.monotonic():
                until = min(until, self._tidy_from)
            if self.progress.activity is Activity.PAUSED and (look_every_s := self._pausing.look_every_s) is not None:
                until = min(until, time.monotonic() + look_every_s)
            self._wake.wait(max(SHORTEST_WAIT_S, until - time.monotonic()))
            if time.monotonic() >= next_full:
                self.scan()
                full_s = time.monotonic()

    def _look_every_s(self) -> float:
        return self._scanner.every_s(self._settings().rescan_minutes * 60.0)

    def _work(self, reader: Reader) -> None:
        """Scans and indexes until nothing is left or something tells it not to."""
        with self._lock:  # who asks from now on may know of work that this pass does not see
            self._due += self._waiters
            self._waiters.clear()
        self._pipeline.give_back()
        while not self._stop.is_set():
            if self._scanner.scan_next(reader):
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
                unsettled=self._scanner.look_again,
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
        while not self._stop.is_set() and self._scanner.scan_next(reader):
            scanned = True
        if scanned:
            self._tally.count_again(self._left(reader, later=self._tally.listens))
        reason, go_on, listens = self._why_paused(), self._may_index(), self._pipeline.listens
        if reason is not None:
            self._tally.pause(reason)
        elif go_on and self._pipeline.begun(later=listens) and not self._tally.is_at(listens=listens):
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
        if self._is_quiet() and not self._scanner.settles:
            for future in self._take_due():
                future.set_result(None)

    def _switch(self) -> None:
        """Lets encoders take over that have caught up."""
        plan = self._store.call(Priority.NORMAL, lambda storage: storage.catalog.switch_spaces()).result()
        if plan is not None:
            self._switched(plan)
            self._events.publish(LibraryChanged())

    def _is_quiet(self) -> bool:
        return not (self._scanner.is_due or self._stop.is_set())

    def _has_time(self) -> bool:
        """Nothing is to be done, and nobody has just asked for anything."""
        is_idle = self.progress.activity is Activity.IDLE and self._may_index() and time.monotonic() >= self._tidy_from
        return is_idle and self._is_quiet() and not self._wake.is_set()

    def _blocked(self, error: Exception) -> None:
        """Indexing is not possible at all; says why and fails whoever waits for it."""
        self._tally.rest(str(error))
        for future in self._take_due():
            future.set_exception(error)

    def _take_due(self) -> list[Future[None]]:
        due, self._due = self._due, []
        return [future for future in due if future.set_running_or_notify_cancel()]

    # what listeners hear

    def _on_scan(self, folder: Folder) -> None:
        self._tally.scan(folder.path)

    def _on_finished(self, reader: Reader, count: int) -> None:
        self._tally.finish(count)
        self._upkeep.saved()
        if time.monotonic() - self._library_told_at >= CHANGED_EVERY_S:
            self._library_told_at = time.monotonic()
            self._events.publish(LibraryChanged())
            self._advanced()
            self._tally.fail(reader.counts().failed)
