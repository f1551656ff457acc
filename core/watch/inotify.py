"""Linux's observer: watchdog's, put right where it would miss something without a word.

It swallows lost events and directories it could not watch; it watches hidden directories, which are many (caches,
repositories) and use up the limit on watches; and it confuses directories that take each other's place.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from core.watch.rules import Rules


class InotifyObserver(BaseObserver):
    """An observer that tells when events were lost, and below which root a directory could not be watched and why.

    What the rules leave out is not watched. All functions are called on watchdog's threads. Raises OSError when the
    system allows no more observers.
    """

    def __init__(
        self, rules: Callable[[], Rules], on_lost: Callable[[], None], on_unwatched: Callable[[bytes, OSError], None]
    ) -> None:
        self._descriptor = _Descriptor(rules, on_lost, on_unwatched)
        self._descriptor.name = "watch-inotify"
        self._descriptor.start()
        super().__init__(_Emitter, inotify_fd=self._descriptor)

    def on_thread_stop(self) -> None:
        """Ends the emitters, then the thread that reads from the system."""
        super().on_thread_stop()
        self._descriptor.stop()
        self._descriptor.join()


class _Emitter(InotifyEmitter):
    def on_thread_start(self) -> None:
        self._inotify = _Group(
            self._inotify_fd,
            os.fsencode(self.watch.path),
            is_recursive=self.watch.is_recursive,
            # WORKAROUND: watchdog 7.1 asks for attributes only together with every single write
            event_mask=Mask(self.get_event_mask_from_filter() | InotifyConstants.IN_ATTRIB),
            follow_symlink=self.watch.follow_symlink,
        )


class _Group(InotifyWatchGroup):
    """The watches below one root.

    WORKAROUND: watchdog 7.1 keeps a directory that was moved away, under the path that it had. Its successor there may
    then never be watched, and the end of the second of the two is a KeyError that ends the thread. So what is moved is
    forgotten; if it comes up again below the root, watchdog takes it for new.
    """

    def on_event(self, event: InotifyEvent) -> None:
        if event.is_moved_from and event.is_directory:
            with self._lock:
                self._forget(self._build_event_source_path(event))
        super().on_event(event)

    def _move_watches(self, move_src_path: bytes, move_dst_path: bytes) -> bool:  # noqa: ARG002 - watchdog's signature
        return False  # none is left to be moved

    def _forget(self, moved: bytes | None) -> None:
        if moved is not None and self.is_active:
            below = moved + os.sep.encode()
            watched = self._active_callbacks_by_watch.items()
            self._remove_callbacks([wd for wd, path in watched if path == moved or path.startswith(below)])


class _Descriptor(InotifyFD):
    def __init__(
        self, rules: Callable[[], Rules], on_lost: Callable[[], None], on_unwatched: Callable[[bytes, OSError], None]
    ) -> None:
        super().__init__()
        self._rules = rules
        self._on_lost = on_lost
        self._on_unwatched = on_unwatched

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        root = callback.path if isinstance(callback, InotifyWatchGroup) else path
        if self._rules().path(
            root, path, is_directory=True
        ):  # WORKAROUND: the one place where watchdog can be kept out of a directory
            raise FileNotFoundError(errno.ENOENT, "not watched on purpose", path)
        try:
            if not os.access(path, os.R_OK):  # watchdog would take the system's refusal for a descriptor
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self._on_unwatched(root, error)
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
