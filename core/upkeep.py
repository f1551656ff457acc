"""What is done when nothing waits: new vectors into the graph, chance measured anew, store files made safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from core.embedding import Embedder
from core.paths import resource
from core.records import SpaceId, Vectors
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.storage import Storage


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
            snapshot = pending.finish()
            self._write(lambda storage, snapshot=snapshot: storage.catalog.save_snapshot(snapshot))
        if go_on():
            self._write(lambda storage: storage.catalog.tidy())

    def _calibrate(self) -> None:
        if not self._search.call(Priority.BATCH, Searcher.is_miscalibrated).result():
            return
        if self._nulls is None:
            lines = resource("search", "null_questions.txt").read_text("utf-8").splitlines()
            self._nulls = self._gpu.call(Priority.BATCH, Embedder.texts, lines).result()
        measured = self._search.call(Priority.BATCH, Searcher.calibrate, self._nulls).result()
        for space_id, calibration in measured.items():
            self._write(
                lambda storage, space_id=space_id, calibration=calibration: storage.catalog.save_calibration(
                    space_id, asdict(calibration)
                )
            )

    def _write(self, use: Callable[[Storage], None]) -> None:
        self._store.call(Priority.BATCH, use).result()
