"""Long-lived child processes that answer requests one after the other, so that a crash or a hang costs one request.

Each child has a thread that talks to it; one more thread kills children that are late. Requests are sent ahead, so
that a child never waits for us. Nothing is started before the first request.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from core.errors import OverloadError
from core.runtime.child_process import ChildProcess, ChildStartError
from core.runtime.frames import FrameError
from core.runtime.requests import Job, Loss, Request, RequestQueue
from core.runtime.worker import Priority

log = logging.getLogger(__name__)

T = TypeVar("T")

_AHEAD = 2
"""Requests in a child's hands: the one it works on and the next. More would only delay interactive ones."""
_START_LIMIT_S = 30.0
_WATCH_S = 0.25


class _Driver:
    """A thread and the child it talks to. The thread's end is the child's end."""

    def __init__(self, name: str, start_child: Callable[[], ChildProcess], limit_s: float, queue: RequestQueue) -> None:
        self._start_child = start_child
        self._limit_s = limit_s
        self._queue = queue
        self._pending: deque[Job] = deque()
        self._sent = 0
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._deadline: float | None = None
        self._late = False
        self._outdated = False
        self.retired = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def kill_if_late(self) -> None:
        """Called by the watching thread."""
        with self._lock:
            if self._child is not None and self._deadline is not None and time.monotonic() > self._deadline:
                self._late = True
                self._child.kill()

    def change(self, start_child: Callable[[], ChildProcess]) -> None:
        """From the next request on that is not in the child's hands: another child."""
        with self._lock:
            self._start_child = start_child
            self._outdated = True

    def retire(self) -> None:
        """Takes no further requests than those in hand, then ends."""
        self.retired = True
        self._queue.wake()

    def kill(self) -> None:
        """Ends the child whatever it does."""
        with self._lock:
            if self._child is not None:
                self._child.kill()

    def _run(self) -> None:
        try:
            while self._fill():
                self._answer(self._pending[0])
        finally:
            self._drop_child()
            for job in self._pending:
                job.cancel()

    def _fill(self) -> bool:
        """Takes requests; blocks only when there is none in hand. False when the queue is closed."""
        while not self.retired and len(self._pending) < _AHEAD and not (self._pending and self._pending[-1].alone):
            job = self._queue.take(ahead=bool(self._pending), wanted=lambda: not self.retired)
            if job is None:
                break
            self._pending.append(job)
        return bool(self._pending) and not self._queue.closed

    def _answer(self, job: Job) -> None:
        """Sees the first request in hand through: to a result, an error, or the loss of the child."""
        try:
            child = self._ready_child()
            self._set_deadline(self._limit_s)
            for unsent in itertools.islice(self._pending, self._sent, None):
                self._sent += child.send(unsent.header, unsent.request.payload)
            header, payload = child.receive(job.request.reply_limit)
            self._conclude(job, header, payload)
        except (ChildStartError, OverloadError) as error:
            self._lose_child(job, error)
        except (EOFError, OSError, FrameError) as error:
            loss = Loss.LATE if self._late else Loss.CRASHED
            log.log(logging.DEBUG if self._queue.closed else logging.WARNING, "child process %s: %r", loss, error)
            self._lose_child(job, job.request.explain(loss))
        else:
            if header.get("last") is True or self._late or self._outdated:
                self._drop_child()

    def _conclude(self, job: Job, header: Mapping[str, Any], payload: bytes) -> None:
        if header.get("alone") is True and not job.alone:
            self._settle(job)
            self._queue.put_alone(job)
            return
        try:
            result = job.request.accept(header, payload)
        except FrameError:
            raise
        except Exception as error:  # noqa: BLE001 - belongs to the future; the thread outlives it
            self._settle(job)
            job.fail(error)
        else:
            self._settle(job)
            job.finish(result)

    def _settle(self, job: Job) -> None:
        self._set_deadline(None)
        self._pending.popleft()
        self._sent = max(0, self._sent - 1)
        self._queue.done(job)

    def _lose_child(self, job: Job, error: Exception) -> None:
        self._drop_child()
        if not self._queue.closed:
            self._settle(job)
            job.fail(error)

    def _ready_child(self) -> ChildProcess:
        """The child, started anew if there is none or it ended while idle."""
        if self._child is not None and self._sent == 0 and (self._outdated or self._child.has_ended()):
            self._drop_child()
        if self._child is None:
            with self._lock:
                if self._queue.closed:
                    raise EOFError("closed")
                self._late = self._outdated = False
                self._child = self._start_child()
            self._set_deadline(_START_LIMIT_S)
            self._child.greet()
        return self._child

    def _drop_child(self) -> None:
        with self._lock:
            child, self._child, self._deadline = self._child, None, None
        self._sent = 0
        if child is not None:
            child.end()

    def _set_deadline(self, seconds: float | None) -> None:
        with self._lock:
            self._deadline = None if seconds is None else time.monotonic() + seconds


class ProcessPool:
    """At most `processes` children running `command`; see `child_process.serve` for their side.

    A request that its child works on for more than `limit_s` costs that child its life.
    """

    def __init__(
        self, name: str, command: Sequence[str], processes: int, *, limit_s: float, environment: Mapping[str, str]
    ) -> None:
        self._name = name
        self._start_child = partial(ChildProcess, command, environment)
        self._environment = environment
        self._processes = processes
        self._limit_s = limit_s
        self._queue = RequestQueue()
        self._lock = threading.Lock()
        self._drivers: list[_Driver] = []
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True)

    def submit(self, request: Request[T], priority: Priority) -> Future[T]:
        """Queues `request`. The future may be cancelled at any time; a closed pool answers with a cancelled one."""
        future = self._queue.put(request, priority)
        with self._lock:
            at_work = sum(not driver.retired for driver in self._drivers)
            if self._queue.is_short_of_takers and at_work < self._processes and not self._queue.closed:
                name = f"{self._name}-{at_work}"
                self._drivers.append(_Driver(name, self._start_child, self._limit_s, self._queue))
                if not self._watcher.is_alive():
                    self._watcher.start()
        return future

    def change(self, command: Sequence[str], processes: int) -> None:
        """From now on runs another command in another number of children. Those at work finish what they have begun."""
        with self._lock:
            self._start_child = partial(ChildProcess, command, self._environment)
            self._processes = processes
            self._drivers = [driver for driver in self._drivers if driver.thread.is_alive()]
            at_work = [driver for driver in self._drivers if not driver.retired]
            for driver in at_work[:processes]:
                driver.change(self._start_child)
            for driver in at_work[processes:]:
                driver.retire()

    def close(self, timeout_s: float) -> bool:
        """Kills every child, cancels every unfinished request. Returns whether all ended within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            self._queue.close()
        self._closing.set()
        for driver in self._drivers:
            driver.kill()
        threads = [driver.thread for driver in self._drivers]
        if self._watcher.is_alive():
            threads.append(self._watcher)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _watch(self) -> None:
        while not self._closing.wait(_WATCH_S):
            for driver in tuple(self._drivers):
                driver.kill_if_late()
