"""Shared search, from the other side: what this library may see of others on the server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Filters, Ids, Kind, SpaceId, Vectors
from core.store.facts import KINDS
from core.store.vectors.remote.collection import expression, nearest
from core.store.vectors.remote.names import SharedNames, names_of
from core.store.vectors.remote.part import SEGMENT_BITS, collection_of, index_kind, partition_of
from core.store.vectors.remote.server import MilvusServer

if TYPE_CHECKING:
    from pymilvus import MilvusClient

OTHERS_LIMIT_S = 2.0
"""Longer than this no question waits for all that others show."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What another library shows of a segment. `file` is the same for all of one file, and for no other's."""

    file: tuple[int, int]
    name: str
    library: str


@dataclass(frozen=True, slots=True)
class Vectored:
    """Vectors (n, dim), if any, and kinds of some of others' segments; `keys` are their ids there, ascending."""

    keys: Ids
    vectors: Vectors
    kinds: tuple[Kind, ...]


class Others:
    """For one question. Every method may wait, all together for OTHERS_LIMIT_S, and raises StoreError."""

    def __init__(self, server: MilvusServer) -> None:
        self._server = server
        self._until_s = time.monotonic() + OTHERS_LIMIT_S
        self._partitions: dict[SpaceId, list[str]] = {}

    def search(self, space_id: SpaceId, queries: Vectors, k: int, filters: Filters) -> Ids:
        """The `k` nearest to each of `queries` (q, dim) in the libraries that share this space: ids on the server."""
        name, partitions = collection_of(space_id), self._sharing(space_id)
        if not partitions:
            return np.empty(0, np.int64)
        with self._asking() as client:
            kind = index_kind(client, name, self._left_s)
            found = nearest(client, name, kind, list(queries), k, expression(filters), partitions, self._left_s)
        return np.unique(np.array([hit["id"] for hits in found for hit in hits], np.int64))

    def vectors(self, space_id: SpaceId, keys: Ids) -> Vectored:
        """What there is of `keys`, but for what no Likewise has written."""
        rows = self._rows(space_id, collection_of(space_id), keys, ["vector", "kind"])
        rows = [row for row in rows if row["kind"] in range(len(KINDS)) and _is_unit(row["vector"])]
        ids = np.array([row["id"] for row in rows], np.int64)
        vectors = np.array([row["vector"] for row in rows], np.float32)
        return Vectored(ids, vectors, tuple(KINDS[row["kind"]] for row in rows))

    def names(self, space_id: SpaceId, keys: Ids) -> dict[int, Shown]:
        """What is shown of `keys`."""
        rows = self._rows(space_id, names_of(space_id), keys, list(SharedNames.columns))
        return {row["id"]: Shown((row["id"] >> SEGMENT_BITS, row["item"]), row["name"], row["library"]) for row in rows}

    def _sharing(self, space_id: SpaceId) -> list[str]:
        """The parts of the libraries that share a space, but for this one's."""
        if space_id not in self._partitions:
            names = names_of(space_id)
            with self._asking() as client:
                there = client.has_collection(names, timeout=self._left_s)
                parts = client.list_partitions(names, timeout=self._left_s) if there else []
            mine = partition_of(self._server.place.library)
            self._partitions[space_id] = sorted(set(parts) - {"_default", mine})
        return self._partitions[space_id]

    def _rows(self, space_id: SpaceId, name: str, keys: Ids, fields: list[str]) -> list[dict[str, Any]]:
        """Rows of others' parts, ascending by id."""
        partitions = self._sharing(space_id)
        if not partitions or not len(keys):
            return []
        with self._asking() as client:
            rows: list[dict[str, Any]] = client.query(
                name,
                filter=f"id in {keys.tolist()}",
                output_fields=["id", *fields],
                partition_names=partitions,
                timeout=self._left_s,
            )
        return sorted(rows, key=lambda row: row["id"])

    @contextmanager
    def _asking(self) -> Iterator[MilvusClient]:
        self._server.require_rested(self._server.sharing, self._server.searching)
        with self._server.errors_in_words(self._server.sharing):
            yield self._server.client

    @property
    def _left_s(self) -> float:
        return max(0.001, self._until_s - time.monotonic())


def _is_unit(vector: Sequence[float]) -> bool:
    """Whether it has length 1, as ours have: a longer one would be more alike to all than anything is."""
    return bool(abs(np.linalg.norm(np.asarray(vector, np.float32)) - 1) < 0.01)
