"""Tells that something changed below a watched folder. A hint only: what changed is for a scan to find out."""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, EventEmitter, ObservedWatch

from core.records import Kind
from core.watch.filesystem import is_remote
from core.watch.scan import identity_of, is_skipped_below

log = logging.getLogger(__name__)

# no event for opening or reading a file: our own reading would look like a change
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileAttribEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
    DirAttribEvent,
]


@dataclass(slots=True)
class _Dirt:
    """When a root's first and latest untold changes were seen, in seconds of the monotonic clock."""

    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class _Watch:
    """A root that is being watched: what it was when that began, and who watches."""

    identity: tuple[int, int]
    observed: ObservedWatch
    emitter: EventEmitter


class Watcher:
    """Watches folders live, wherever the system can, on threads of its own.

    `on_dirty(root)` is called on the thread `watch` and must only enqueue:

    - once for every root soon after `watch(root)`, when live watching of it stands or turned out to be impossible: a
      scan begun then misses nothing;
    - after changes below the root, as soon as none came for `debounce_s`, at the latest `max_wait_s` after the first;
    - when the system lost events, and when the root vanished, came back or was exchanged (looked for every
      `supervise_s`).

    `kind_of` tells which file names matter; without it all do. Hidden and system files and folders never do.
    """

    def __init__(
        self,
        on_dirty: Callable[[Path], None],
        *,
        kind_of: Callable[[bytes], Kind | None] | None = None,
        debounce_s: float = 1.0,
        max_wait_s: float = 5.0,
        supervise_s: float = 10.0,
    ) -> None:
        self._on_dirty = on_dirty
        self._kind_of = kind_of
        self._debounce_s = debounce_s
        self._max_wait_s = max_wait_s
        self._supervise_s = supervise_s
        self._changed = threading.Condition()  # guards what follows, up to the blank line
        self._wanted: set[Path] = set()
        self._dirty: dict[Path, _Dirt] = {}
        self._standing: set[Path] = set()
        self._gaps: set[Path] = set()
        self._look_now = False
        self._closing = False

        self._watches: dict[Path, _Watch] = {}
        self._failing: set[Path] = set()
        self._observer: BaseObserver | None = None
        self._thread = threading.Thread(target=self._main, name="watch", daemon=True)
        self._thread.start()

    # from any thread

    def watch(self, root: Path) -> None:
        """Begins to watch the folder `root` (absolute, no link); an absent one as soon as it appears."""
        with self._changed:
            self._wanted.add(root)
            if root in self._standing:
                self._dirty[root] = _Dirt(0.0, 0.0)
            self._look_now = True
            self._changed.notify()

    def unwatch(self, root: Path) -> None:
        """Stops watching `root`. A call of `on_dirty(root)` may be under way, but none begins after this."""
        with self._changed:
            self._wanted.discard(root)
            self._look_now = True
            self._changed.notify()

    def coverage(self, root: Path) -> bool:
        """Whether live watching sees every change below `root`; if not, only a scan now and then finds them.

        It does not while the root is absent, on network drives, where a directory may not be read, and where the
        system's limit on watches was reached.
        """
        with self._changed:
            return root in self._standing and root not in self._gaps

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
            if root not in self._wanted:
                return
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

    def _note_gap(self, root: bytes) -> None:
        with self._changed:
            self._gaps.add(Path(os.fsdecode(root)))

    # the thread `watch`

    def _main(self) -> None:
        look_at_s = 0.0
        while True:
            with self._changed:
                if not (self._closing or self._look_now or self._due()):
                    self._changed.wait(self._pause_s(look_at_s))
                if self._closing:
                    break
                look = self._look_now or bool(self._due()) or time.monotonic() >= look_at_s
                self._look_now = False
            if look:
                self._look_after_watches()
                look_at_s = time.monotonic() + self._supervise_s
            with self._changed:
                due = [(root, self._dirty.pop(root)) for root in self._due()]
            for root, _ in due:
                self._tell(root)
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

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

    def _tell_soon(self, root: Path) -> None:
        with self._changed:
            if root in self._wanted:
                self._dirty[root] = _Dirt(0.0, 0.0)

    def _look_after_watches(self) -> None:
        """Makes the watches those that are wanted, and each of them one that still works."""
        with self._changed:
            wanted = set(self._wanted)
        for root, watch in list(self._watches.items()):
            if root not in wanted:
                self._end(root)
            elif not watch.emitter.is_alive() or identity_of(root) != watch.identity:
                log.info("the watch of %r ended; beginning anew", root)
                self._end(root)
                self._tell_soon(root)
        self._failing &= wanted
        for root in wanted - self._watches.keys():
            self._begin(root)

    def _begin(self, root: Path) -> None:
        identity = identity_of(root)
        try:
            if identity is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
            with self._changed:
                self._gaps.discard(root)
            handler = _Handler(os.fsencode(root), self._kind_of, lambda: self._touch(root))
            observer = self._running_observer()
            observed = observer.schedule(handler, str(root), recursive=True, event_filter=_EVENTS)
        except OSError as error:
            log.info("%r is not watched: %s", root, error)
            if root not in self._failing:
                self._failing.add(root)
                self._tell_soon(root)
            return
        self._failing.discard(root)
        emitter = next(emitter for emitter in observer.emitters if emitter.watch == observed)
        emitter.name = f"watch-{len(self._watches)}"
        self._watches[root] = _Watch(identity, observed, emitter)
        remote = is_remote(root)
        with self._changed:
            self._standing.add(root)
            if remote:
                self._gaps.add(root)
        self._tell_soon(root)

    def _end(self, root: Path) -> None:
        with self._changed:
            self._standing.discard(root)
        watch = self._watches.pop(root)
        if self._observer is not None:
            self._observer.unschedule(watch.observed)

    def _running_observer(self) -> BaseObserver:
        if self._observer is None:
            if sys.platform == "linux":
                from core.watch.inotify import InotifyObserver

                observer: BaseObserver = InotifyObserver(self._touch_all, self._note_gap)
            else:
                observer = Observer()
            observer.name = "watch-events"
            observer.start()
            self._observer = observer
        return self._observer


class _Handler(FileSystemEventHandler):
    """Hears of each event below one root, on watchdog's thread, and passes on only that there was one."""

    def __init__(self, root: bytes, kind_of: Callable[[bytes], Kind | None] | None, touch: Callable[[], None]) -> None:
        self._root = root
        self._kind_of = kind_of
        self._touch = touch

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = [os.fsencode(path) for path in (event.src_path, event.dest_path) if path]
        if any(self._matters(path, event.is_directory) for path in paths):
            self._touch()

    def _matters(self, path: bytes, is_directory: bool) -> bool:
        if is_skipped_below(self._root, path):
            return False
        return is_directory or self._kind_of is None or self._kind_of(os.path.split(path)[1]) is not None
