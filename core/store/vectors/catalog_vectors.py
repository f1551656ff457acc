"""Exact search over the catalog itself: it needs no memory but the ids', and as long as reading the vectors takes."""

from __future__ import annotations

import numpy as np

from core.records import Ids, SpaceId, Vectors
from core.store.space_reader import SpaceReader
from core.store.vectors.exact import ExactStore
from core.store.vectors.vector_store import Hits, Vector

READ_AT_ONCE = 4096


class CatalogVectors:
    """The vectors of those segments of a space that it is told of, read whenever they are needed."""

    def __init__(self, reader: SpaceReader, space_id: SpaceId, dim: int, ids: Ids) -> None:
        self._reader = reader
        self._space_id = space_id
        self._dim = dim
        self.ids = ids

    @property
    def count(self) -> int:
        """How many ids can be found."""
        return len(self.ids)

    def add(self, ids: Ids, _vectors: Vectors) -> None:
        """Ids that can be found from now on; their vectors are in the catalog already."""
        self.ids = np.union1d(self.ids, ids)

    def remove(self, ids: Ids) -> None:
        """Ids are not found any more; unknown ones are ignored."""
        self.ids = np.setdiff1d(self.ids, ids)

    def known(self, ids: Ids) -> Ids:
        """Those of `ids` that are there, in their order."""
        return ids[np.isin(ids, self.ids)]

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of those of `ids` that are there, in their order."""
        known = self.known(ids)
        there, vectors = self._reader.vectors(self._space_id, known)
        return vectors if len(there) < len(known) else vectors[np.searchsorted(there, known)]

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best."""
        return self.search_among(query, self.ids, k)

    def search_among(self, query: Vector, ids: Ids, k: int) -> Hits:
        """The best among distinct `ids`, fewer than `k` only if fewer of them are there; unknown ones are ignored."""
        best: Hits = np.empty(0, np.int64), np.empty(0, np.float32)
        for batch, vectors in self._reader.vector_batches(self._space_id, np.sort(self.known(ids)), READ_AT_ONCE):
            store = ExactStore(self._dim)
            store.add(batch, vectors)
            further = store.search(query, k)
            found, scores = np.concatenate([best[0], further[0]]), np.concatenate([best[1], further[1]])
            order = np.lexsort((found, -scores))[: max(0, k)]
            best = found[order], scores[order]
        return best
