"""A named thread that does one job at a time, most urgent first. Most threads of the engine are one of these."""

from __future__ import annotations

import itertools
import logging
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ParamSpec, TypeVar

from core.errors import CoreError

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Priority(IntEnum):
    """What overtakes what: someone waiting at the screen always comes first."""

    URGENT = 0
    INTERACTIVE = 1
    NORMAL = 2
    BATCH = 3
    CLOSING = 9


@dataclass(order=True)
class _Job:
    priority: Priority
    number: int
    run: Callable[[], Any] | None = field(compare=False)
    future: Future[Any] = field(compare=False)
    hands_over: bool = field(compare=False, default=False)


class Worker:
    """Runs submitted functions on its own thread, in order of priority, then of submission.

    A job's exception belongs to its future; the thread never dies of one. `on_bug` also hears of exceptions that
    are neither a `CoreError` nor a cancellation, with the traceback.
    """

    def __init__(self, name: str, *, on_bug: Callable[[str], None] | None = None) -> None:
        self.name = name
        self._on_bug = on_bug
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._number = itertools.count()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def submit_at(self, priority: Priority, run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queues `run(*args, **kwargs)` at `priority`. A closed worker answers with a cancelled future."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            self._jobs.put(_Job(priority, next(self._number), lambda: run(*args, **kwargs), future))
        return future

    @property
    def waiting(self) -> int:
        """How many jobs are queued, the running one not counted."""
        return self._jobs.qsize()

    def renew(self) -> None:
        """Goes on on a new thread, started by the caller's: what a thread gave up, it and its own never get back."""
        with self._lock:
            if not self._closed:
                self._jobs.put(_Job(Priority.URGENT, next(self._number), None, Future(), hands_over=True))
                former, target = self._thread, self._take_over
                self._thread = threading.Thread(target=target, args=(former,), name=self.name, daemon=True)
                self._thread.start()

    def close(self, timeout_s: float, *, finish: bool = False) -> bool:
        """Ends after the running job (with `finish`, after all queued ones); the rest is cancelled.

        Returns whether the thread ended within `timeout_s`.
        """
        with self._lock:
            if not self._closed:
                self._closed = True
                last = Priority.CLOSING if finish else Priority.URGENT
                self._jobs.put(_Job(last, next(self._number), None, Future()))
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _take_over(self, former: threading.Thread) -> None:
        former.join()
        self._loop()

    def _loop(self) -> None:
        while True:
            job = self._jobs.get()
            if job.hands_over:
                return
            if job.run is None:
                break
            self._run(job)
            del job  # a waiting worker must not keep the last job's arrays alive
        while True:
            try:
                self._jobs.get_nowait().future.cancel()
            except queue.Empty:
                return

    def _run(self, job: _Job) -> None:
        if job.run is None or not job.future.set_running_or_notify_cancel():
            return
        try:
            result = job.run()
        except (CoreError, CancelledError) as error:
            job.future.set_exception(error)
        except BaseException as error:
            job.future.set_exception(error)
            log.exception("bug on worker %s", self.name)
            if self._on_bug is not None:
                self._on_bug(traceback.format_exc())
        else:
            job.future.set_result(result)


def stand_back(nice: int) -> None:
    """Lets the calling thread, and those it starts from now on, come so far after our others. Linux only."""
    if sys.platform == "linux":
        usual = os.getpriority(os.PRIO_PROCESS, os.getpid())
        if usual + nice > os.getpriority(os.PRIO_PROCESS, threading.get_native_id()):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), usual + nice)


def run_aside(name: str, run: Callable[[], T]) -> Future[T]:
    """Runs `run` on a thread of its own that ends with it."""
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    future = executor.submit(run)
    executor.shutdown(wait=False)
    return future


def make_threads(count: int, name: str) -> ThreadPoolExecutor:
    """Up to `count` threads for a library that wants them handed; who asked for them ends them by `shutdown`."""
    return ThreadPoolExecutor(count, thread_name_prefix=name)
