"""The one place where the engine's threads meet Qt.

Engine threads only put things into an inbox and wake the GUI thread by a queued signal. Here, on the GUI thread,
finished futures become calls and events become one signal, at most 20 times a second, the newest of each sort only.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from core import BugFound, Event, ModelChanged, NoticePosted

if TYPE_CHECKING:
    from core import Engine

log = logging.getLogger(__name__)

T = TypeVar("T")
EVENT_PERIOD_MS = 50
_TURN_S = 0.008


@dataclass(eq=False, slots=True)
class Call:
    """A future under way. Once dropped, neither of its callbacks is called."""

    future: Future[Any]
    success: Callable[[Any], None] | None
    failure: Callable[[BaseException], None]
    dropped: bool = False

    def drop(self) -> None:
        """The answer is no longer wanted; work that has not begun is not done at all."""
        self.dropped = True
        self.future.cancel()


class Bridge(QObject):
    """Brings events and results of the engine to the GUI thread.

    Signals:
        opened: there is an engine now.
        happened: an engine event.
        failed: a future's exception that its caller does not handle itself.
    """

    opened = Signal()
    happened = Signal(object)
    failed = Signal(object)
    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine: Engine | None = None
        self._inbox: queue.SimpleQueue[Call | Event] = queue.SimpleQueue()
        self._awake = False
        self._closed = False
        self._lanes: dict[str, Call] = {}
        self._events: dict[object, Event] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._arrived.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVENT_PERIOD_MS)
        self._timer.timeout.connect(self._deliver)

    def connect_engine(self, engine: Engine) -> None:
        """From now on `engine` is asked and listened to."""
        self.engine = engine
        self._unsubscribe = engine.events.subscribe(self.post)
        self.opened.emit()

    def call(
        self,
        future: Future[T],
        success: Callable[[T], None] | None = None,
        failure: Callable[[BaseException], None] | None = None,
        *,
        lane: str = "",
    ) -> Call:
        """Calls `success(result)` on the GUI thread, if there is such, or `failure(exception)`.

        Without one, or when who would hear of a failure no longer exists, `failed` is emitted. A newer call in the same
        `lane` drops the older. Nothing is called for an owner of `success` that no longer exists.
        """
        call = Call(future, success, failure or self.failed.emit)
        if lane:
            self.drop(lane)
            self._lanes[lane] = call
        future.add_done_callback(partial(self._finished, call))
        return call

    def drop(self, lane: str) -> None:
        """Nobody waits for the answer in `lane` any more."""
        if (call := self._lanes.pop(lane, None)) is not None:
            call.drop()

    def post(self, event: Event) -> None:
        """Takes an event, from any thread."""
        self._inbox.put(event)
        self._wake()

    def close(self) -> None:
        """Nothing is delivered after this."""
        self._closed = True
        self._timer.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.engine = None

    def _finished(self, call: Call, _future: Future[Any]) -> None:
        self._inbox.put(call)
        self._wake()

    def _wake(self) -> None:
        # put first, then look: the drain clears the flag before it empties the inbox, so nothing can be left behind
        if not self._awake and not self._closed:
            self._awake = True
            self._arrived.emit()

    @Slot()
    def _drain(self) -> None:
        self._awake = False
        until = time.monotonic() + _TURN_S
        try:
            while not self._closed and time.monotonic() < until:
                arrived = self._inbox.get_nowait()
                if isinstance(arrived, Call):
                    self._answer(arrived)
                else:
                    self._gather(arrived)
        except queue.Empty:
            return
        finally:
            if not self._inbox.empty():  # the window breathes between two handfuls, and after a callback that raised
                self._wake()

    def _answer(self, call: Call) -> None:
        if call.dropped or (call.success is not None and not _alive(call.success)):
            return
        try:
            result = call.future.result(timeout=0)
        except CancelledError:
            return
        except BaseException as error:  # noqa: BLE001 - whatever the engine raised goes to the caller's error path
            (call.failure if _alive(call.failure) else self.failed.emit)(error)
            return
        if call.success is not None:
            call.success(result)

    def _gather(self, event: Event) -> None:
        key: object = type(event)
        if isinstance(event, ModelChanged):
            key = event.status.card.model_id
        elif isinstance(event, NoticePosted | BugFound):
            key = event
        self._events[key] = event
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _deliver(self) -> None:
        events, self._events = self._events, {}
        for event in events.values():
            self.happened.emit(event)


def _alive(callback: Callable[..., Any]) -> bool:
    while isinstance(callback, partial):
        callback = callback.func
    owner = getattr(callback, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
