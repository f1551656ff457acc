"""What is done when nothing waits: new vectors into the graph, store files made safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.storage import Storage
from core.store.catalog import Catalog

P = ParamSpec("P")


class Upkeep:
    """Runs on the `ingest` thread, in steps on the others, each behind every question that waits there."""

    def __init__(self, store: Lane[Storage], search: Lane[Searcher]) -> None:
        self._store = store
        self._search = search

    def saved(self) -> None:
        """New vectors were saved: takes them in before somebody asks."""
        if self._search.waiting == 0:
            self._search.call(Priority.BATCH, Searcher.refresh)

    def run(self, go_on: Callable[[], bool]) -> None:
        """All upkeep there is, unless `go_on()` turns false. Raises CoreError when the disk fails."""
        while go_on() and self._search.call(Priority.BATCH, Searcher.work).result():
            pass
        while go_on():
            pending = self._search.call(Priority.BATCH, Searcher.begin_snapshot).result()
            if pending is None:
                break
            self._write(Catalog.save_snapshot, pending.finish())
        if go_on():
            self._write(Catalog.tidy)

    def _write(self, use: Callable[Concatenate[Catalog, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._store.call(Priority.BATCH, lambda storage: use(storage.catalog, *args, **kwargs)).result()
