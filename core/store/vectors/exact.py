"""Exact search over one matrix in memory: the oracle for approximate stores, and what they fall back on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.records import Ids, Vectors
from core.store.vectors.vector_store import Hits, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

GATHER_BELOW = 0.1
"""Up to this share of the rows, copying them out beats scoring every row (measured: benchmarks/vectors.py)."""
_NEAR = 1e-5
"""float32 products of unit vectors are off by less than this, depending on how the products were grouped."""


class ExactStore:
    """Vectors as the rows of a matrix that doubles when it is full; a removed row is filled by one of the last."""

    def __init__(self, dim: int) -> None:
        self._matrix: Vectors = np.empty((0, dim), np.float32)
        self._ids: Ids = np.empty(0, np.int64)
        self._count = 0
        self._by_id: tuple[Ids, Ids] | None = None

    @property
    def count(self) -> int:
        """How many ids can be found."""
        return self._count

    @property
    def ids(self) -> Ids:
        """Every id, ascending."""
        return self._sorted()[0]

    def reserve(self, count: int) -> None:
        """Makes room for `count` ids at once."""
        if count > len(self._ids):
            matrix = np.empty((count, self._matrix.shape[1]), np.float32)  # memory untouched is memory unused
            ids = np.empty(count, np.int64)
            matrix[: self._count] = self._matrix[: self._count]
            ids[: self._count] = self._ids[: self._count]
            self._matrix, self._ids = matrix, ids

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors; an id that is already there gets the new vector."""
        rows, known = self._rows(ids)
        self._matrix[rows] = vectors[known]
        start, end = self._count, self._count + len(ids) - len(rows)
        if end > len(self._ids):
            self.reserve(max(1024, 2 * end))
        self._matrix[start:end] = vectors[~known]
        self._ids[start:end] = ids[~known]
        self._count = end
        self._by_id = None

    def remove(self, ids: Ids) -> None:
        """Removes distinct ids; unknown ones are ignored."""
        rows, _ = self._rows(ids)
        dead = np.zeros(self._count, bool)
        dead[rows] = True
        self._count -= len(rows)
        holes = np.flatnonzero(dead[: self._count])
        last = self._count + np.flatnonzero(~dead[self._count :])
        self._matrix[holes] = self._matrix[last]
        self._ids[holes] = self._ids[last]
        self._by_id = None

    def known(self, ids: Ids) -> Ids:
        """Those of `ids` that are there, in their order."""
        return ids[self._rows(ids)[1]]

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of those of `ids` that are there, in their order."""
        rows, _ = self._rows(ids)
        found: Vectors = self._matrix[rows]
        return found

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best."""
        return self._best(query, np.arange(self._count), self._matrix[: self._count] @ query, k)

    def search_among(self, query: Vector, ids: Ids, k: int) -> Hits:
        """The best among distinct `ids`, fewer than `k` only if fewer of them are there; unknown ones are ignored."""
        rows, _ = self._rows(ids)
        if len(rows) < GATHER_BELOW * self._count:
            scores = self._matrix[rows] @ query
        else:
            scores = (self._matrix[: self._count] @ query)[rows]
        return self._best(query, rows, scores, k)

    def _best(self, query: Vector, rows: Ids, scores: Vector, k: int) -> Hits:
        """The `k` best of `rows`; their `scores` are nearly right, which decides who is scored exactly."""
        k = min(k, len(rows))
        if k <= 0 or not np.isfinite(query).all():
            return np.empty(0, np.int64), np.empty(0, np.float32)
        worst = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = rows[scores >= worst - _NEAR * max(1.0, abs(float(worst)))]
        exact = (self._matrix[near].astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
        ids = self._ids[near]
        order = np.lexsort((ids, -exact))[:k]
        return ids[order], exact[order]

    def _rows(self, ids: Ids) -> tuple[Ids, NDArray[np.bool_]]:
        """The rows of those `ids` that are there, in the order of `ids`; and for each id whether it is."""
        known_ids, rows_by_id = self._sorted()
        places = np.searchsorted(known_ids, ids)
        known = places < len(known_ids)
        known[known] = known_ids[places[known]] == ids[known]
        return rows_by_id[places[known]], known

    def _sorted(self) -> tuple[Ids, Ids]:
        if self._by_id is None:
            order = np.argsort(self._ids[: self._count], kind="stable")
            self._by_id = self._ids[order], order
        return self._by_id
