"""Compares a library's vector stores with its catalog, and moves a library from one kind of store to another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from core.paths import LibraryPaths
from core.records import SpaceId
from core.store.catalog import Catalog
from core.store.reader import Reader
from core.store.vectors.remote.server import MilvusServer, StoreError
from core.store.vectors.served_index import Index, ServedIndex, make_index
from core.store.vectors.vector_store import StoreCheck

TRIES = 5
"""How often in a row Milvus may fail before a move gives up; what has arrived counts the next time."""


def check_stores(library: LibraryPaths, reader: Reader, server: MilvusServer | None) -> Iterator[StoreCheck]:
    """What each space's store has of what it should. Waits for Milvus. Raises StoreError or LibraryError."""
    for space_id in reader.active_spaces():
        index = make_index(library, reader, space_id, server)
        if isinstance(index, ServedIndex):
            index.open()
        yield index.check()


def fill_stores(
    library: LibraryPaths,
    catalog: Catalog,
    reader: Reader,
    server: MilvusServer | None,
    tell: Callable[[int, int], None],
) -> None:
    """Brings the stores of all spaces up to the catalog: those of this process, or with a server Milvus.

    What is there already counts, so this goes on where it was broken off. `tell` hears how many segments are done, of
    how many. Raises StoreError or LibraryError.
    """
    spaces = list(reader.active_spaces())
    counts = {space_id: len(reader.searchable(space_id).come) for space_id in spaces}
    done, total = 0, sum(counts.values())
    for space_id in spaces:
        index = make_index(library, reader, space_id, server)
        index.open()
        _fill(index, partial(_tell_left, tell, done + counts[space_id], total))
        while (pending := index.begin_snapshot()) is not None:
            catalog.save_snapshot(pending.finish())
        done += counts[space_id]
    tell(total, total)


def forget_stores(reader: Reader, server: MilvusServer, spaces: Sequence[SpaceId]) -> None:
    """Deletes what Milvus has of this library. Raises StoreError."""
    for space_id in spaces:
        ServedIndex(reader, space_id, server).forget()


def _tell_left(tell: Callable[[int, int], None], end: int, total: int, left: int) -> None:
    tell(end - left, total)


def _fill(index: Index, tell: Callable[[int], None]) -> None:
    tries = 0
    while True:
        left = index.left
        while index.work():
            tell(index.left)
        if index.is_current or not isinstance(index, ServedIndex):
            return
        tries = tries + 1 if index.left >= left else 0
        if tries == TRIES:
            raise index.error or StoreError("Milvus does not take what it is sent.")
        time.sleep(index.rest_s)
