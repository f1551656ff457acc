"""What is done when nothing waits: new vectors into the graph, store files made safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from core.embedding import IDLE_S, Embedder
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.storage import Storage
from core.store.catalog import Catalog

P = ParamSpec("P")
T = TypeVar("T")


class Upkeep:
    """Runs on the `ingest` thread, in steps on the others, each behind every question that waits there."""

    def __init__(self, store: Lane[Storage], search: Lane[Searcher], gpu: Lane[Embedder]) -> None:
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

    def rest(self) -> None:
        """Frees models that nobody has needed for long; backs up what only the user can make."""
        self._store.call(Priority.BATCH, Storage.back_up_if_due)
        if self._gpu.waiting == 0:
            self._gpu.call(Priority.BATCH, Embedder.unload, IDLE_S)

    def _write(self, use: Callable[Concatenate[Catalog, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._store.call(Priority.BATCH, lambda storage: use(storage.catalog, *args, **kwargs)).result()
