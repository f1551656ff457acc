"""One space searched by Milvus: its vectors stay in the catalog, and Milvus follows the catalog's operations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TypeAlias

import numpy as np

from core.paths import LibraryPaths
from core.records import Filters, Ids, SpaceId, Vectors
from core.store.reader import Reader
from core.store.vectors.catalog_vectors import CatalogVectors
from core.store.vectors.feed import Feed, Found, Job
from core.store.vectors.milvus import MilvusStore
from core.store.vectors.remote.collection import MilvusCollection
from core.store.vectors.remote.names import LONGEST_NAME, LONGEST_TITLE, SharedNames, no_vectors
from core.store.vectors.remote.part import Told
from core.store.vectors.remote.server import MilvusServer, StoreError
from core.store.vectors.space_index import SpaceIndex
from core.store.vectors.vector_store import Hits, StoreCheck, Vector, some_of

PATIENCE_S = 0.05
"""How long a step waits for what is being written; a question waits no longer behind it."""


class ServedIndex:
    """Used as a `SpaceIndex` is, on the thread that owns `reader`. Nothing waits for Milvus but a search, shortly.

    Answers are right from `open` on: exact over the catalog until Milvus has said that it knows what it should, and
    whenever it fails. One thing at a time is on its way to Milvus; what failed is sent again after a rest.

    Attributes:
        error: why what was last sent to Milvus did not arrive; None when it did.
    """

    def __init__(self, reader: Reader, space_id: SpaceId, server: MilvusServer) -> None:
        self._reader = reader
        self._space_id = space_id
        self._server = server
        self._dim = reader.spaces()[space_id]
        self._exact = CatalogVectors(reader, space_id, self._dim, np.empty(0, np.int64))
        self._collection = MilvusCollection(server, space_id, self._dim)
        self._store = MilvusStore(self._dim, self._collection, self._exact, reader.facts)
        self._names = self._feed_names()
        self._sequence = 0
        self._running: tuple[Feed, Job, Future[Found]] | None = None
        self.error: StoreError | None = None

    def share(self) -> None:
        """What others on the server may see has changed: the server says as what. Names are taken back at once."""
        self._names = self._feed_names()
        if not self._server.shared_as:
            self._server.submit(SharedNames(self._server, self._space_id, "").prepare)

    def open(self) -> None:
        """Learns which segments there are; their vectors are read when they are needed."""
        state = self._reader.searchable(self._space_id)
        self._sequence = state.sequence
        self._come(state.come)

    def opening(self) -> Iterator[int]:
        """Does what `open` does, which is short."""
        self.open()
        yield self.count

    @property
    def count(self) -> int:
        """How many segments can be found."""
        return self._store.count

    @property
    def left(self) -> int:
        """How many segments Milvus is still to be told of."""
        return self._store.feed.left

    @property
    def is_current(self) -> bool:
        """Whether Milvus knows what the catalog knows."""
        return self._store.feed.is_current and self._names.is_current

    @property
    def rest_s(self) -> float:
        """How long Milvus is still left alone after it failed."""
        return self._server.writing.left_s

    @property
    def served(self) -> int:
        """How many of the searches so far Milvus had a part in."""
        return self._store.served

    def refresh(self) -> int:
        """Takes over what was committed since; returns how many segments came or went."""
        changes = self._reader.operations(self._space_id, self._sequence)
        if len(changes.gone):
            self._names.go(changes.gone)
            self._store.remove(changes.gone)
        if len(changes.come):
            self._come(changes.come)
        self._sequence = changes.sequence
        return len(changes.gone) + len(changes.come)

    def work(self) -> bool:
        """Does one small piece of feeding Milvus; False when there is none left or Milvus is to rest."""
        if self._running is not None:
            return self._look_after(*self._running)
        for feed in () if self._server.writing else (self._store.feed, self._names):
            if (job := feed.next_job()) is not None:
                self._running = feed, job, self._server.submit(partial(feed.run, job))
                return True
        return False

    def search(self, query: Vector, k: int, among: Ids | None = None, filters: Filters | None = None) -> Hits:
        """The best `k` segments, of `among` (ascending ids) if given: never fewer than k when k exist.

        `filters` are those that made `among`, if any.
        """
        if among is None:
            return self._store.search(query, k)
        return self._store.search_among(query, among, k, filters)

    def some(self, count: int) -> Ids:
        """At most `count` segments, well spread: the same ones wherever the same can be found."""
        return some_of(self._exact.ids, count)

    def vectors(self, segments: Ids) -> tuple[Ids, Vectors]:
        """Those of `segments` that can be found, in their order, and their vectors, row for row."""
        return self._exact.known(segments), self._exact.vectors(segments)

    def begin_snapshot(self) -> None:
        """There is no file to make safe."""

    def check(self) -> StoreCheck:
        """Compares Milvus with the catalog. Waits for it, so not for the search thread. Raises StoreError."""
        return self._store.check(self._space_id)

    def forget(self) -> None:
        """Deletes what Milvus has of this library in this space. Waits for it. Raises StoreError."""
        SharedNames(self._server, self._space_id, "").remove()
        self._collection.remove()

    def _come(self, ids: Ids) -> None:
        self._store.add(ids, np.empty((0, self._dim), np.float32))
        if self._server.shared_as:
            self._names.come(ids)

    def _feed_names(self) -> Feed:
        """What others are to be told of the files: their names, or nothing any more."""
        title = self._server.shared_as[:LONGEST_TITLE]
        truth = self._exact if title else CatalogVectors(self._reader, self._space_id, self._dim, np.empty(0, np.int64))

        def named(ids: Ids) -> Told:
            rows = [(name[:LONGEST_NAME], item, title) for name, item in self._reader.names(ids)]
            return np.array(rows, object).reshape(-1, len(SharedNames.columns))

        return Feed(SharedNames(self._server, self._space_id, title), truth, no_vectors, named)

    def _look_after(self, feed: Feed, job: Job, running: Future[Found]) -> bool:
        try:
            found = running.result(timeout=PATIENCE_S)
        except TimeoutError:
            return True
        except CancelledError:
            return False  # Likewise is closing
        except StoreError as error:
            self._running, self.error = None, error
            feed.failed(error)
            return False
        self._running = self.error = None
        feed.done(job, found)
        return True


Index: TypeAlias = SpaceIndex | ServedIndex
"""What searches one space."""


def make_index(library: LibraryPaths, reader: Reader, space_id: SpaceId, server: MilvusServer | None) -> Index:
    """The index of a space, to be opened: in this process, or with a server in Milvus."""
    return SpaceIndex(library, reader, space_id) if server is None else ServedIndex(reader, space_id, server)
