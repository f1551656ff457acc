"""The watches themselves: who watches which root by watchdog, and whether they still do."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Collection
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


@dataclass(frozen=True, slots=True)
class _Watch:
    """A root that is being watched: what it was when that began, and who watches."""

    identity: tuple[int, int]
    observed: ObservedWatch
    emitter: EventEmitter


class Watches:
    """One observer for all roots. Used on one thread; only `stands` and `covers` may be asked from any.

    `touch(root)` is called for each event that matters below a root, `touch_all()` when the system lost events, both on
    watchdog's threads.
    """

    def __init__(
        self,
        touch: Callable[[Path], None],
        touch_all: Callable[[], None],
        kind_of: Callable[[bytes], Kind | None] | None,
    ) -> None:
        self._touch = touch
        self._touch_all = touch_all
        self._kind_of = kind_of
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, _Watch] = {}
        self._gaps: set[Path] = set()
        self._failing: set[Path] = set()

    def stands(self, root: Path) -> bool:
        """Whether `root` is being watched."""
        return root in self._watches

    def covers(self, root: Path) -> bool:
        """Whether every change below `root` is seen."""
        return root in self._watches and root not in self._gaps

    def look_after(self, wanted: Collection[Path]) -> list[Path]:
        """Makes the watches those that are `wanted`, and each of them one that works.

        Returns the roots about which something may have been missed: those whose watching began, began anew, ended
        unasked, or turned out to be impossible (once, however often it is tried).
        """
        missed: list[Path] = []
        for root, watch in list(self._watches.items()):
            if root not in wanted:
                self._end(root)
            elif not watch.emitter.is_alive() or identity_of(root) != watch.identity:
                log.info("the watch of %r ended; beginning anew", root)
                self._end(root)
                missed.append(root)
        self._failing.intersection_update(wanted)
        for root in wanted:
            if root in self._watches:
                continue
            try:
                self._begin(root)
            except OSError as error:
                if root in self._failing:
                    continue
                log.info("%r is not watched: %s", root, error)
                self._failing.add(root)
            else:
                self._failing.discard(root)
            missed.append(root)
        return missed

    def close(self) -> None:
        """Ends the observer and its threads."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def _begin(self, root: Path) -> None:
        identity = identity_of(root)
        if identity is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
        self._gaps.discard(root)
        if is_remote(root):
            self._gaps.add(root)
        handler = _Handler(os.fsencode(root), self._kind_of, lambda: self._touch(root))
        observer = self._running_observer()
        observed = observer.schedule(handler, str(root), recursive=True, event_filter=_EVENTS)
        emitter = next(emitter for emitter in observer.emitters if emitter.watch == observed)
        emitter.name = "watch-root"
        self._watches[root] = _Watch(identity, observed, emitter)

    def _end(self, root: Path) -> None:
        watch = self._watches.pop(root)
        self._running_observer().unschedule(watch.observed)

    def _running_observer(self) -> BaseObserver:
        if self._observer is None:
            observer = self._make_observer()
            observer.name = "watch-events"
            observer.start()
            self._observer = observer
        return self._observer

    def _make_observer(self) -> BaseObserver:
        if sys.platform != "linux":
            return Observer()
        from core.watch.inotify import InotifyObserver

        return InotifyObserver(self._touch_all, lambda root: self._gaps.add(Path(os.fsdecode(root))))


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
