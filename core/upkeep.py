"""What is done when nothing waits: new vectors into the graph, chance measured anew, store files made safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Concatenate, ParamSpec

from core.embedding import Embedder
from core.paths import resource
from core.records import SpaceId, Vectors
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.storage import Storage
from core.store.catalog import Catalog

P = ParamSpec("P")


class Upkeep:
    """Runs on the `ingest` thread, in steps on the others, each behind every question that waits there."""

    def __init__(self, store: Lane[Storage], gpu: Lane[Embedder], search: Lane[Searcher]) -> None:
        self._store = store
        self._gpu = gpu
        self._search = search
        self._nulls: dict[SpaceId, Vectors] | None = None

    def saved(self) -> None:
        """New vectors were saved: takes them in before somebody asks."""
        if self._search.waiting == 0:
            self._search.call(Priority.BATCH, Searcher.refresh)

    def run(self, go_on: Callable[[], bool]) -> None:
        """All upkeep there is, unless `go_on()` turns false. Raises CoreError when the disk or a model fails."""
        while go_on() and self._search.call(Priority.BATCH, Searcher.work).result():
            pass
        if go_on():
            self._calibrate()
        while go_on():
            pending = self._search.call(Priority.BATCH, Searcher.begin_snapshot).result()
            if pending is None:
                break
            self._write(Catalog.save_snapshot, pending.finish())
        if go_on():
            self._write(Catalog.tidy)

    def _calibrate(self) -> None:
        if not self._search.call(Priority.BATCH, Searcher.is_miscalibrated).result():
            return
        if self._nulls is None:
            lines = resource("search", "null_questions.txt").read_text("utf-8").splitlines()
            self._nulls = self._gpu.call(Priority.BATCH, Embedder.texts, lines).result()
        measured = self._search.call(Priority.BATCH, Searcher.calibrate, self._nulls).result()
        for space_id, calibration in measured.items():
            self._write(Catalog.save_calibration, space_id, asdict(calibration))

    def _write(self, use: Callable[Concatenate[Catalog, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._store.call(Priority.BATCH, lambda storage: use(storage.catalog, *args, **kwargs)).result()
