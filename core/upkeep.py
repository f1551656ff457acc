"""What is done when nothing waits: new vectors into the graph, store files made safe, the catalog looked through."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from core.embedding import IDLE_S, Embedder
from core.errors import LibraryError
from core.events import EventBus
from core.paths import LibraryPaths
from core.runtime import clock
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.storage import Storage
from core.store.catalog import Catalog
from core.store.database import LibraryDamagedError
from core.store.soundness import check_if_due

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

PURGE_EVERY_S = 86400.0
"""How often contents are forgotten that have had no file for a month."""
CHECK_AGAIN_S = 3600.0
"""So much later the catalog is looked at again: it was not due to be checked, or the check was broken off."""


class Upkeep:
    """Runs on the `ingest` thread, in steps on the others, each behind every question that waits there."""

    def __init__(
        self,
        library: LibraryPaths,
        store: Lane[Storage],
        search: Lane[Searcher],
        gpu: Lane[Embedder],
        events: EventBus,
    ) -> None:
        self._library = library
        self._events = events
        self._purge_at_s = clock.steady_s() + PURGE_EVERY_S  # it was done when the library was opened
        self._check_at_s = 0.0
        self._store = store
        self._search = search
        self._gpu = gpu

    def saved(self) -> None:
        """New vectors were saved: takes them in before somebody asks. Work may go on for hours: backs up, too."""
        if self._search.waiting == 0:
            self._search.call(Priority.BATCH, Searcher.refresh)
        self._store.call(Priority.BATCH, Storage.back_up_if_due)

    def run(self, go_on: Callable[[], bool]) -> None:
        """All upkeep there is, unless `go_on()` turns false. Raises CoreError when the disk fails."""
        while go_on() and self._search.call(Priority.BATCH, Searcher.work).result():
            pass
        while go_on():
            pending = self._search.call(Priority.BATCH, Searcher.begin_snapshot).result()
            if pending is None:
                break
            self._write(Catalog.save_snapshot, pending.finish())
        while go_on() and self._write(Catalog.drop_retired):
            pass
        if go_on():
            self._write(Catalog.tidy)

    def rest(self, go_on: Callable[[], bool]) -> None:
        """Frees models that nobody has needed for long; backs up what only the user can make; forgets what is old.

        And, as long as `go_on()` says that nothing else is to be done, looks through the catalog once a week.
        """
        self._store.call(Priority.BATCH, Storage.back_up_if_due)
        if self._gpu.waiting == 0:
            self._gpu.call(Priority.BATCH, Embedder.unload, IDLE_S)
        now_s = clock.steady_s()
        if now_s >= self._purge_at_s:
            self._purge_at_s = now_s + PURGE_EVERY_S
            self._store.call(Priority.BATCH, Storage.purge)
        if go_on() and now_s >= self._check_at_s:
            self._check_at_s = now_s + CHECK_AGAIN_S
            self._check(go_on)

    def _check(self, go_on: Callable[[], bool]) -> None:
        try:
            check_if_due(self._library, go_on)
        except LibraryDamagedError as error:
            self._events.notice(str(error))
        except LibraryError:
            log.warning("the catalog could not be checked", exc_info=True)

    def _write(self, use: Callable[Concatenate[Catalog, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._store.call(Priority.BATCH, lambda storage: use(storage.catalog, *args, **kwargs)).result()
