"""How indexing goes: a bar on a terminal, a line now and then elsewhere; on stderr, for stdout is the answer's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

from core.cli.table import count, shown
from core.engine import Engine
from core.records import Activity, ModelState, Progress

_LOOK_S = 0.1
_LINE_S = 10.0


def follow(engine: Engine, idle: Future[None]) -> None:
    """Shows the engine's progress until `idle` is done. Raises what `idle` raises."""
    show = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        while not wait([idle], _LOOK_S).done:
            show(_doing(engine), engine.progress)
    finally:
        show.close()
    idle.result()


@contextmanager
def telling(doing: str, noun: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far something is: what it yields is told how many are done, of how many."""
    show = _Bar(noun) if sys.stderr.isatty() else _Lines(noun)

    def tell(done: int, total: int) -> None:
        show(doing, Progress(Activity.INDEXING, done, total))

    try:
        yield tell
    finally:
        show.close()


def _doing(engine: Engine) -> str:
    """What the engine is at, in words; empty while there is nothing to say."""
    progress = engine.progress
    if progress.activity is Activity.SCANNING:
        return f"Looking through {shown(progress.note)}"
    if any(model.state is ModelState.LOADING for model in engine.models()):
        return "Getting the models ready (long only the first time)"
    return "Indexing" if progress.activity is Activity.INDEXING else ""


class _Bar:
    """A bar with rate and time left, gone when the work is done."""

    def __init__(self, noun: str = "file") -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread to watch over the bar: it is moved often enough
        self._bar = tqdm(unit=f" {noun}s", leave=False, dynamic_ncols=True)

    def __call__(self, doing: str, progress: Progress) -> None:
        self._bar.set_description_str(doing, refresh=False)
        if progress.activity is Activity.INDEXING:
            self._bar.total = progress.total
            self._bar.update(progress.done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


class _Lines:
    """A line every ten seconds, for logs."""

    def __init__(self, noun: str = "file") -> None:
        self._noun = noun
        self._next_s = time.monotonic() + _LINE_S

    def __call__(self, doing: str, progress: Progress) -> None:
        if not doing or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _LINE_S
        parts = [f"{doing}: {progress.done:,} of {count(progress.total, self._noun)}" if progress.total else doing]
        if progress.rate_per_s:
            parts.append(f"{progress.rate_per_s:.1f} per second")
        if progress.eta_s is not None:
            parts.append(f"{progress.eta_s:.0f} s left")
        print(", ".join(parts), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing to tidy up."""
