"""One space's collection in Milvus, of which one library sees its own part."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Filters, Ids, SpaceId, Vectors
from core.store.facts import FACTS, KINDS, Facts, day_of
from core.store.vectors.graph import BUILD_WIDTH, LINKS, SEARCH_WIDTH
from core.store.vectors.remote.server import CONNECT_LIMIT_S, WRITE_LIMIT_S, MilvusServer, StoreError
from core.store.vectors.vector_store import Vector

if TYPE_CHECKING:
    from pymilvus import MilvusClient

MOST_FOUND = 16_384
"""What Milvus answers at most in one search or query."""
WINDOW = 8192
"""Ids asked about at once."""
SEARCH_LIMIT_S = 2.0
"""Longer than this nobody waits for Milvus: the answer is then found without it."""
SEGMENT_BITS = 40
"""Segment ids are below 2 to this power."""
_LIBRARY_BITS = 22
_METRIC = "IP"
"""Similarity, the larger the better; of unit vectors the same as Milvus' COSINE, which is no distance either."""


class MilvusCollection:
    """Every method may wait, at most for its limit, and raises StoreError.

    A collection is shared by all libraries on a server, each in a partition of its own. The upper bits of an id there
    are the library's, the others the segment's: Milvus keeps an id once a collection, whatever the partition.
    """

    def __init__(self, server: MilvusServer, space_id: SpaceId, dim: int) -> None:
        self._server = server
        self._dim = dim
        digest = blake2b(space_id.encode(), digest_size=4).hexdigest()
        self.name = f"likewise_{re.sub('[^A-Za-z0-9]', '_', space_id)[:80]}_{digest}"
        self._partition = f"library_{server.place.library}"
        self._first = (int(server.place.library, 16) % (1 << _LIBRARY_BITS)) << SEGMENT_BITS
        self._widens = False

    def prepare(self) -> None:
        """Connects; makes collection and partition unless they are there; has them, and all of pymilvus, loaded."""
        self._server.connect()
        with self._server.errors_in_words():
            client = self._server.client
            if not client.has_collection(self.name, timeout=CONNECT_LIMIT_S):
                self._make(client)
            self._check(client)
            if not client.has_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S):
                client.create_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S)
            client.load_collection(self.name, timeout=WRITE_LIMIT_S)
            self._ask(client, np.zeros(self._dim, np.float32), 1, timeout_s=WRITE_LIMIT_S)

    def feed(self, ids: Ids, vectors: Vectors, facts: Facts, gone: Ids) -> None:
        """Deletes `gone`, then writes vectors and what is known of their segments; what is there is replaced."""
        with self._server.errors_in_words():
            client = self._server.client
            if len(gone):
                keys = (gone + self._first).tolist()
                client.delete(self.name, ids=keys, partition_name=self._partition, timeout=WRITE_LIMIT_S)
            if len(ids):
                rows = [
                    {"id": number + self._first, "vector": vector, **dict(zip(FACTS, known, strict=True))}
                    for number, vector, known in zip(ids.tolist(), vectors, facts.tolist(), strict=True)
                ]
                client.upsert(self.name, rows, partition_name=self._partition, timeout=WRITE_LIMIT_S)

    def settle(self) -> None:
        """All there is for now was written. milvus-lite searches what it has not flushed row by row, so it flushes."""
        if self._server.is_lite:
            with self._server.errors_in_words():
                self._server.client.flush(self.name, timeout=10 * WRITE_LIMIT_S)

    def window(self, first: int, end: int) -> tuple[Ids, Facts]:
        """What is there of segments `first` to `end`, `end` not included: ids, ascending, and facts."""
        with self._server.errors_in_words():
            rows = self._server.client.query(
                self.name,
                filter=f"id >= {self._first + first} and id < {self._first + end}",
                output_fields=["id", *FACTS],
                partition_names=[self._partition],
                limit=MOST_FOUND,
                timeout=WRITE_LIMIT_S,
            )
        table = np.array([[row["id"], *(row[name] for name in FACTS)] for row in rows], np.int64)
        table = table.reshape(-1, 1 + len(FACTS))
        table = table[np.argsort(table[:, 0])]
        return table[:, 0] - self._first, table[:, 1:]

    def search(self, query: Vector, k: int, filters: Filters | None = None) -> Ids:
        """About the `k` nearest of what is there; `k` is at most MOST_FOUND. Waits at most SEARCH_LIMIT_S."""
        if self._server.searching or self._server.writing:
            raise StoreError("Milvus failed a moment ago.")
        with self._server.errors_in_words(self._server.searching):
            found = self._ask(self._server.client, query, k, expression(filters) if filters else "")
        return np.array([hit["id"] for hit in found], np.int64) - self._first

    def remove(self) -> None:
        """Deletes this library's part, and the collection with the last part in it."""
        self._server.connect()
        with self._server.errors_in_words():
            client = self._server.client
            if not client.has_collection(self.name, timeout=CONNECT_LIMIT_S):
                return
            if client.has_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S):
                self._release(client)
                client.drop_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S)
            others = set(client.list_partitions(self.name, timeout=CONNECT_LIMIT_S)) - {"_default"}
            if not others:
                client.drop_collection(self.name, timeout=CONNECT_LIMIT_S)

    def _ask(
        self, client: MilvusClient, query: Vector, k: int, filter_: str = "", *, timeout_s: float = 0.0
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.search(
            self.name,
            data=[query],
            limit=k,
            filter=filter_,
            anns_field="vector",
            partition_names=[self._partition],
            search_params={"metric_type": _METRIC, "params": {"ef": k + SEARCH_WIDTH} if self._widens else {}},
            timeout=timeout_s or SEARCH_LIMIT_S,
        )[0]
        return found

    def _release(self, client: MilvusClient) -> None:
        """A server deletes no partition that is loaded; milvus-lite cannot release one, and need not."""
        try:
            client.release_partitions(self.name, [self._partition], timeout=CONNECT_LIMIT_S)
        except Exception as error:
            if "UNIMPLEMENTED" not in str(error):
                raise

    def _make(self, client: MilvusClient) -> None:
        from pymilvus import DataType, MilvusException

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dim)
        for name in FACTS:
            schema.add_field(name, DataType.INT64)
        client.create_collection(self.name, schema=schema, consistency_level="Session", timeout=CONNECT_LIMIT_S)
        wanted = {"M": LINKS, "efConstruction": BUILD_WIDTH}
        try:
            _index(client, self.name, "HNSW", wanted)
        except MilvusException:  # Zilliz Cloud chooses by itself, and says so
            _index(client, self.name, "AUTOINDEX", {})

    def _check(self, client: MilvusClient) -> None:
        """Whether the collection is one of ours for this space. Milvus would take no vector of another length."""
        fields = {
            field["name"]: field for field in client.describe_collection(self.name, timeout=CONNECT_LIMIT_S)["fields"]
        }
        dim = int(fields.get("vector", {}).get("params", {}).get("dim", 0))
        if dim != self._dim or not fields.keys() >= {"id", "vector", *FACTS}:
            raise StoreError(
                f"The collection “{self.name}” on Milvus at “{self._server.place.shown}” is not Likewise's:"
                f" its vectors have {dim} numbers, not {self._dim}, or something is missing.",
                "Delete it or name another place; search goes on without it.",
            )
        index = client.describe_index(self.name, "vector", timeout=CONNECT_LIMIT_S) or {}
        self._widens = index.get("index_type") == "HNSW"


def expression(filters: Filters) -> str:
    """A question's filters as Milvus takes them. They are hints: the catalog decides in the end."""
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


def _index(client: MilvusClient, name: str, kind: str, parameters: dict[str, int]) -> None:
    wanted = client.prepare_index_params()
    wanted.add_index("vector", index_type=kind, metric_type=_METRIC, params=parameters)
    client.create_index(name, wanted, timeout=WRITE_LIMIT_S)
