"""What the engine tells whoever listens. Events are in the past tense and carry values, never live objects."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from core.records import ModelStatus, Progress, StoreStatus, Unwatched

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProgressChanged:
    """Indexing went on; only the newest of these matters."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Files were indexed, moved or removed: answers may differ now."""


@dataclass(frozen=True, slots=True)
class FoldersChanged:
    """A folder was added or removed, or went on- or offline."""


@dataclass(frozen=True, slots=True)
class WatchingChanged:
    """Live watching sees changes in other folders than before; these it does not wholly see."""

    unwatched: tuple[Unwatched, ...]


@dataclass(frozen=True, slots=True)
class FailuresChanged:
    """The list of problem files changed."""

    count: int


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """A model was loaded, is arriving, came, went, is put to use, or turned out to be unavailable."""

    status: ModelStatus


@dataclass(frozen=True, slots=True)
class NoticePosted:
    """Something the user should read once (the library was damaged and made anew)."""

    text: str


@dataclass(frozen=True, slots=True)
class StoreChanged:
    """The library's vectors are being moved, or have been."""

    status: StoreStatus


@dataclass(frozen=True, slots=True)
class BugFound:
    """An exception that is no CoreError reached the top of a worker; `details` is the traceback."""

    details: str


Event: TypeAlias = (
    ProgressChanged
    | LibraryChanged
    | FoldersChanged
    | WatchingChanged
    | FailuresChanged
    | ModelChanged
    | NoticePosted
    | StoreChanged
    | BugFound
)
Listener: TypeAlias = Callable[[Event], None]


class EventBus:
    """Hands each event to every listener, on the thread that publishes. Listeners must only enqueue.

    A notice or a bug that comes before anybody listens is kept for the first listener: what happens while a library
    opens must not be lost.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._unheard: list[Event] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds `listener`; returns the function that removes it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
            unheard, self._unheard = self._unheard, []
        for event in unheard:
            self._tell(listener, event)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(known for known in self._listeners if known is not listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Calls every listener. A listener that raises is a bug of ours: logged, and the others still hear."""
        with self._lock:
            listeners = self._listeners
            if not listeners and isinstance(event, NoticePosted | BugFound):
                self._unheard.append(event)
        for listener in listeners:
            self._tell(listener, event)

    def notice(self, text: str) -> None:
        """Publishes what the user should read once."""
        self.publish(NoticePosted(text))

    def _tell(self, listener: Listener, event: Event) -> None:
        try:
            listener(event)
        except Exception:
            log.exception("listener failed on %s", type(event).__name__)
