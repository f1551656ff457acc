"""Search by Milvus: it proposes, what it was not told yet is looked at exactly, and all scores are exact."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.records import Filters, Ids, SpaceId, Vectors
from core.store.facts import FACTS, Facts
from core.store.vectors.exact import ExactStore
from core.store.vectors.remote.collection import MOST_FOUND, SEGMENT_BITS, WINDOW, MilvusCollection
from core.store.vectors.remote.server import StoreError
from core.store.vectors.vector_store import Hits, StoreCheck, Vector, VectorStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

EXACT_COUNT = 2_000
"""So few vectors are looked at in less time than a server is asked."""
EXACT_IDS = 5_000
"""Among so few, looking at all takes some 60 ms and misses nothing."""
SPARE = 16
"""Candidates beyond those wanted: some may be gone."""
FED_AT_ONCE = 500
"""Vectors a batch: 1 to 3 MB."""
SETTLED_EVERY = 5_000
"""milvus-lite searches what it has not settled row by row: 10,000 rows take seconds."""


class Truth(VectorStore, Protocol):
    """Every vector, with exact search: what Milvus is fed from, measured by, and replaced by while it is away."""

    @property
    def ids(self) -> Ids:
        """Every id, ascending."""
        ...

    def known(self, ids: Ids) -> Ids:
        """Those of `ids` that are there, in their order."""
        ...

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of those of `ids` that are there, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What Milvus is to be told: segments with vectors and facts to write, and segments to delete."""

    ids: Ids
    vectors: Vectors
    facts: Facts
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


class MilvusStore:
    """A store that feeds a Milvus collection. Milvus may lag, fail or vanish at any time: that costs time, not answers.

    What is to be done at Milvus is a job: `next_job` on the store's thread, `run` on any, then `done` or `failed` on
    the store's again, before the next one. `merge` does a job at once.

    Attributes:
        exact: every vector.
        served: how many of the searches so far Milvus had a part in.
    """

    def __init__(
        self,
        dim: int,
        collection: MilvusCollection,
        exact: Truth | None = None,
        facts: Callable[[Ids], Facts] = lambda ids: np.zeros((len(ids), len(FACTS)), np.int64),
    ) -> None:
        self.exact: Truth = exact if exact is not None else ExactStore(dim)
        self.served = 0
        self._collection = collection
        self._facts = facts
        self._tail = self.exact.ids
        self._gone: Ids = np.empty(0, np.int64)
        self._windows: deque[Window] = deque()
        self._prepared = False
        self._unsettled = 0

    @property
    def count(self) -> int:
        """How many ids can be found."""
        return self.exact.count

    @property
    def left(self) -> int:
        """How many segments Milvus is still to be told of, or to be asked about."""
        return len(self._tail) + len(self._gone)

    @property
    def is_current(self) -> bool:
        """Whether Milvus has said that it has all, and nothing else."""
        return self._prepared and not self._windows and not self.left

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors; an id that is already there gets the new vector."""
        self.exact.add(ids, vectors)
        self._tail = np.union1d(self._tail, ids)
        self._gone = np.setdiff1d(self._gone, ids)

    def remove(self, ids: Ids) -> None:
        """Removes ids; unknown ones are ignored."""
        self._gone = np.union1d(self._gone, self.exact.known(ids))
        self._tail = np.setdiff1d(self._tail, ids)
        self.exact.remove(ids)

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best, or nearly always the best."""
        few = k < 1 or self.count <= EXACT_COUNT or k + SPARE > MOST_FOUND
        if few or self._lags or not np.isfinite(query).all():
            return self.exact.search(query, k)
        candidates = self._proposed(query, k + SPARE)
        if candidates is not None:
            found = self.exact.search_among(query, np.union1d(self.exact.known(candidates), self._tail), k)
            if len(found[0]) == min(k, self.count):
                self.served += 1
                return found
        return self.exact.search(query, k)

    def search_among(self, query: Vector, ids: Ids, k: int, filters: Filters | None = None) -> Hits:
        """The best among `ids`, fewer than `k` only if fewer of them are there; unknown ones are ignored.

        `filters` are those that `ids` pass: with them Milvus leaves out what others would be proposed in vain.
        """
        wanted = k + SPARE if filters else 2 * (k + SPARE) * self.count // max(1, len(ids))
        few = k < 1 or len(ids) <= EXACT_IDS or wanted > MOST_FOUND
        if few or self._lags or not np.isfinite(query).all():
            return self.exact.search_among(query, ids, k)
        candidates = self._proposed(query, wanted, filters)
        if candidates is not None:
            near = np.intersect1d(np.union1d(candidates, self._tail), ids)
            found = self.exact.search_among(query, near, k)
            if len(found[0]) == k:
                self.served += 1
                return found
        return self.exact.search_among(query, ids, k)

    def check(self, space_id: SpaceId) -> StoreCheck:
        """Compares what Milvus has with what it should. Raises StoreError."""
        self._collection.prepare()
        found = outdated = surplus = 0
        for window in self._all_windows():
            ids, facts = self._collection.window(window.first, window.end)
            here = self._are_known(ids)
            found += int(here.sum())
            surplus += int((~here).sum())
            outdated += int((facts[here] != self._facts(ids[here])).any(axis=1).sum())
        return StoreCheck(space_id, self.count, self.count - found, surplus, outdated)

    # what Milvus is told

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
        if not self._prepared:
            return Preparation()
        if self._windows:
            return self._windows[0]
        if self._unsettled >= SETTLED_EVERY:
            return Settling()
        if len(self._tail) or len(self._gone):
            ids = self._tail[:max_count]
            vectors = self.exact.vectors(ids)
            if len(vectors) < len(ids):
                return None  # the space is just being deleted
            return Batch(ids, vectors, self._facts(ids), self._gone[: 10 * max_count])
        return Settling() if self._unsettled else None

    def run(self, job: Job) -> tuple[Ids, Facts] | None:
        """Does the job at Milvus; what a Window found. Raises StoreError."""
        if isinstance(job, Window):
            return self._collection.window(job.first, job.end)
        if isinstance(job, Batch):
            self._collection.feed(job.ids, job.vectors, job.facts, job.gone)
        elif isinstance(job, Preparation):
            self._collection.prepare()
        else:
            self._collection.settle()
        return None

    def done(self, job: Job, found: tuple[Ids, Facts] | None) -> None:
        """The job was done; meanwhile ids may have come and gone."""
        if isinstance(job, Preparation):
            self._compare_all()
        elif isinstance(job, Batch):
            self._tail = np.setdiff1d(self._tail, job.ids)
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
            self._prepared = False

    def _compare_all(self) -> None:
        """Until it has said what it has, Milvus has nothing."""
        self._prepared = True
        self._tail = self.exact.ids
        self._windows = deque(self._all_windows())

    def _all_windows(self) -> list[Window]:
        """All ids there are, and all beyond them: a library that was put back from a copy has had more."""
        ids = self.exact.ids
        end = int(ids[-1]) + 1 if len(ids) else 0
        edges = [*range(0, end, WINDOW), end, 1 << SEGMENT_BITS]
        return [Window(first, last) for first, last in pairwise(edges)]

    def _compared(self, ids: Ids, facts: Facts) -> None:
        here = self._are_known(ids)
        self._gone = np.union1d(self._gone, ids[~here])
        right = (facts[here] == self._facts(ids[here])).all(axis=1)
        self._tail = np.setdiff1d(self._tail, ids[here][right])

    def _are_known(self, ids: Ids) -> NDArray[np.bool_]:
        return np.isin(ids, self.exact.known(ids))

    def _unknown(self, ids: Ids) -> Ids:
        return np.setdiff1d(ids, self.exact.known(ids))

    @property
    def _lags(self) -> bool:
        """Whether Milvus knows so little that it is no help."""
        return not self._prepared or 2 * len(self._tail) > self.count

    def _proposed(self, query: Vector, k: int, filters: Filters | None = None) -> Ids | None:
        """What Milvus proposes; None when it cannot. When it has not half of what it should, it has been emptied."""
        try:
            found = self._collection.search(query, k, filters)
        except StoreError as error:
            self.failed(error)
            return None
        if filters is None and 2 * len(found) < min(k, self.count - len(self._tail)):
            self._prepared = False
        return found
