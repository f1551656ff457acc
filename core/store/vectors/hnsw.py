"""Approximate search: graphs for most vectors, an exact look at those not yet in one, exact scores for all."""

from __future__ import annotations

import logging

import numpy as np

from core.records import Ids, Vectors
from core.store.vectors.exact import ExactStore
from core.store.vectors.graph import Graph, graphs_available
from core.store.vectors.vector_store import Hits, Vector, some_of

log = logging.getLogger(__name__)

MAX_DEAD_SHARE = 0.2
EXACT_IDS = 50_000
EXACT_ROWS = 200_000
"""Among so few ids, or in so small a store, exact search needs a few milliseconds and misses nothing."""
EXACT_PER_RESULT = 100
"""In a store of so few vectors for each one wanted, looking at all is faster than following that many links."""


class HnswStore:
    """Every vector is in one matrix; most are also in one of several graphs, the others are the tail.

    Graphs only propose candidates. So a graph that is missing, or that hnswlib cannot search, costs time, not answers.

    Attributes:
        exact: every vector.
        graphs: by number, which is never used twice; their ids are disjoint.
    """

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self.exact = ExactStore(dim)
        self._tail: Ids = np.empty(0, np.int64)
        self.graphs: dict[int, Graph] = {}
        self._next_number = 0

    @property
    def count(self) -> int:
        """How many ids can be found."""
        return self.exact.count

    @property
    def ids(self) -> Ids:
        """Every id, ascending."""
        return self.exact.ids

    @property
    def left(self) -> int:
        """How many ids are in no graph."""
        return len(self._tail)

    def some(self, count: int) -> Ids:
        """At most `count` ids, well spread and the same in every store that holds the same ids."""
        return some_of(self.exact.ids, count)

    def reserve(self, count: int) -> None:
        """Makes room for `count` ids at once."""
        self.exact.reserve(count)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors; an id that is already there gets the new vector."""
        self._take_from_graphs(ids)
        self.exact.add(ids, vectors)
        self._tail = _union(self._tail, ids)

    def remove(self, ids: Ids) -> None:
        """Removes ids; unknown ones are ignored."""
        self._take_from_graphs(ids)
        self.exact.remove(ids)
        self._tail = np.setdiff1d(self._tail, ids)

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best, or nearly always the best."""
        few = k < 1 or EXACT_PER_RESULT * k > self.count
        if few or 2 * len(self._tail) > self.count or not np.isfinite(query).all():
            return self.exact.search(query, k)
        try:
            candidates = self._candidates(query, k)
        except RuntimeError:
            log.warning("a graph could not be searched; searching exactly", exc_info=True)
            return self.exact.search(query, k)
        found = self.exact.search_among(query, np.concatenate([candidates, self._tail]), k)
        return found if len(found[0]) == k else self.exact.search(query, k)

    def search_among(self, query: Vector, ids: Ids, k: int) -> Hits:
        """The best among `ids`, fewer than `k` only if fewer of them are there; unknown ones are ignored."""
        if len(ids) > EXACT_IDS and self.count > EXACT_ROWS:
            found, scores = self.search(query, 2 * k * self.count // len(ids))
            chosen = np.flatnonzero(np.isin(found, ids, assume_unique=True))[:k]
            if len(chosen) == k:
                return found[chosen], scores[chosen]
        return self.exact.search_among(query, ids, k)

    def merge(self, max_count: int) -> int:
        """Moves up to `max_count` vectors from the tail into a graph; returns how many. 0: there is nothing to do."""
        if not graphs_available():
            return 0
        self._dissolve()
        ids = self._tail[:max_count]
        if len(ids) == 0:
            return 0
        graph = self._open_graph()
        ids = ids[: graph.room]
        graph.add(ids, self.exact.vectors(ids))
        self._tail = self._tail[len(ids) :]
        return len(ids)

    def adopt(self, number: int, graph: Graph) -> None:
        """Takes over a saved graph, as far as its ids are here and in no other one."""
        self._next_number = max(self._next_number, number + 1)
        graph.remove(np.setdiff1d(graph.ids, self._tail))
        self._tail = np.setdiff1d(self._tail, graph.ids)
        self.graphs[number] = graph

    def _candidates(self, query: Vector, k: int) -> Ids:
        """From each graph its fair share, and more from those whose share was all good."""
        share = min(k, 2 * -(-k // max(1, len(self.graphs))) + 16)
        found = [graph.search(query, share) for graph in self.graphs.values()]
        scores = np.concatenate([scores for _, scores in found])
        threshold = np.sort(scores)[-k] if len(scores) >= k else -np.inf
        for place, graph in enumerate(self.graphs.values()):
            if share < min(k, graph.live) and found[place][1][-1] > threshold:
                found[place] = graph.search(query, k)
        return np.concatenate([ids for ids, _ in found])

    def _take_from_graphs(self, ids: Ids) -> None:
        known = self.exact.known(ids)
        if len(known):  # seldom: new vectors are new
            for graph in self.graphs.values():
                graph.remove(known)

    def _open_graph(self) -> Graph:
        for graph in self.graphs.values():
            if graph.room:
                return graph
        graph = Graph(self._dim)
        self.graphs[self._next_number] = graph
        self._next_number += 1
        return graph

    def _dissolve(self) -> None:
        """A graph with many dead positions is slow and may hide living ones: its ids are merged anew."""
        for number, graph in list(self.graphs.items()):
            if graph.dead_share > MAX_DEAD_SHARE:
                del self.graphs[number]
                self._tail = _union(self._tail, graph.ids)


def _union(some: Ids, others: Ids) -> Ids:
    """Both, ascending, each once; many times as fast as `np.union1d` where ids come in order, as they mostly do."""
    both = np.sort(np.concatenate([some, others]), kind="stable")
    return both[np.diff(both, prepend=-1) > 0]
