"""The watches themselves: who watches which root by watchdog, and whether they still do."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
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

from core.records import Gap, Kind, Unwatched
from core.watch.filesystem import is_remote
from core.watch.rules import Rules
from core.watch.scan import identity_of

log = logging.getLogger(__name__)

# no event for opening or reading a file: our own reading would look like a change
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileAttribEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
    DirAttribEvent,
]
if sys.platform != "linux":  # there a file that was written to is closed some time, and until then left alone
    _EVENTS.append(FileModifiedEvent)


_GAPS = {errno.ENOSPC: Gap.WATCHES, errno.EMFILE: Gap.INSTANCES}
_LIMITS = {
    Gap.WATCHES: ("max_user_watches", "max_inotify_watches", 524_288),
    Gap.INSTANCES: ("max_user_instances", "max_inotify_instances", 1024),
}
"""Linux's limit, that of a container, and a value that is enough: a watch takes about a kilobyte of memory."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """A root that is being watched: what it was when that began, and who watches."""

    identity: tuple[int, int]
    observed: ObservedWatch
    emitter: EventEmitter


class Watches:
    """One observer for all roots. Used on one thread; only `stands` and `gap` may be asked from any.

    `touch(root)` is called for each event that matters below a root, `touch_all()` when the system lost events, both on
    watchdog's threads.
    """

    def __init__(
        self,
        touch: Callable[[Path], None],
        touch_all: Callable[[], None],
        kind_of: Callable[[bytes], Kind | None] | None,
        rules: Callable[[], Rules],
    ) -> None:
        self._touch = touch
        self._touch_all = touch_all
        self._kind_of = kind_of
        self._rules = rules
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, _Watch] = {}
        self._gaps: dict[Path, Unwatched] = {}
        self._limits = _limits()
        self._failing: set[Path] = set()

    def stands(self, root: Path) -> bool:
        """Whether `root` is being watched."""
        return root in self._watches

    def gap(self, root: Path) -> Unwatched | None:
        """What is known of why not every change below `root` is seen."""
        return self._gaps.get(root)

    def look_after(self, wanted: Collection[Path], *, renew: bool = False) -> list[Path]:
        """Makes the watches those that are `wanted`, and each of them one that works; with `renew` all anew.

        A root that ran into a limit of the system's is watched anew when the limits have changed.

        Returns the roots about which something may have been missed: those whose watching began, began anew, ended
        unasked, or turned out to be impossible (once, however often it is tried).
        """
        missed: list[Path] = []
        limited = self._limited()
        for root, watch in list(self._watches.items()):
            if root not in wanted:
                self._end(root)
                continue
            ended = not watch.emitter.is_alive() or identity_of(root) != watch.identity
            if ended or renew or root in limited:
                log.info("watching %r anew", root)
                self._end(root)
                missed.append(root)
        for root in set(self._gaps.copy()) - {*wanted}:
            del self._gaps[root]
        self._failing.intersection_update(wanted)
        missed += [root for root in wanted if root not in self._watches and self._try(root)]
        return missed

    def _try(self, root: Path) -> bool:
        """Begins to watch `root`; whether there is something to tell: it works now, or it is found to be impossible."""
        try:
            self._begin(root)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self._gaps.pop(root, None)
            elif root not in self._gaps:
                self._leave_out(root, error)
            known = root in self._failing
            if not known:
                log.info("%r is not watched: %s", root, error)
                self._failing.add(root)
            return not known
        self._failing.discard(root)
        return True

    def _limited(self) -> set[Path]:
        """The roots that ran into a limit of the system's, if the limits are others than at the last look."""
        before, self._limits = self._limits, _limits()
        if before == self._limits:
            return set()
        return {root for root, gap in self._gaps.copy().items() if gap.gap in _LIMITS}

    def close(self) -> None:
        """Ends the observer and its threads."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def _begin(self, root: Path) -> None:
        identity = identity_of(root)
        if identity is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
        handler = _Handler(os.fsencode(root), self._kind_of, self._rules, lambda: self._touch(root))
        observer = self._running_observer()
        self._gaps.pop(root, None)
        if is_remote(root):
            self._gaps[root] = Unwatched(root, Gap.REMOTE)
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

        return InotifyObserver(
            self._rules, self._touch_all, lambda root, error: self._leave_out(Path(os.fsdecode(root)), error)
        )

    def _leave_out(self, root: Path, error: OSError) -> None:
        """A directory below `root` could not be watched. The first reason is the one that is told."""
        known = self._gaps.get(root)
        if known is None:
            gap = _GAPS.get(error.errno or 0, Gap.REFUSED)
            known = Unwatched(root, gap, remedy=_remedy(gap))
        self._gaps[root] = replace(known, directories=known.directories + 1)


def _limits() -> dict[str, int]:
    """The system's limits on watching, as far as it tells."""
    found = {}
    for name, contained, _ in _LIMITS.values():
        for path in (Path("/proc/sys/fs/inotify", name), Path("/proc/sys/user", contained)):
            with suppress(OSError, ValueError):
                found[path.name] = int(path.read_text("utf-8"))
    return found


def _remedy(gap: Gap) -> str:
    """The command that raises the limit, now and from the next start on."""
    if gap not in _LIMITS or sys.platform != "linux":
        return ""
    name, _, enough = _LIMITS[gap]
    line = f"fs.inotify.{name}={max(enough, 2 * _limits().get(name, 0))}"
    return f"echo {line} | sudo tee /etc/sysctl.d/60-likewise-{gap}.conf && sudo sysctl --system"


class _Handler(FileSystemEventHandler):
    """Hears of each event below one root, on watchdog's thread, and passes on only that there was one."""

    def __init__(
        self,
        root: bytes,
        kind_of: Callable[[bytes], Kind | None] | None,
        rules: Callable[[], Rules],
        touch: Callable[[], None],
    ) -> None:
        self._root = root
        self._kind_of = kind_of
        self._rules = rules
        self._touch = touch

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = [os.fsencode(path) for path in (event.src_path, event.dest_path) if path]
        if any(self._matters(path, event.is_directory) for path in paths):
            self._touch()

    def _matters(self, path: bytes, is_directory: bool) -> bool:
        if self._rules().path(self._root, path, is_directory=is_directory):
            return False
        return is_directory or self._kind_of is None or self._kind_of(os.path.split(path)[1]) is not None
