"""Tells that something changed below a watched folder. A hint only: what changed is for a scan to find out."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.records import Kind, Unwatched
from core.watch.rules import Rules
from core.watch.watches import Watches

log = logging.getLogger(__name__)

_JUMP_S = 60.0
"""When the clock went so much further than our own time, nobody knows what happened meanwhile."""


@dataclass(slots=True)
class _Dirt:
    """When a root's first and latest untold changes were seen, in seconds of the monotonic clock."""

    first_s: float
    last_s: float


class Watcher:
    """Watches folders live, wherever the system can, on threads of its own.

    `on_dirty(root)` is called on the thread `watch` and must only enqueue:

    - once for every root soon after `watch(root)`, when live watching of it stands or turned out to be impossible: a
      scan begun then misses nothing;
    - after changes below the root, as soon as none came for `debounce_s`, at the latest `max_wait_s` after the first;
    - when the system lost events, when the root vanished, came back or was exchanged (looked for every `supervise_s`),
      and when the computer slept or its clock was set.

    `kind_of` tells which file names matter; without it all do. What the `rules` leave out never does.
    When the watching itself fails, `on_bug` hears of it, with the traceback, and it is tried again.
    """

    def __init__(
        self,
        on_dirty: Callable[[Path], None],
        *,
        kind_of: Callable[[bytes], Kind | None] | None = None,
        rules: Callable[[], Rules] = Rules,
        on_bug: Callable[[str], None] | None = None,
        debounce_s: float = 1.0,
        max_wait_s: float = 5.0,
        supervise_s: float = 10.0,
    ) -> None:
        self._on_dirty = on_dirty
        self._on_bug = on_bug
        self._told_bug = False
        self._debounce_s = debounce_s
        self._max_wait_s = max_wait_s
        self._supervise_s = supervise_s
        self._watches = Watches(self._touch, self._touch_all, kind_of, rules)
        self._changed = threading.Condition()  # guards the following five
        self._wanted: set[Path] = set()
        self._dirty: dict[Path, _Dirt] = {}
        self._look_now = False
        self._renew = False
        self._closing = False
        self._offset_s = time.time() - time.monotonic()
        self._thread = threading.Thread(target=self._main, name="watch", daemon=True)
        self._thread.start()

    # from any thread

    def watch(self, root: Path) -> None:
        """Begins to watch the folder `root` (absolute, no link); an absent one as soon as it appears."""
        with self._changed:
            self._wanted.add(root)
            if self._watches.stands(root):
                self._dirty[root] = _Dirt(0.0, 0.0)
            self._look_now = True
            self._changed.notify()

    def unwatch(self, root: Path) -> None:
        """Stops watching `root`. A call of `on_dirty(root)` may be under way, but none begins after this."""
        with self._changed:
            self._wanted.discard(root)
            self._look_now = True
            self._changed.notify()

    def renew(self) -> None:
        """Watches every root anew, as the rules are others now; each is told."""
        with self._changed:
            self._renew = self._look_now = True
            self._changed.notify()

    def gap(self, root: Path) -> Unwatched | None:
        """Why live watching does not see every change below `root`, as far as is known; None for an absent one.

        It does not on network drives, where a directory may not be read, and where the system's limit on watches was
        reached: there only a scan now and then finds them.
        """
        return self._watches.gap(root)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Ends all threads; no call of `on_dirty` begins after it. Returns whether they ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # from watchdog's threads

    def _touch(self, root: Path) -> None:
        now_s = time.monotonic()
        with self._changed:
            dirt = self._dirty.get(root)
            if dirt is not None:
                dirt.last_s = now_s
                return
            self._dirty[root] = _Dirt(now_s, now_s)
            self._changed.notify()

    def _touch_all(self) -> None:
        with self._changed:
            wanted = tuple(self._wanted)
        for root in wanted:
            self._touch(root)

    # the thread `watch`

    def _main(self) -> None:
        look_at_s = 0.0
        while True:
            with self._changed:
                if not (self._closing or self._look_now):
                    self._changed.wait(self._pause_s(look_at_s))
                if self._closing:
                    break
                look = self._look_now or bool(self._due()) or time.monotonic() >= look_at_s
                self._look_now = False
                renew, self._renew = self._renew, False
                wanted = frozenset(self._wanted)
            if not look:
                continue
            missed = self._look_after(wanted, renew=renew)
            if self._jumped():
                missed += wanted
            look_at_s = time.monotonic() + self._supervise_s
            with self._changed:
                due = {*self._due(), *missed}
                for root in due:
                    self._dirty.pop(root, None)
            for root in due:
                self._tell(root)
        self._watches.close()

    def _look_after(self, wanted: frozenset[Path], *, renew: bool) -> list[Path]:
        """As `Watches.look_after`. A bug is told once, until it works again, and must not end the watching for good."""
        try:
            missed = self._watches.look_after(wanted, renew=renew)
        except Exception:
            log.exception("the watches could not be looked after")
            if self._on_bug is not None and not self._told_bug:
                self._on_bug(traceback.format_exc())
            self._told_bug = True
            return []
        self._told_bug = False
        return missed

    def _jumped(self) -> bool:
        """Whether the computer slept since the last look, or its clock was set."""
        offset_s = time.time() - time.monotonic()
        jumped = abs(offset_s - self._offset_s) > _JUMP_S
        self._offset_s = offset_s
        return jumped

    def _due_s(self, dirt: _Dirt) -> float:
        return min(dirt.last_s + self._debounce_s, dirt.first_s + self._max_wait_s)

    def _due(self) -> list[Path]:
        now_s = time.monotonic()
        return [root for root, dirt in self._dirty.items() if self._due_s(dirt) <= now_s]

    def _pause_s(self, look_at_s: float) -> float:
        return max(0.0, min([look_at_s, *map(self._due_s, self._dirty.values())]) - time.monotonic())

    def _tell(self, root: Path) -> None:
        with self._changed:
            if self._closing or root not in self._wanted:
                return
        try:
            self._on_dirty(root)
        except Exception:
            log.exception("the listener failed on %r", root)
