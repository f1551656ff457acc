"""Linux's observer, watchdog's with three things it keeps to itself made known.

It swallows lost events and directories it could not watch, and it watches hidden directories, which are many (caches,
repositories) and use up the limit on watches.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import CallbackId, InotifyEvent, InotifyFD, Mask, WatchCallback, WatchDescriptor

from core.watch.scan import is_skipped_below


class InotifyObserver(BaseObserver):
    """An observer that tells when events were lost, and which root has a directory that could not be watched.

    Both functions are called on watchdog's threads. Raises OSError when the system allows no more observers.
    """

    def __init__(self, on_lost: Callable[[], None], on_unwatched: Callable[[bytes], None]) -> None:
        self._descriptor = _Descriptor(on_lost, on_unwatched)
        self._descriptor.name = "watch-inotify"
        self._descriptor.start()
        super().__init__(InotifyEmitter, inotify_fd=self._descriptor)

    def on_thread_stop(self) -> None:
        """Ends the emitters, then the thread that reads from the system."""
        super().on_thread_stop()
        self._descriptor.stop()
        self._descriptor.join()


class _Descriptor(InotifyFD):
    def __init__(self, on_lost: Callable[[], None], on_unwatched: Callable[[bytes], None]) -> None:
        super().__init__()
        self._on_lost = on_lost
        self._on_unwatched = on_unwatched

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        root = callback.path if isinstance(callback, InotifyWatchGroup) else path
        if is_skipped_below(root, path):  # WORKAROUND: the one place where watchdog can be kept out of a directory
            raise FileNotFoundError(errno.ENOENT, "not watched on purpose", path)
        try:
            if not os.access(path, os.R_OK):  # watchdog would take the system's refusal for a descriptor
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self._on_unwatched(root)
            raise

    def _add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        # WORKAROUND: what is made or moved while watchdog 7.1 walks through a new directory it adds twice, on the walk
        # and at its own event. It warns then, and dies where warnings are errors; being watched already is no fault
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._on_lost()
