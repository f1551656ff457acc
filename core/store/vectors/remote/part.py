"""A library's own part of a collection in Milvus: made, filled, compared and deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from core.records import Ids, SpaceId, Vectors
from core.store.vectors.graph import BUILD_WIDTH, LINKS
from core.store.vectors.remote.server import CONNECT_LIMIT_S, WRITE_LIMIT_S, MilvusServer, StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymilvus import MilvusClient

Told: TypeAlias = "NDArray[Any]"
"""(n, columns): what is said of n segments beside their vectors."""

MOST_FOUND = 16_384
"""What Milvus answers at most in one search or query."""
WINDOW = 8192
"""Ids asked about at once."""
SEGMENT_BITS = 40
"""Segment ids are below 2 to this power."""
METRIC = "IP"
"""Similarity, the larger the better; of unit vectors the same as Milvus' COSINE, which is no distance either."""
_LIBRARY_BITS = 22


class Part:
    """Every method may wait, at most for its limit, and raises StoreError.

    A collection is shared by all libraries on a server, each in a partition of its own. The upper bits of an id there
    are the library's, the others the segment's: Milvus keeps an id once a collection, whatever the partition.

    Attributes:
        columns: what is said of each segment, and how many characters it has at most; 0 for a number.
    """

    columns: ClassVar[Mapping[str, int]]

    def __init__(self, server: MilvusServer, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim
        self._server = server
        self._partition = partition_of(server.place.library)
        self._first = (int(server.place.library, 16) % (1 << _LIBRARY_BITS)) << SEGMENT_BITS
        self._index_kind = ""

    def prepare(self) -> None:
        """Connects; makes collection and partition unless they are there; has them loaded."""
        self._server.connect()
        with self._server.errors_in_words():
            client = self._server.client
            if not client.has_collection(self.name, timeout=CONNECT_LIMIT_S):
                self._make(client)
            self._check(client)
            if not client.has_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S):
                client.create_partition(self.name, self._partition, timeout=CONNECT_LIMIT_S)
            client.load_collection(self.name, timeout=WRITE_LIMIT_S)

    def feed(self, ids: Ids, vectors: Vectors, told: Told, gone: Ids) -> None:
        """Deletes `gone`, then writes vectors and what is said of their segments; what is there is replaced."""
        with self._server.errors_in_words():
            client = self._server.client
            if len(gone):
                keys = (gone + self._first).tolist()
                client.delete(self.name, ids=keys, partition_name=self._partition, timeout=WRITE_LIMIT_S)
            if len(ids):
                rows = [
                    {"id": number + self._first, "vector": vector, **dict(zip(self.columns, said, strict=True))}
                    for number, vector, said in zip(ids.tolist(), vectors, told.tolist(), strict=True)
                ]
                client.upsert(self.name, rows, partition_name=self._partition, timeout=WRITE_LIMIT_S)

    def settle(self) -> None:
        """All there is for now was written. milvus-lite searches what it has not flushed row by row, so it flushes."""
        if self._server.is_lite:
            with self._server.errors_in_words():
                self._server.client.flush(self.name, timeout=10 * WRITE_LIMIT_S)

    def window(self, first: int, end: int) -> tuple[Ids, Told]:
        """What is there of segments `first` to `end`, `end` not included: ids, ascending, and what is said of each."""
        with self._server.errors_in_words():
            rows = self._server.client.query(
                self.name,
                filter=f"id >= {self._first + first} and id < {self._first + end}",
                output_fields=["id", *self.columns],
                partition_names=[self._partition],
                limit=MOST_FOUND,
                timeout=WRITE_LIMIT_S,
            )
        rows.sort(key=lambda row: row["id"])
        ids = np.array([row["id"] for row in rows], np.int64) - self._first
        kind = object if any(self.columns.values()) else np.int64
        told = np.array([[row[name] for name in self.columns] for row in rows], kind)
        return ids, told.reshape(-1, len(self.columns))

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
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.dim)
        for name, length in self.columns.items():
            if length:
                schema.add_field(name, DataType.VARCHAR, max_length=4 * length)  # it counts bytes
            else:
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
        if dim != self.dim or not fields.keys() >= {"id", "vector", *self.columns}:
            raise StoreError(
                f"The collection “{self.name}” on Milvus at “{self._server.place.shown}” is not Likewise's:"
                f" its vectors have {dim} numbers, not {self.dim}, or something is missing.",
                "Delete it or name another place; search goes on without it.",
            )
        self._index_kind = index_kind(client, self.name, CONNECT_LIMIT_S)


def collection_of(space_id: SpaceId) -> str:
    """What a space's collection is called."""
    digest = blake2b(space_id.encode(), digest_size=4).hexdigest()
    return f"likewise_{re.sub('[^A-Za-z0-9]', '_', space_id)[:80]}_{digest}"


def partition_of(library: str) -> str:
    """What a library's part of a collection is called."""
    return f"library_{library}"


def index_kind(client: MilvusClient, name: str, limit_s: float) -> str:
    """What kind of index a collection's vectors have; empty for none."""
    return str((client.describe_index(name, "vector", timeout=limit_s) or {}).get("index_type", ""))


def _index(client: MilvusClient, name: str, kind: str, parameters: dict[str, int]) -> None:
    wanted = client.prepare_index_params()
    wanted.add_index("vector", index_type=kind, metric_type=METRIC, params=parameters)
    client.create_index(name, wanted, timeout=WRITE_LIMIT_S)
