"""One space made searchable: its vectors from the catalog, its graph from files that are checked before use."""

from __future__ import annotations

from pathlib import Path

from core.paths import LibraryPaths
from core.records import Ids, SpaceId
from core.store.reader import Reader
from core.store.snapshot import Snapshot
from core.store.vectors.vector_store import Hits, Vector


class PendingSnapshot:
    """A file of the store that has been written but not yet made safe."""

    def finish(self) -> Snapshot:
        """Syncs, hashes and renames the file; slow, and may be called on any thread.

        Hand the answer to `Catalog.save_snapshot`. Raises `LibraryError` when the disk is full.
        """
        raise NotImplementedError


class SpaceIndex:
    """Everything is called on the vector lane, the thread that owns `reader`; every call but `open` is short (≤ 50 ms).

    index = SpaceIndex(library, reader, space_id)
    index.open()                                # once; answers are right from now on
    index.refresh()                             # after each commit of the catalog, before a search
    while index.work(): ...                     # when nobody waits: puts new vectors into the graph, in small steps
    pending = index.begin_snapshot()            # now and then, and at the end; None when nothing is left to save
    catalog.save_snapshot(pending.finish())     # `finish` on any thread, `save_snapshot` on the store thread
    """

    def __init__(self, library: LibraryPaths, reader: Reader, space_id: SpaceId) -> None:
        raise NotImplementedError

    def open(self) -> str:
        """Loads the store; what is missing, stale or damaged is built anew by `work` (exact answers meanwhile).

        Returns why something is built anew, or an empty string.
        """
        raise NotImplementedError

    @property
    def count(self) -> int:
        """How many segments can be found."""
        raise NotImplementedError

    def refresh(self) -> int:
        """Takes over what was committed since; returns how many segments came or went."""
        raise NotImplementedError

    def work(self) -> bool:
        """Does one small piece of upkeep; False when there is none left."""
        raise NotImplementedError

    def search(self, query: Vector, k: int, among: Ids | None = None) -> Hits:
        """The best `k` segments, of `among` (ascending ids) if given: never fewer than k when k exist."""
        raise NotImplementedError

    def begin_snapshot(self) -> PendingSnapshot | None:
        """Writes one changed file of the store to a temporary name. Call again until None."""
        raise NotImplementedError


def discard_strays(folder: Path, keep: set[str]) -> None:
    """Deletes files in `folder` that no snapshot names: half-written or replaced ones."""
    raise NotImplementedError
