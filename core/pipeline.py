"""Waiting files into searchable ones: read → decode → embed → store, each stage busy while the others are."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.embedding import Embedder
from core.errors import MediaError
from core.records import (
    ContentHash,
    Decoded,
    FileId,
    ImageView,
    ItemId,
    Reason,
    SpaceId,
    Stage,
    Vectors,
)
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.storage import Storage
from core.store.catalog import Catalog, IndexedFile, IndexedSegment, WorkItem
from core.watch.identity import content_hash, require_readable_size, require_unchanged

if TYPE_CHECKING:
    from core.decode.pool import DecodePool
    from core.store.reader import Reader

T = TypeVar("T")

CLAIM = 64
"""Files taken from the queue table in one commit."""
DECODED_BATCHES = 4
"""At most so many batches are being decoded or wait for the models: these never starve, and memory stays small."""
ENCODES_IN_FLIGHT = 2
"""One batch on the device, the next one ready beside it."""
POLL_S = 0.2
"""How often a wait looks whether it should still go on."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose content was read, on its way to being saved."""

    item: WorkItem
    content: ContentHash
    decoded: Decoded


class Pipeline:
    """Indexes what waits in the catalog. Runs on the `ingest` thread; owns no thread itself."""

    def __init__(
        self,
        *,
        store: Lane[Storage],
        gpu: Lane[Embedder],
        pool: DecodePool,
        views: Sequence[ImageView],
        spaces: Sequence[SpaceId],
        batch_size: int,
        max_bytes: int,
    ) -> None:
        self._store = store
        self._gpu = gpu
        self._pool = pool
        self._views = views
        self._spaces = spaces
        self._batch_size = batch_size
        self._max_bytes = max_bytes
        self._finished: Callable[[int], None] = lambda _: None
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._claimed: deque[WorkItem] = deque()
        self._decoding: dict[FileId, WorkItem] = {}
        self._ready: deque[_Opened] = deque()
        self._encoding: dict[FileId, WorkItem] = {}
        self._encodes = 0
        self._unsaved: list[tuple[IndexedFile, bytes]] = []
        self._saving: list[FileId] = []

    def run(
        self,
        reader: Reader,
        *,
        go_on: Callable[[], bool],
        abandoned: Callable[[], bool],
        finished: Callable[[int], None],
    ) -> None:
        """Works until nothing waits, or `go_on()` is false and what was begun is finished.

        `finished(n)` is told when n more files have come to an end, well or badly. When `abandoned()` turns true, what
        was begun goes back to the queue at once. Raises ModelError or LibraryError when no file can be indexed at all;
        files begun go back to the queue then, too.
        """
        self._finished = finished
        self._write(Catalog.release).result()  # what an earlier run could not give back: the disk was full
        try:
            while not abandoned():
                self._fill(reader, go_on)
                self._push()
                if not (self._decoding or self._ready or self._encodes or self._unsaved or self._saving):
                    if not self._claimed or not go_on():
                        return
                    continue
                self._take_finished()
        finally:
            self._release()

    # read

    def _fill(self, reader: Reader, go_on: Callable[[], bool]) -> None:
        """Hands files to the decoders, as many as fit in memory, for as long as `go_on()`."""
        room = DECODED_BATCHES * self._batch_size - len(self._decoding) - len(self._ready)
        while room > 0 and go_on():
            if not self._claimed:
                self._claimed.extend(self._write(lambda catalog: catalog.claim(CLAIM)).result())
            if not self._claimed:
                return
            self._open(self._claimed.popleft(), reader)
            room -= 1

    def _open(self, item: WorkItem, reader: Reader) -> None:
        try:
            require_readable_size(item.signature, self._max_bytes)
            content = content_hash(item.path, item.signature)
        except MediaError as error:
            self._fail(item, Stage.READ, error)
            return
        known = reader.find_item(content, self._spaces)
        if known is not None:
            self._link(item, known)
            return
        self._decoding[item.file_id] = item
        future = self._pool.decode(item.path, self._views)
        self._when_done(future, lambda: self._on_decoded(item, content, future))

    def _link(self, item: WorkItem, known: ItemId) -> None:
        """The same bytes were understood before: nothing to decode."""
        self._write(lambda catalog: catalog.link(item.file_id, known, item.signature)).result()
        self._finished(1)

    # decode

    def _on_decoded(self, item: WorkItem, content: ContentHash, future: Future[Decoded]) -> None:
        try:
            decoded = future.result()
            require_unchanged(item.path, item.signature)
        except MediaError as error:
            self._fail(item, Stage.DECODE, error)
        else:
            self._ready.append(_Opened(item, content, decoded))
        del self._decoding[item.file_id]

    # embed and store

    def _push(self) -> None:
        """Starts what can be started: a batch on the models, a commit."""
        full = len(self._ready) >= self._batch_size
        if self._ready and self._encodes < ENCODES_IN_FLIGHT and (full or not self._decoding):
            self._encode([self._ready.popleft() for _ in range(min(self._batch_size, len(self._ready)))])
        if self._unsaved and not self._saving:
            batch, self._unsaved = self._unsaved, []
            self._saving = [indexed.file_id for indexed, _ in batch]
            future = self._store.call(Priority.NORMAL, Storage.save, batch)
            self._when_done(future, lambda: self._on_saved(len(batch), future))

    def _encode(self, batch: list[_Opened]) -> None:
        segments = [segment for opened in batch for segment in opened.decoded.segments]
        self._encodes += 1
        self._encoding.update({opened.item.file_id: opened.item for opened in batch})
        future = self._gpu.call(Priority.BATCH, Embedder.media, segments)
        self._when_done(future, lambda: self._on_encoded(batch, future))

    def _on_encoded(self, batch: list[_Opened], future: Future[dict[SpaceId, Vectors]]) -> None:
        self._encodes -= 1
        vectors = future.result()
        row = 0
        for opened in batch:
            rows = slice(row, row + len(opened.decoded.segments))
            row = rows.stop
            self._encoding.pop(opened.item.file_id)
            if all(np.isfinite(matrix[rows]).all() for matrix in vectors.values()):
                self._unsaved.append((_indexed(opened, vectors, rows), opened.decoded.thumbnail))
            else:
                error = MediaError("The picture could not be understood.", reason=Reason.NOT_UNDERSTOOD)
                self._fail(opened.item, Stage.EMBED, error)

    def _on_saved(self, count: int, future: Future[None]) -> None:
        future.result()
        self._saving = []
        self._finished(count)

    def _fail(self, item: WorkItem, stage: Stage, error: MediaError) -> None:
        sentence, reason, retryable = str(error), Reason(error.reason), error.retryable
        self._write(lambda catalog: catalog.fail(item.file_id, stage, reason, sentence, retryable=retryable))
        self._finished(1)

    # plumbing

    def _write(self, use: Callable[[Catalog], T]) -> Future[T]:
        return self._store.call(Priority.NORMAL, lambda storage: use(storage.catalog))

    def _when_done(self, future: Future[Any], handle: Callable[[], None]) -> None:
        inbox = self._inbox  # not the one of a later run: what this run leaves behind must not reach it
        future.add_done_callback(lambda _: inbox.put(handle))

    def _take_finished(self) -> None:
        """Handles whatever has finished; waits a moment if nothing has."""
        try:
            handle = self._inbox.get(timeout=POLL_S)
            while True:
                self._handle(handle)
                handle = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _handle(self, handle: Callable[[], None]) -> None:
        try:
            handle()
        except CancelledError:
            return  # the engine is closing: what was begun goes back to the queue

    def _release(self) -> None:
        """Gives back what was claimed and not brought to an end."""
        begun = [item.file_id for item in self._claimed]
        begun += [*self._decoding, *self._encoding, *(opened.item.file_id for opened in self._ready)]
        begun += [*(indexed.file_id for indexed, _ in self._unsaved), *self._saving]
        self._claimed.clear()
        self._decoding.clear()
        self._encoding.clear()
        self._ready.clear()
        self._unsaved.clear()
        self._inbox = queue.SimpleQueue()
        self._encodes = 0
        self._saving = []
        if begun:
            self._write(lambda catalog: catalog.release(begun))


def _indexed(opened: _Opened, vectors: dict[SpaceId, Vectors], rows: slice) -> IndexedFile:
    segments = [
        IndexedSegment(
            {space_id: matrix[rows][number] for space_id, matrix in vectors.items()}, segment.start_ms, segment.end_ms
        )
        for number, segment in enumerate(opened.decoded.segments)
    ]
    return IndexedFile(
        opened.item.file_id,
        opened.item.signature,
        opened.content,
        opened.decoded.kind,
        opened.decoded.metadata,
        opened.decoded.colour,
        segments,
    )
