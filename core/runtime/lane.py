"""One thread that owns one thing: the catalog, the models, the vector stores. Nobody else touches it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Concatenate, Generic, ParamSpec, TypeVar

from core.errors import CoreError
from core.runtime.worker import Priority, Worker

R = TypeVar("R")
P = ParamSpec("P")
T = TypeVar("T")


class Lane(Generic[R]):
    """Runs calls on a resource that is made, used and released on one thread; serialising by thread replaces locks.

    `make` runs before the first call. If it raises a CoreError, every call's future gets that error.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], R],
        release: Callable[[R], object],
        *,
        on_bug: Callable[[str], None] | None = None,
    ) -> None:
        self._make = make
        self._release = release
        self._made: R | None = None
        self._error: CoreError | None = None
        self._worker = Worker(name, on_bug=on_bug)

    def call(
        self, priority: Priority, use: Callable[Concatenate[R, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Runs `use(resource, *args, **kwargs)` on the lane's thread. A closed lane answers with a cancelled future."""
        return self._worker.submit_at(priority, lambda: use(self._resource(), *args, **kwargs))

    @property
    def waiting(self) -> int:
        """How many calls are queued."""
        return self._worker.waiting

    def renew(self) -> None:
        """Goes on on another thread, after what is urgent now. The resource must bear that."""
        self._worker.renew()

    def close(self, timeout_s: float, *, finish: bool = False) -> bool:
        """Releases the resource after the running call (with `finish`, after all queued ones).

        Returns whether the thread ended within `timeout_s`.
        """
        self._worker.submit_at(Priority.CLOSING if finish else Priority.URGENT, self._drop)
        return self._worker.close(timeout_s, finish=finish)

    def _resource(self) -> R:
        if self._error is not None:
            raise self._error
        if self._made is None:
            try:
                self._made = self._make()
            except CoreError as error:
                self._error = error
                raise
        return self._made

    def _drop(self) -> None:
        if self._made is not None:
            made, self._made = self._made, None
            self._release(made)
