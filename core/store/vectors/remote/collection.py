"""One space's collection in Milvus, of which one library sees its own part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Filters, Ids, SpaceId
from core.store.facts import FACTS, KINDS, day_of
from core.store.vectors.graph import SEARCH_WIDTH
from core.store.vectors.remote.part import METRIC, Part, collection_of
from core.store.vectors.remote.server import WRITE_LIMIT_S, MilvusServer
from core.store.vectors.vector_store import Vector

if TYPE_CHECKING:
    from pymilvus import MilvusClient

SEARCH_LIMIT_S = 2.0
"""Longer than this nobody waits for Milvus: the answer is then found without it."""


class MilvusCollection(Part):
    """What is searched: vectors, and the numbers that people filter by."""

    columns = dict.fromkeys(FACTS, 0)

    def __init__(self, server: MilvusServer, space_id: SpaceId, dim: int) -> None:
        super().__init__(server, collection_of(space_id), dim)

    def prepare(self) -> None:
        """Connects; makes collection and partition unless they are there; has them, and all of pymilvus, loaded."""
        super().prepare()
        with self._server.errors_in_words():
            self._nearest(np.zeros(self.dim, np.float32), 1, None, WRITE_LIMIT_S)

    def search(self, query: Vector, k: int, filters: Filters | None = None) -> Ids:
        """About the `k` nearest of what is there; `k` is at most MOST_FOUND. Waits at most SEARCH_LIMIT_S."""
        self._server.require_rested(self._server.searching, self._server.writing)
        with self._server.errors_in_words(self._server.searching):
            found = self._nearest(query, k, filters, SEARCH_LIMIT_S)
        return np.array([hit["id"] for hit in found], np.int64) - self._first

    def _nearest(self, query: Vector, k: int, filters: Filters | None, limit_s: float) -> list[dict[str, Any]]:
        partitions = [self._partition]
        client, wanted = self._server.client, expression(filters)
        return nearest(client, self.name, self._index_kind, [query], k, wanted, partitions, limit_s)[0]


def nearest(
    client: MilvusClient,
    name: str,
    index_kind: str,
    queries: list[Vector],
    k: int,
    filter_: str,
    partitions: list[str],
    limit_s: float,
) -> list[list[dict[str, Any]]]:
    """The hits of each query. Raises what pymilvus raises."""
    found: list[list[dict[str, Any]]] = client.search(
        name,
        data=queries,
        limit=k,
        filter=filter_,
        anns_field="vector",
        partition_names=partitions,
        search_params={"metric_type": METRIC, "params": {"ef": k + SEARCH_WIDTH} if index_kind == "HNSW" else {}},
        timeout=limit_s,
    )
    return found


def expression(filters: Filters | None) -> str:
    """A question's filters as Milvus takes them. They are hints: the catalog decides in the end."""
    if filters is None:
        return ""
    parts = []
    if filters.kinds:
        parts.append(f"kind in {sorted(KINDS.index(kind) for kind in filters.kinds)}")
    if filters.folder_id is not None:
        parts.append(f"folder == {int(filters.folder_id)}")
    if filters.since:
        parts.append(f"day >= {day_of(filters.since)}")
    if filters.until:
        parts.append(f"day <= {day_of(filters.until)}")
    return " and ".join(parts)
