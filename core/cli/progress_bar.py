"""How long work goes: a bar on a terminal, a line now and then elsewhere; on stderr, for stdout is the answer's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeAlias

from core.cli.table import count, shown, size
from core.engine import Engine
from core.records import Activity, ModelState, Progress

_LOOK_S = 0.1
_LINE_S = 10.0

_Step: TypeAlias = tuple[str, Progress]
"""What is being done, in words, empty while there is nothing to say; and how far that is, if it can be counted."""


def follow(engine: Engine, idle: Future[None]) -> None:
    """Shows the engine's progress until `idle` is done. Raises what `idle` raises."""
    _show(idle, lambda: _indexing(engine), "files")


def follow_download(engine: Engine, model_id: str, done: Future[None]) -> None:
    """Shows how the download of a model goes until it is `done`. Raises what `done` raises."""
    _show(done, lambda: _downloading(engine, model_id), "bytes")


@contextmanager
def telling(doing: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far something is: what it yields is told how many are done, of how many."""
    show = _Bar(unit) if sys.stderr.isatty() else _Lines(unit)
    try:
        yield lambda done, total: show(doing, Progress(done=done, total=total))
    finally:
        show.close()


def _show(work: Future[None], step: Callable[[], _Step], unit: str) -> None:
    show = _Bar(unit) if sys.stderr.isatty() else _Lines(unit)
    try:
        while not wait([work], _LOOK_S).done:
            show(*step())
    finally:
        show.close()
    work.result()


def _indexing(engine: Engine) -> _Step:
    progress = engine.progress
    if progress.activity is Activity.SCANNING:
        return f"Looking through {shown(progress.note)}", Progress()
    going = progress.activity in {Activity.INDEXING, Activity.LISTENING}
    if any(model.state is ModelState.LOADING for model in engine.models()):
        return "Getting the models ready (long only the first time)", progress if going else Progress()
    said = "Listening to what is said" if progress.activity is Activity.LISTENING else "Indexing"
    return (said, progress) if going else ("", Progress())


def _downloading(engine: Engine, model_id: str) -> _Step:
    for status in engine.models():
        if status.card.model_id == model_id and status.state is ModelState.DOWNLOADING and status.size_bytes:
            return "Downloading", Progress(done=status.got_bytes, total=status.size_bytes)
    return "Asking the hub", Progress()


class _Bar:
    """A bar with rate and time left, gone when the work is done."""

    def __init__(self, unit: str) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread to watch over the bar: it is moved often enough
        of_bytes = unit == "bytes"
        self._bar = tqdm(unit="B" if of_bytes else f" {unit}", unit_scale=of_bytes, leave=False, dynamic_ncols=True)

    def __call__(self, doing: str, progress: Progress) -> None:
        self._bar.set_description_str(doing, refresh=False)
        if progress.total:
            if self._bar.total is None:
                self._bar.initial = progress.done  # what was there before says nothing of the speed
            self._bar.total = progress.total
            self._bar.update(progress.done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


class _Lines:
    """A line every ten seconds, for logs."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._next_s = time.monotonic() + _LINE_S

    def __call__(self, doing: str, progress: Progress) -> None:
        if not doing or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _LINE_S
        parts = [f"{doing}: {self._amount(progress)}" if progress.total else doing]
        if progress.rate_per_s:
            parts.append(f"{progress.rate_per_s:.1f} per second")
        if progress.eta_s is not None:
            parts.append(f"{progress.eta_s:.0f} s left")
        print(", ".join(parts), file=sys.stderr, flush=True)

    def _amount(self, progress: Progress) -> str:
        if self._unit == "bytes":
            return f"{size(progress.done)} of {size(progress.total)}"
        return f"{progress.done:,} of {count(progress.total, self._unit.removesuffix('s'))}"

    def close(self) -> None:
        """Nothing to tidy up."""
