"""What a collection at Milvus is to be told: jobs, one at a time, until it has what the catalog says it should."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from core.records import Ids, Vectors
from core.store.vectors.remote.part import SEGMENT_BITS, WINDOW, Told
from core.store.vectors.remote.server import StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FED_AT_ONCE = 500
"""Vectors a batch: 1 to 3 MB."""
SETTLED_EVERY = 5_000
"""milvus-lite searches what it has not settled row by row: 10,000 rows take seconds."""


class Fed(Protocol):
    """A part of a collection that is a library's own. Every method may wait and raises StoreError."""

    def prepare(self) -> None:
        """Makes it unless it is there."""
        ...

    def feed(self, ids: Ids, vectors: Vectors, told: Told, gone: Ids) -> None:
        """Deletes `gone`, then writes the rest; what is there is replaced."""
        ...

    def settle(self) -> None:
        """All there is for now was written."""
        ...

    def window(self, first: int, end: int) -> tuple[Ids, Told]:
        """What is there of segments `first` to `end`, `end` not included: ids, ascending, and what was told of each."""
        ...


class Known(Protocol):
    """The segments that there should be."""

    @property
    def ids(self) -> Ids:
        """Every id, ascending."""
        ...

    def known(self, ids: Ids) -> Ids:
        """Those of `ids` that are there, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What Milvus is to be told: segments with vectors and facts to write, and segments to delete."""

    ids: Ids
    vectors: Vectors
    told: Told
    gone: Ids


@dataclass(frozen=True, slots=True)
class Window:
    """A range of segment ids, `end` not included, of which Milvus is to say what it has."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Preparation:
    """Milvus is to be connected, the collection made or checked."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Milvus has been told everything; it may put what it was told in order."""


Job = Batch | Window | Preparation | Settling
Found: TypeAlias = "tuple[Ids, Told] | None"
"""What a Window found."""


class Feed:
    """`next_job` on the store's thread, `run` on any, then `done` or `failed` on the store's again, before the next.

    Attributes:
        tail: what Milvus is still to be told of, ascending.
        is_prepared: whether the collection was there when it was last used.
    """

    def __init__(self, part: Fed, truth: Known, vectors: Callable[[Ids], Vectors], told: Callable[[Ids], Told]) -> None:
        """`vectors` and `told` answer of each of some ids; fewer vectors than ids: the space is just being deleted."""
        self.tail = truth.ids
        self.is_prepared = False
        self._part = part
        self._truth = truth
        self._vectors = vectors
        self._told = told
        self._gone: Ids = np.empty(0, np.int64)
        self._windows: deque[Window] = deque()
        self._unsettled = 0

    @property
    def left(self) -> int:
        """How many segments Milvus is still to be told of, or to be asked about."""
        return len(self.tail) + len(self._gone)

    @property
    def is_current(self) -> bool:
        """Whether Milvus has said that it has all, and nothing else."""
        return self.is_prepared and not self._windows and not self.left

    def come(self, ids: Ids) -> None:
        """Segments that are there from now on, or changed."""
        self.tail = np.union1d(self.tail, ids)
        self._gone = np.setdiff1d(self._gone, ids)

    def go(self, ids: Ids) -> None:
        """Segments that are about to go."""
        self._gone = np.union1d(self._gone, self._truth.known(ids))
        self.tail = np.setdiff1d(self.tail, ids)

    def merge(self, max_count: int) -> int:
        """Does a job of at most `max_count` vectors at once; 0: there is nothing to do. Raises StoreError."""
        job = self.next_job(max_count)
        if job is None:
            return 0
        try:
            self.done(job, self.run(job))
        except StoreError as error:
            self.failed(error)
            raise
        return 1

    def next_job(self, max_count: int = FED_AT_ONCE) -> Job | None:
        """What is to be done at Milvus next; None when it knows everything."""
        if not self.is_prepared:
            return Preparation()
        if self._windows:
            return self._windows[0]
        if self._unsettled >= SETTLED_EVERY:
            return Settling()
        if len(self.tail) or len(self._gone):
            ids = self.tail[:max_count]
            vectors = self._vectors(ids)
            if len(vectors) < len(ids):
                return None  # the space is just being deleted
            return Batch(ids, vectors, self._told(ids), self._gone[: 10 * max_count])
        return Settling() if self._unsettled else None

    def run(self, job: Job) -> Found:
        """Does the job at Milvus; what a Window found. Raises StoreError."""
        if isinstance(job, Window):
            return self._part.window(job.first, job.end)
        if isinstance(job, Batch):
            self._part.feed(job.ids, job.vectors, job.told, job.gone)
        elif isinstance(job, Preparation):
            self._part.prepare()
        else:
            self._part.settle()
        return None

    def done(self, job: Job, found: Found) -> None:
        """The job was done; meanwhile ids may have come and gone."""
        if isinstance(job, Preparation):
            self._compare_all()
        elif isinstance(job, Batch):
            self.tail = np.setdiff1d(self.tail, job.ids)
            self._gone = np.union1d(np.setdiff1d(self._gone, job.gone), self._unknown(job.ids))
            self._unsettled += len(job.ids)
        elif isinstance(job, Settling):
            self._unsettled = 0
        elif found is not None:
            self._windows.popleft()
            self._compared(*found)

    def failed(self, error: StoreError) -> None:
        """The job was not done. When the collection is lost, Milvus is told everything again."""
        if error.lost:
            self.is_prepared = False

    def _compare_all(self) -> None:
        """Until it has said what it has, Milvus has nothing."""
        self.is_prepared = True
        self.tail = self._truth.ids
        self._windows = deque(self.windows())

    def windows(self) -> list[Window]:
        """All ids there may be, those beyond the last one, too: a library put back from a copy has had more."""
        ids = self._truth.ids
        end = int(ids[-1]) + 1 if len(ids) else 0
        edges = [*range(0, end, WINDOW), end, 1 << SEGMENT_BITS]
        return [Window(first, last) for first, last in pairwise(edges)]

    def _compared(self, ids: Ids, told: Told) -> None:
        here = self._are_known(ids)
        self._gone = np.union1d(self._gone, ids[~here])
        right = (told[here] == self._told(ids[here])).all(axis=1)
        self.tail = np.setdiff1d(self.tail, ids[here][right])

    def _are_known(self, ids: Ids) -> NDArray[np.bool_]:
        return np.isin(ids, self._truth.known(ids))

    def _unknown(self, ids: Ids) -> Ids:
        return np.setdiff1d(ids, self._truth.known(ids))
