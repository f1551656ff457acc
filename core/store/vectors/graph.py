"""One hnswlib graph of bounded size. hnswlib checks nothing, so nobody else touches it.

Bounded, because writing, reading and hashing a graph are single calls that hold up everyone: at this size each takes
tens of milliseconds. And because only the newest of several graphs changes, so that saving it is cheap.

Labels inside the graph are positions, given out once and never again: replaced labels are where hnswlib goes wrong.
Method: Malkov & Yashunin 2018, Efficient and robust approximate nearest neighbor search using HNSW graphs,
arXiv:1603.09320.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Ids, Vectors
from core.store.vectors.vector_store import Hits, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINKS = 16
"""M: neighbours of a vector in each layer."""
BUILD_WIDTH = 200
"""efConstruction: candidates looked at for each neighbour chosen."""
SEARCH_WIDTH = 128
"""Candidates looked at in a search (ef), beyond those wanted."""
TARGET_BYTES = 48 << 20
_OVERHEAD_BYTES = 4 * 2 * LINKS + 4 + 8
WORTH_SAVING = 256
WORTH_SAVING_SHARE = 8
"""A graph is saved when so many vectors, or one in so many, are not in its file: adding these again takes under 1 s."""
DEAD = -1
"""Stands for the id of a position that is not found any more."""


def graphs_available() -> bool:
    """Whether hnswlib is installed; without it every search is exact."""
    return find_spec("hnswlib") is not None


def graph_format(dim: int) -> str:
    """What a saved graph can only be read as."""
    return f"hnswlib 0.8 ip f32 dim={dim} M={LINKS} efC={BUILD_WIDTH}"


class Graph:
    """Finds the nearest of up to `capacity` vectors, roughly."""

    def __init__(self, dim: int) -> None:
        self.capacity = max(16, TARGET_BYTES // (4 * dim + _OVERHEAD_BYTES))
        self._unsaved = 0
        self._ids: Ids = np.full(self.capacity, DEAD, np.int64)
        self._used = 0
        self._live = 0
        self._index = _new_index(dim)
        self._index.init_index(self.capacity, M=LINKS, ef_construction=BUILD_WIDTH)

    @classmethod
    def load(cls, dim: int, path: Path, ids: Ids) -> Graph:
        """The graph saved at `path`, a file whose digest has been checked; `ids` are those it had when saved.

        Raises ValueError or RuntimeError when it is not the graph it should be.
        """
        graph = cls(dim)
        graph._index = _new_index(dim)
        graph._index.load_index(str(path), max_elements=max(graph.capacity, len(ids)))
        if graph._index.get_current_count() != len(ids):
            raise ValueError(f"{path.name} holds {graph._index.get_current_count()} vectors, not {len(ids)}")
        graph.capacity = max(graph.capacity, len(ids))
        graph._ids = np.full(graph.capacity, DEAD, np.int64)
        graph._ids[: len(ids)] = ids
        graph._used = len(ids)
        graph._live = int((ids != DEAD).sum())
        return graph

    @property
    def positions(self) -> Ids:
        """The id at each position in use, DEAD where it is not found any more."""
        return self._ids[: self._used].copy()

    @property
    def ids(self) -> Ids:
        """The ids that are found, ascending."""
        used = self._ids[: self._used]
        return np.sort(used[used != DEAD])

    @property
    def live(self) -> int:
        """How many ids are found."""
        return self._live

    @property
    def room(self) -> int:
        """How many more vectors fit."""
        return self.capacity - self._used

    @property
    def dead_share(self) -> float:
        """The part of the positions that are dead."""
        return 1 - self._live / self._used if self._used else 0.0

    @property
    def is_worth_saving(self) -> bool:
        """Whether saving it spares more work at the next start than it makes now."""
        return self._unsaved >= WORTH_SAVING or WORTH_SAVING_SHARE * self._unsaved >= self._used > 0

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds at most `room` vectors whose ids are not in the graph."""
        positions = np.arange(self._used, self._used + len(ids))
        self._index.add_items(vectors, positions)
        self._ids[positions] = ids
        self._used += len(ids)
        self._live += len(ids)
        self._unsaved += len(ids)

    def remove(self, ids: Ids) -> None:
        """Ids are not found any more; unknown ones are ignored."""
        for position in np.flatnonzero(np.isin(self._ids[: self._used], ids)):
            self._index.mark_deleted(int(position))
            self._ids[position] = DEAD
            self._live -= 1

    def search(self, query: Vector, k: int) -> Hits:
        """About the `min(k, live)` best. Raises RuntimeError when the graph does not lead to so many."""
        k = min(k, self._live)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        self._index.set_ef(k + SEARCH_WIDTH)
        positions, distances = self._index.knn_query(query, k=k, num_threads=1)
        scores: NDArray[np.float32] = 1 - distances[0]
        return self._ids[positions[0].astype(np.int64)], scores

    def save(self, path: Path) -> None:
        """Writes the graph. hnswlib reports no error, hence the check: raises OSError when the file came out short."""
        self._index.save_index(str(path))
        if not path.exists() or path.stat().st_size != self._index.index_file_size():
            raise OSError(f"{path.name} was not written whole")
        self._unsaved = 0


def _new_index(dim: int) -> Any:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=dim)
    index.set_num_threads(os.cpu_count() or 1)
    return index
