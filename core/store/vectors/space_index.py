"""One space made searchable: its vectors from the catalog, its graphs from files that are checked before use."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.durable import put_in_place
from core.errors import LibraryError
from core.paths import LibraryPaths
from core.records import Filters, Ids, SpaceId, Vectors
from core.store.reader import Reader
from core.store.snapshot import Snapshot
from core.store.vectors.graph import DEAD, Graph, graph_format
from core.store.vectors.hnsw import HnswStore
from core.store.vectors.vector_store import Hits, StoreCheck, Vector

log = logging.getLogger(__name__)

STEP_S = 0.025
"""How long a step of upkeep goes on taking further vectors."""
MERGED_AT_ONCE = max(16, 5 * (os.cpu_count() or 1))
"""hnswlib uses its threads only for more than four vectors each."""
READ_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class PendingSnapshot:
    """A file of the store that has been written under a temporary name but not yet made safe."""

    folder: Path
    temporary: str
    space_id: SpaceId
    shard: int
    format: str
    ids: Ids
    dropped: tuple[int, ...]

    def finish(self) -> Snapshot:
        """Hashes, syncs and renames the file; slow, and may be called on any thread.

        Hand the answer to `Catalog.save_snapshot`. Raises LibraryError when the disk fails or is full.
        """
        path = self.folder / self.temporary
        final = path.with_suffix("")
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            size_bytes = path.stat().st_size
            put_in_place(path, final)
        except OSError as error:
            with suppress(OSError):  # a full disk needs the room
                path.unlink(missing_ok=True)
            raise _not_saved(error) from error
        return Snapshot(self.space_id, self.shard, final.name, size_bytes, digest, self.format, self.ids, self.dropped)


class SpaceIndex:
    """Everything is called on the vector lane, the thread that owns `reader`; every call but `open` is short (≤ 50 ms).

    index = SpaceIndex(library, reader, space_id)
    index.open()                                # once; answers are right from now on
    index.refresh()                             # after each commit of the catalog, before a search
    while index.work(): ...                     # when nobody waits: loads graphs, then puts new vectors into them
    pending = index.begin_snapshot()            # now and then, and at the end; None when nothing is left to save
    catalog.save_snapshot(pending.finish())     # `finish` on any thread, `save_snapshot` on the store thread
    """

    def __init__(self, library: LibraryPaths, reader: Reader, space_id: SpaceId) -> None:
        self._folder = library.stores
        self._reader = reader
        self._space_id = space_id
        self._dim = reader.spaces()[space_id]
        self._store = HnswStore(self._dim)
        self._sequence = 0
        self._saved: deque[Snapshot] = deque()
        self._checked: Snapshot | None = None
        self._on_disk: set[int] = set()

    def open(self) -> None:
        """Reads every vector: from now on answers are right, and fast once `work` has loaded or made the graphs."""
        for _ in self.opening():
            pass

    def opening(self) -> Iterator[int]:
        """Does what `open` does, in short steps: yields after each how many vectors were read."""
        state = self._reader.searchable(self._space_id)
        self._sequence = state.sequence
        self._store.reserve(2 * len(state.come))
        for ids, vectors in self._reader.vector_batches(self._space_id, state.come, READ_AT_ONCE):
            self._store.add(ids, vectors)
            yield self._store.count
        self._saved.extend(self._reader.snapshots(self._space_id))
        self._on_disk.update(snapshot.shard for snapshot in self._saved)

    @property
    def count(self) -> int:
        """How many segments can be found."""
        return self._store.count

    @property
    def left(self) -> int:
        """How many segments are still to be put where they are found fastest."""
        return self._store.left

    @property
    def is_current(self) -> bool:
        """Whether every segment is where it is found fastest, and no file is left to load."""
        return not (self.left or self._saved or self._checked)

    def refresh(self) -> int:
        """Takes over what was committed since; returns how many segments came or went."""
        changes = self._reader.operations(self._space_id, self._sequence)
        if len(changes.gone):
            self._store.remove(changes.gone)
        for ids, vectors in self._reader.vector_batches(self._space_id, changes.come, READ_AT_ONCE):
            self._store.add(ids, vectors)
        self._sequence = changes.sequence
        return len(changes.gone) + len(changes.come)

    def work(self) -> bool:
        """Does one small piece of upkeep; False when there is none left."""
        if self._checked is not None:
            self._load(self._checked)
            self._checked = None
            return True
        if self._saved:
            snapshot = self._saved.popleft()
            if self._is_sound(snapshot):
                self._checked = snapshot
            else:
                log.warning("search store file %r is missing or damaged and will be made anew", snapshot.file)
            return True
        started = time.perf_counter()
        merged = self._store.merge(MERGED_AT_ONCE)
        while merged and time.perf_counter() - started < STEP_S:
            merged = self._store.merge(MERGED_AT_ONCE)
        return merged > 0

    def search(self, query: Vector, k: int, among: Ids | None = None, _filters: Filters | None = None) -> Hits:
        """The best `k` segments, of `among` (ascending ids) if given: never fewer than k when k exist."""
        return self._store.search(query, k) if among is None else self._store.search_among(query, among, k)

    def some(self, count: int) -> Ids:
        """At most `count` segments, well spread: the same ones wherever the same can be found."""
        return self._store.some(count)

    def vectors(self, segments: Ids) -> tuple[Ids, Vectors]:
        """Those of `segments` that can be found, in their order, and their vectors, row for row."""
        return self._store.exact.known(segments), self._store.exact.vectors(segments)

    def begin_snapshot(self) -> PendingSnapshot | None:
        """Writes one changed graph under a temporary name; None when none is worth it.

        Raises LibraryError. A snapshot that is then not finished or not committed is made up for at the next start.
        """
        for number, graph in self._store.graphs.items():
            if graph.is_worth_saving:
                return self._begin(number, graph)
        return None

    def check(self) -> StoreCheck:
        """Compares the files with the catalog; reads them all."""
        wanted = self._reader.searchable(self._space_id).come
        sound = [each.ids for each in self._reader.snapshots(self._space_id) if self._is_sound(each)]
        there = np.unique(np.concatenate([np.empty(0, np.int64), *sound]))
        there = there[there != DEAD]
        surplus = len(np.setdiff1d(there, wanted))
        return StoreCheck(self._space_id, len(wanted), len(wanted) - (len(there) - surplus), surplus, 0)

    def _begin(self, number: int, graph: Graph) -> PendingSnapshot:
        positions = graph.positions
        name = f"{re.sub('[^A-Za-z0-9._-]', '_', self._space_id)}-{number}-{time.time_ns():x}.hnsw.tmp"
        try:
            graph.save(self._folder / name)
        except OSError as error:
            (self._folder / name).unlink(missing_ok=True)
            raise _not_saved(error) from error
        dropped = tuple(sorted(self._on_disk - self._store.graphs.keys()))
        self._on_disk = set(self._store.graphs)
        return PendingSnapshot(self._folder, name, self._space_id, number, graph_format(self._dim), positions, dropped)

    def _is_sound(self, snapshot: Snapshot) -> bool:
        """Whether the file is what was saved: hnswlib would load a damaged or foreign one, and crash or lie later."""
        path = self._folder / snapshot.file
        try:
            if snapshot.format != graph_format(self._dim) or path.stat().st_size != snapshot.size_bytes:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest() == snapshot.sha256
        except OSError:
            return False

    def _load(self, snapshot: Snapshot) -> None:
        try:
            graph = Graph.load(self._dim, self._folder / snapshot.file, snapshot.ids)
        except (RuntimeError, ValueError):
            log.warning("search store file %r cannot be loaded and will be made anew", snapshot.file, exc_info=True)
        else:
            self._store.adopt(snapshot.shard, graph)


def _not_saved(error: OSError) -> LibraryError:
    return LibraryError(f"What makes search fast could not be saved: {error}.", "Is the disk full? Search still works.")
