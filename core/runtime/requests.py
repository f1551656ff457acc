"""What is asked of a pool's child processes, and the order in which it is asked."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from core.runtime.worker import Priority

T = TypeVar("T")

_SMALL_BYTES = 2048
"""A pipe takes this much more without blocking, so such a request can be sent while the child is busy."""


class Loss(StrEnum):
    """How a child was lost before it answered."""

    CRASHED = "crashed"
    LATE = "late"


@dataclass(frozen=True)
class Request(Generic[T]):
    """A question to a child process.

    A reply longer than `reply_limit` bytes, or one that `accept` raises FrameError for, counts as a crash: nothing
    that a child says is believed unchecked.
    """

    header: Mapping[str, Any]
    payload: bytes
    reply_limit: int
    accept: Callable[[Mapping[str, Any], bytes], T]
    """Makes the result from a reply's header and payload, or raises the error it tells of."""
    explain: Callable[[Loss], Exception]
    """The future's exception when the child is lost over this request."""


@dataclass(order=True)
class Job:
    """A request in the queue or in a child's hands. `alone`: needs so much memory that only one such may run."""

    priority: Priority
    number: int
    request: Request[Any] = field(compare=False)
    future: Future[Any] = field(compare=False, default_factory=Future)
    alone: bool = field(compare=False, default=False)

    @property
    def is_small(self) -> bool:
        """Whether it can be sent to a child that is not reading now."""
        return len(self.request.payload) <= _SMALL_BYTES

    @property
    def header(self) -> Mapping[str, Any]:
        """What the child is told."""
        return {**self.request.header, "alone": self.alone}

    def finish(self, result: Any) -> None:
        """Completes the future, unless somebody cancelled it."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        """Completes the future with an exception, unless somebody cancelled it."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)

    def cancel(self) -> None:
        """Cancels the future and tells those who wait for it."""
        self.future.cancel()
        self.future.set_running_or_notify_cancel()


class RequestQueue:
    """Requests by priority, then in order of arrival; at most one that runs alone is out at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: list[Job] = []
        self._alone_jobs: list[Job] = []
        self._alone_is_out = False
        self._waiting = 0
        self._numbers = itertools.count()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def is_short_of_takers(self) -> bool:
        """Whether more requests are queued than threads wait for one."""
        with self._changed:
            return len(self._jobs) > self._waiting

    def put(self, request: Request[T], priority: Priority) -> Future[T]:
        """Queues `request`. A closed queue answers with a cancelled future."""
        with self._changed:
            job = Job(priority, next(self._numbers), request)
            if self._closed:
                job.cancel()
            else:
                heapq.heappush(self._jobs, job)
                self._changed.notify()
        return job.future

    def put_alone(self, job: Job) -> None:
        """Queues a job again that turned out to need to run alone."""
        with self._changed:
            job.alone = True
            if self._closed:
                job.cancel()
            else:
                heapq.heappush(self._alone_jobs, job)
                self._changed.notify()

    def done(self, job: Job) -> None:
        """Says that a taken job is out of the child's hands."""
        if job.alone:
            with self._changed:
                self._alone_is_out = False
                self._changed.notify()

    def take(self, *, ahead: bool, wanted: Callable[[], bool]) -> Job | None:
        """The most urgent job, waiting for one; None when closed, or none is `wanted` any more (after `wake`).

        With `ahead`, only what can be sent to a busy child and no idle thread is waiting for, or None at once.
        """
        with self._changed:
            while not self._closed and wanted():
                if ahead and (self._waiting or not self._jobs or not self._jobs[0].is_small):
                    return None
                lane = self._jobs if ahead else self._urgent_lane()
                if not lane:
                    self._waiting += 1
                    self._changed.wait()
                    self._waiting -= 1
                    continue
                job = heapq.heappop(lane)
                if job.future.cancelled():
                    job.cancel()
                    continue
                self._alone_is_out |= job.alone
                return job
            return None

    def wake(self) -> None:
        """Has those who wait for a job look whether they still want one."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Cancels what is queued and lets every taker go."""
        with self._changed:
            self._closed = True
            for job in self._jobs + self._alone_jobs:
                job.cancel()
            self._jobs.clear()
            self._alone_jobs.clear()
            self._changed.notify_all()

    def _urgent_lane(self) -> list[Job]:
        lanes = [self._jobs] if self._alone_is_out else [self._jobs, self._alone_jobs]
        return min(filter(None, lanes), key=lambda lane: lane[0], default=self._jobs)
