"""What a vector store is, and the ones there are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from core.records import Ids, SpaceId, Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vector: TypeAlias = "NDArray[np.float32]"
"""(dim,) float32."""
Hits: TypeAlias = "tuple[Ids, NDArray[np.float32]]"
"""Ids and their scores (inner products), both (n,): best first, equal scores by ascending id."""


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What a space's store was found to have of the `wanted` segments that the catalog says can be found.

    `missing` are not there, `surplus` are there and gone from the catalog, `outdated` are there with something else
    said of them. None of it makes an answer wrong; it makes some slower, and is mended by itself.
    """

    space_id: SpaceId
    wanted: int
    missing: int
    surplus: int
    outdated: int


class VectorStore(Protocol):
    """Where one space is searched. All methods are called on one thread. `ids` are distinct and not negative.

    Scores are inner products with the very vectors added, as exact as float32 can hold; a query that is not finite
    finds nothing.
    """

    @property
    def count(self) -> int:
        """How many ids can be found."""
        ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors; an id that is already there gets the new vector."""
        ...

    def remove(self, ids: Ids) -> None:
        """Removes ids; unknown ones are ignored."""
        ...

    def search(self, query: Vector, k: int) -> Hits:
        """The `min(k, count)` best (by an approximate store: nearly always the best)."""
        ...

    def search_among(self, query: Vector, ids: Ids, k: int) -> Hits:
        """The best among `ids`, fewer than `k` only if fewer of them are there; unknown ones are ignored."""
        ...


def some_of(ids: Ids, count: int) -> Ids:
    """At most `count` of `ids`, well spread: the same ones from every place that holds the same ids.

    Those whose Fibonacci hashes are lowest: a bottom-k sample (Cohen & Kaplan 2007).
    """
    hashes = ids.astype("uint64") * 0x9E3779B97F4A7C15
    return ids[hashes.argsort(kind="stable")[:count]]


VECTOR_STORES: dict[str, str] = {
    "exact": "core.store.vectors.exact:ExactStore",
    "hnsw": "core.store.vectors.hnsw:HnswStore",
    "milvus": "core.store.vectors.milvus:MilvusStore",
}


def make_vector_store(name: str, dim: int, *place: object) -> VectorStore:
    """An empty store of the named kind for vectors of `dim` dimensions; `place` is where, for one that is elsewhere."""
    module, _, attribute = VECTOR_STORES[name].partition(":")
    return cast(VectorStore, getattr(import_module(module), attribute)(dim, *place))
