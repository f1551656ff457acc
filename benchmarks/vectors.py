"""Vector search on its own: graphs against exact search over the same vectors, in one run.

Time to build, memory, time to save and load, time and recall of a search, time of a filtered one. The vectors are made
up: a mixture of 2,000 clusters of unequal size in a space of few true dimensions, with a common cone, as embeddings
are. Only ratios to the exact store of the same run count.

    python benchmarks/vectors.py [--items 100000] [--dim 768]
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from report import heading, percentiles

from core.store.vectors.graph import Graph
from core.store.vectors.hnsw import HnswStore
from core.store.vectors.space_index import MERGED_AT_ONCE

QUERIES = 200


def embeddings(count: int, dim: int, seed: int, rank: int = 64) -> np.ndarray:
    """(count, dim) float32 unit vectors; every seed draws from the same clusters."""
    world = np.random.default_rng(0)
    centres = world.standard_normal((2000, rank)).astype(np.float32)
    basis = world.standard_normal((rank, dim)).astype(np.float32) / np.sqrt(rank, dtype=np.float32)
    cone = world.standard_normal(dim).astype(np.float32)
    shares = 1 / np.arange(1, 2001)
    rng = np.random.default_rng(seed)
    inner = centres[rng.choice(2000, count, p=shares / shares.sum())]
    inner += 0.6 * rng.standard_normal((count, rank), dtype=np.float32)
    vectors = inner @ basis + cone + 0.15 * rng.standard_normal((count, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def resident_mb() -> float:
    """Memory in use by this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def timed(search: Callable[[np.ndarray], object], queries: np.ndarray) -> list[float]:
    """Milliseconds of each search, after three to warm up."""
    for query in queries[:3]:
        search(query)
    times = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        times.append((time.perf_counter() - started) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=768)
    arguments = parser.parse_args()
    items, dim = arguments.items, arguments.dim
    heading(f"vectors, {items:,} of {dim} dimensions")
    ids, queries = np.arange(items), embeddings(QUERIES, dim, 2)
    before_mb = resident_mb()
    store = HnswStore(dim)
    vectors = embeddings(items, dim, 1)
    store.reserve(items)
    store.add(ids, vectors)
    exact = store.exact
    del vectors
    matrix_mb = resident_mb() - before_mb

    started, longest_s = time.perf_counter(), 0.0
    while True:
        step = time.perf_counter()
        if not store.merge(MERGED_AT_ONCE):
            break
        longest_s = max(longest_s, time.perf_counter() - step)
    built_s = time.perf_counter() - started
    graphs_mb = resident_mb() - before_mb - matrix_mb
    print(
        f"{len(store.graphs)} graphs built in {built_s:.0f} s ({items / built_s:.0f}/s), longest step {longest_s:.3f} s"
    )
    print(f"memory: matrix {matrix_mb:.0f} MB, graphs {graphs_mb:.0f} MB")
    save_and_load(store, dim)

    for k in (10, 100, 400):
        exact_ms = timed(lambda query, k=k: exact.search(query, k), queries)
        graph_ms = timed(lambda query, k=k: store.search(query, k), queries)
        found = sum(len(np.intersect1d(store.search(q, k)[0], exact.search(q, k)[0])) for q in queries)
        print(f"k={k}: recall {found / k / len(queries):.4f}, {ratio(exact_ms, graph_ms)} times as fast as exact")
        print(f"    graphs {percentiles(graph_ms)}\n    exact  {percentiles(exact_ms)}")

    rng = np.random.default_rng(3)
    whole_ms = timed(lambda query: exact.search(query, 100), queries)
    for share in (0.001, 0.01, 0.05, 0.1, 0.3, 0.9):
        among = np.sort(rng.choice(items, int(items * share), replace=False))
        ms = timed(lambda query, among=among: store.search_among(query, among, 100), queries)
        print(f"filter passing {share:6.1%}: {percentiles(ms)}; {ratio(whole_ms, ms)} times as fast as exact over all")


def ratio(base_ms: list[float], ms: list[float]) -> str:
    """How many times as fast the median is."""
    return f"{np.median(base_ms) / np.median(ms):.2f}"


def save_and_load(store: HnswStore, dim: int) -> None:
    """Prints the longest single call of saving and of loading: each holds up every other thread of Python."""
    saves, hashes, loads = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, graph in store.graphs.items():
            path = Path(folder) / str(number)
            started = time.perf_counter()
            graph.save(path)
            saved = time.perf_counter()
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")
            hashed = time.perf_counter()
            Graph.load(dim, path, graph.positions)
            saves.append(saved - started)
            hashes.append(hashed - saved)
            loads.append(time.perf_counter() - hashed)
            path.unlink()
    for name, times_s in (("save", saves), ("hash", hashes), ("load", loads)):
        print(f"{name}: {sum(times_s):.2f} s in all, longest call {max(times_s) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
