"""Search by Milvus: it proposes, what it was not told yet is looked at exactly, and all scores are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from core.records import Filters, Ids, SpaceId, Vectors
from core.store.facts import FACTS, Facts
from core.store.vectors.exact import ExactStore
from core.store.vectors.feed import Feed, Known
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.part import MOST_FOUND
from core.store.vectors.remote.server import StoreError
from core.store.vectors.vector_store import Hits, StoreCheck, Vector, VectorStore

EXACT_COUNT = 2_000
"""So few vectors are looked at in less time than a server is asked."""
EXACT_IDS = 5_000
"""Among so few, looking at all takes some 60 ms and misses nothing."""
SPARE = 16
"""Candidates beyond those wanted: some may be gone."""


class Truth(VectorStore, Known, Protocol):
    """Every vector, with exact search: what Milvus is fed from, measured by, and replaced by while it is away."""

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of those of `ids` that are there, in their order."""
        ...


class MilvusStore:
    """A store that feeds a Milvus collection. Milvus may lag, fail or vanish at any time: that costs time, not answers.

    Attributes:
        exact: every vector.
        part: what this library has at Milvus.
        feed: what is to be done there.
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
        self.part = collection
        self._facts = facts
        self.feed = Feed(collection, self.exact, self.exact.vectors, facts)

    @property
    def count(self) -> int:
        """How many ids can be found."""
        return self.exact.count

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors; an id that is already there gets the new vector."""
        self.exact.add(ids, vectors)
        self.feed.come(ids)

    def remove(self, ids: Ids) -> None:
        """Removes ids; unknown ones are ignored."""
        self.feed.go(ids)
        self.exact.remove(ids)

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best, or nearly always the best."""
        few = k < 1 or self.count <= EXACT_COUNT or k + SPARE > MOST_FOUND
        if few or self._lags or not np.isfinite(query).all():
            return self.exact.search(query, k)
        candidates = self._proposed(query, k + SPARE)
        if candidates is not None:
            found = self.exact.search_among(query, np.union1d(self.exact.known(candidates), self.feed.tail), k)
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
            near = np.intersect1d(np.union1d(candidates, self.feed.tail), ids)
            found = self.exact.search_among(query, near, k)
            if len(found[0]) == k:
                self.served += 1
                return found
        return self.exact.search_among(query, ids, k)

    def check(self, space_id: SpaceId) -> StoreCheck:
        """Compares what Milvus has with what it should. Raises StoreError."""
        self.part.prepare()
        found = outdated = surplus = 0
        for window in self.feed.windows():
            ids, facts = self.part.window(window.first, window.end)
            here = np.isin(ids, self.exact.known(ids))
            found += int(here.sum())
            surplus += int((~here).sum())
            outdated += int((facts[here] != self._facts(ids[here])).any(axis=1).sum())
        return StoreCheck(space_id, self.count, self.count - found, surplus, outdated)

    def merge(self, max_count: int) -> int:
        """Tells Milvus of at most `max_count` vectors at once; 0: there is nothing to do. Raises StoreError."""
        return self.feed.merge(max_count)

    @property
    def _lags(self) -> bool:
        """Whether Milvus knows so little that it is no help."""
        return not self.feed.is_prepared or 2 * len(self.feed.tail) > self.count

    def _proposed(self, query: Vector, k: int, filters: Filters | None = None) -> Ids | None:
        """What Milvus proposes; None when it cannot. When it has not half of what it should, it has been emptied."""
        try:
            found = self.part.search(query, k, filters)
        except StoreError as error:
            self.feed.failed(error)
            return None
        if filters is None and 2 * len(found) < min(k, self.count - len(self.feed.tail)):
            self.feed.is_prepared = False
        return found
