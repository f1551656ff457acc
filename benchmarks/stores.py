"""The vector stores side by side: exact, hnsw, and Milvus as milvus-lite in this process or behind an address.

Time to build, memory, time and recall of a search, without and with filters, over the same made-up vectors (see
vectors.py). Each store runs in a process of its own, so that memory is its own. What Milvus finds is scored with
vectors from memory here; in Likewise they come from the catalog. A filter that passes half is one that Milvus applies.

    python benchmarks/stores.py [--items 10000 100000] [--dim 512] [--milvus-uri URI] [--stores exact hnsw milvus]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from report import heading
from vectors import embeddings, resident_mb, timed

from core.records import Filters, Kind, SpaceId
from core.store.facts import FACTS, KINDS
from core.store.vectors import milvus
from core.store.vectors.exact import ExactStore
from core.store.vectors.feed import FED_AT_ONCE
from core.store.vectors.hnsw import HnswStore
from core.store.vectors.milvus import MilvusStore
from core.store.vectors.remote import collection
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer
from core.store.vectors.space_index import MERGED_AT_ONCE
from core.store.vectors.vector_store import VectorStore

QUERIES = 100
K = 10
SHARES = (0.01, 0.5)
"""What part of the vectors passes a filter."""
COLUMNS = (
    "store",
    "built in",
    "memory",
    "p50 / p99",
    "recall@10",
    "1 %: p50 / p99",
    "recall",
    "50 %: p50 / p99",
    "recall",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--milvus-uri", default="", help="a server's address instead of milvus-lite")
    parser.add_argument("--stores", nargs="+", default=["exact", "hnsw", "milvus"])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.one[0], int(arguments.one[1]), arguments.dim, arguments.milvus_uri)
        return
    heading("stores")
    for items in arguments.items:
        print(f"\n{items:,} × {arguments.dim}, load {os.getloadavg()[0]:.1f}\n")
        print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}", flush=True)
        for name in arguments.stores:
            command = [sys.executable, __file__, "--one", name, str(items), "--dim", str(arguments.dim)]
            subprocess.run(
                [*command, *(["--milvus-uri", arguments.milvus_uri] if arguments.milvus_uri else [])], check=True
            )


def measure(name: str, items: int, dim: int, uri: str) -> None:
    """Prints a store's line."""
    ids, queries = np.arange(items), embeddings(QUERIES, dim, 2)
    vectors = embeddings(items, dim, 1)
    oracle = ExactStore(dim)
    oracle.add(ids, vectors)
    facts = np.zeros((items, len(FACTS)), np.int64)
    facts[:, 0] = np.random.default_rng(4).integers(2, size=items) * KINDS.index(Kind.VIDEO)
    milvus.EXACT_COUNT = 0  # to see what Milvus does even where looking at all is faster
    collection.SEARCH_LIMIT_S = 60.0
    with tempfile.TemporaryDirectory() as folder:
        server = MilvusServer(MilvusPlace(uri or f"{folder}/milvus.db", "b0b0"))
        before_mb, started = resident_mb(), time.perf_counter()
        store = build(name, dim, server, oracle, facts)
        built_s, memory_mb = time.perf_counter() - started, resident_mb() - before_mb
        indexed_s = settle(store, server)
        title = f"milvus {server.client.get_server_version()}" if isinstance(store, MilvusStore) and uri else name
        cells = [title, f"{built_s:.1f} s", f"{memory_mb:.0f} MB", *asked(store, oracle, queries, facts)]
        print(f"| {' | '.join(cells)} |", flush=True)
        if isinstance(store, MilvusStore):
            print(f"(Milvus had a part in {store.served} answers)", file=sys.stderr, flush=True)
            if uri:
                print(f"(sealed and indexed by the server in another {indexed_s:.0f} s)", flush=True)
            store.part.remove()
        server.close()


def build(name: str, dim: int, server: MilvusServer, oracle: ExactStore, facts: np.ndarray) -> VectorStore:
    """A store with all that `oracle` has."""
    if name == "exact":
        exact = ExactStore(dim)
        exact.add(oracle.ids, oracle.vectors(oracle.ids))
        return exact
    if name == "hnsw":
        hnsw = HnswStore(dim)
        hnsw.add(oracle.ids, oracle.vectors(oracle.ids))
        while hnsw.merge(MERGED_AT_ONCE):
            pass
        return hnsw
    part = MilvusCollection(server, SpaceId(f"benchmark/{time.time_ns():x}@1"), dim)
    store = MilvusStore(dim, part, oracle, lambda ids: facts[ids])
    while store.merge(FED_AT_ONCE):
        pass
    return store


def settle(store: VectorStore, server: MilvusServer) -> float:
    """Waits until a server has sealed and indexed what it was told, which it does by itself in ten minutes or so."""
    started = time.perf_counter()
    if isinstance(store, MilvusStore) and not server.is_lite:
        name = store.part.name
        server.client.flush(name, timeout=600)
        while time.perf_counter() - started < 600:
            index = server.client.describe_index(name, "vector")
            if index["state"] == "Finished" and index["pending_index_rows"] == 0 and index["indexed_rows"]:
                break
            time.sleep(1)
        server.client.load_collection(name, timeout=600)
        time.sleep(10)  # until the query node has taken what was indexed
        print(f"({index})", file=sys.stderr, flush=True)
    return time.perf_counter() - started


def asked(store: VectorStore, oracle: ExactStore, queries: np.ndarray, facts: np.ndarray) -> list[str]:
    """Times and recall without a filter and with each."""
    cells = []
    rng = np.random.default_rng(3)
    for share in (None, *SHARES):
        filters = None
        if share is None:
            among = oracle.ids
        elif share == 0.5:
            milvus.EXACT_IDS = 0
            filters, among = Filters(kinds=frozenset({Kind.VIDEO})), np.flatnonzero(facts[:, 0])
        else:
            among = np.sort(rng.choice(oracle.ids, int(oracle.count * share), replace=False))

        def search(query: np.ndarray, share=share, among=among, filters=filters) -> np.ndarray:
            if share is None:
                return store.search(query, K)[0]
            if isinstance(store, MilvusStore):
                return store.search_among(query, among, K, filters)[0]
            return store.search_among(query, among, K)[0]

        p50, p99 = np.percentile(timed(search, queries), [50, 99])
        right = sum(len(np.intersect1d(search(q), oracle.search_among(q, among, K)[0])) for q in queries[:50])
        cells += [f"{p50:.1f} / {p99:.1f} ms", f"{right / K / 50:.3f}"]
    return cells


if __name__ == "__main__":
    main()
