"""Waiting files into searchable ones: read → decode → embed → store, each stage busy while the others are.

A long file comes in stretches, so that memory does not depend on its length; it can be found when the last one is
saved. What takes long (what is said in it) is done in a second pass, when no file waits for its first.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from core.errors import LibraryError, MediaError, ModelError
from core.lineup import Lineup, wanted_by
from core.on_its_way import STRETCH_WEIGHT, Begun, Stretch, stretch_to_save
from core.records import (
    Decoded,
    FileId,
    ItemId,
    Kind,
    Reason,
    Role,
    Segment,
    SpaceId,
    Stage,
)
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.storage import Storage
from core.store.catalog import Catalog
from core.store.saving import IndexedFile, IndexedSegment
from core.store.work_queue import WorkItem
from core.understanding import Embedded, Understanding
from core.watch.identity import content_hash, require_unchanged

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
LISTENED_AT_ONCE = 2
"""Files that are listened to: one is heard while the sound of the next is decoded. Others must not wait behind them."""
POLL_S = 0.2
"""How often a wait looks whether it should still go on."""


class Pipeline:
    """Indexes what waits in the catalog. Runs on the `ingest` thread; owns no thread itself."""

    def __init__(
        self,
        *,
        store: Lane[Storage],
        understanding: Understanding,
        pool: DecodePool,
        lineup: Callable[[], Lineup],
        batch_size: int,
    ) -> None:
        self._store = store
        self._understanding = understanding
        self._pool = pool
        self._lineup = lineup
        self._batch_size = batch_size
        self._finished: Callable[[int], None] = lambda _: None
        self._unsettled: Callable[[], None] = lambda: None
        self._owes = False
        self._reset()

    def _reset(self) -> None:
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._claimed: deque[WorkItem] = deque()
        self._files: dict[FileId, Begun] = {}
        self._decoding: dict[Begun, int] = {}  # by reading: a file that changes is claimed again during the first
        self._going_on: deque[tuple[Begun, int]] = deque()
        self._ready: deque[Stretch] = deque()
        self._encodes = 0
        self._unsaved: list[tuple[Begun, IndexedFile, bytes]] = []
        self._saving = False

    def begun(self, *, later: bool) -> int:
        """How many files are claimed and not brought to an end: those listened to (`later`), or the others."""
        claimed = sum(item.later == later for item in self._claimed)
        return claimed + sum(begun.listening == later for begun in self._files.values())

    @property
    def listens(self) -> bool:
        """Whether nothing but speech is left of the files that are claimed: all else comes first."""
        return self.begun(later=True) > 0 and not self.begun(later=False)

    def give_back(self) -> None:
        """Puts back what a run did not bring to an end, before anybody asks what waits. Raises LibraryError."""
        if self._owes:
            self._write(Catalog.release).result()
            self._owes = False

    def run(
        self,
        reader: Reader,
        *,
        go_on: Callable[[], bool],
        abandoned: Callable[[], bool],
        finished: Callable[[int], None],
        unsettled: Callable[[], None],
    ) -> None:
        """Works until nothing waits, or `go_on()` is false and what was begun is finished; a long file waits meanwhile.

        `finished(n)` is told when n more files have come to an end, well or badly, `unsettled()` when a file was let go
        because it is changing or was moved, and is for a scan to find again. When `abandoned()` turns true, what was
        begun goes back to the queue at once. Raises ModelError or LibraryError when no file can be indexed at all;
        files begun go back to the queue then, too.
        """
        self._finished, self._unsettled = finished, unsettled
        try:
            while not abandoned():
                self._fill(reader, lambda: go_on() and not abandoned())
                self._push()
                if not (self._files or self._unsaved or self._saving):
                    if not self._claimed or not go_on():
                        return
                    continue
                self._take_finished()
        finally:
            self._release()

    # read

    def _fill(self, reader: Reader, go_on: Callable[[], bool]) -> None:
        """Hands files to the decoders, as many as fit in memory, as long as `go_on()`; those begun before new ones."""
        room = DECODED_BATCHES * self._batch_size
        room -= sum(self._decoding.values()) + sum(stretch.weight for stretch in self._ready)
        while room > 0 and go_on():
            if self._going_on:
                room -= self._decode(*self._going_on.popleft())
                continue
            if not self._claimed:
                self._claimed.extend(self._store.call(Priority.NORMAL, self._claim).result())
            if not self._claimed:
                return
            try:
                room -= self._open(self._claimed[0], reader, go_on)
            except CancelledError:
                return
            self._claimed.popleft()

    def _claim(self, storage: Storage) -> list[WorkItem]:
        listening = sum(begun.listening for begun in self._files.values())
        return storage.claim(CLAIM, later=listening < LISTENED_AT_ONCE)

    def _open(self, item: WorkItem, reader: Reader, go_on: Callable[[], bool]) -> int:
        """Begins a file; returns how much room it takes. Raises CancelledError when it is not to go on."""
        try:
            content = content_hash(item.path, item.signature, lambda: not go_on())
        except MediaError as error:
            self._fail(item, Stage.READ, error)
            return 1
        known = reader.find_item(content)
        kind, understood = (item.kind, frozenset[SpaceId]()) if known is None else known[1:]
        lacking = self._lineup().of_kind(kind, understood)
        quick = tuple(encoder for encoder in lacking if encoder.spec.role is not Role.SPEECH)
        if known is not None and not quick and (not lacking or not item.later):
            self._link(item, known[0], later=bool(lacking))
            return 1
        begun = Begun(item, content, quick or lacking, listening=not quick and bool(lacking))
        self._files[item.file_id] = begun
        return self._decode(begun, 0)

    def _link(self, item: WorkItem, known: ItemId, *, later: bool) -> None:
        """The same bytes were understood before: nothing to decode."""
        self._write(lambda catalog: catalog.link(item.file_id, known, item.signature, later=later)).result()
        self._finished(1)

    # decode

    def _decode(self, begun: Begun, from_ms: int) -> int:
        weight = 1 if begun.item.kind is Kind.IMAGE else STRETCH_WEIGHT
        self._decoding[begun] = weight
        future = self._pool.decode(
            begun.item.path, wanted_by(begun.encoders), from_ms=from_ms, expected=begun.item.signature
        )
        self._when_done(future, lambda done: self._on_decoded(begun, done))
        return weight

    def _on_decoded(self, begun: Begun, future: Future[Decoded]) -> None:
        del self._decoding[begun]
        try:
            decoded = future.result()
            require_unchanged(begun.item.path, begun.item.signature)
        except MediaError as error:
            self._give_up(begun, Stage.DECODE, error)
            return
        begun.first = begun.first or replace(decoded, segments=())
        begun.peaks += decoded.peaks
        stretch = Stretch(begun, decoded.segments, decoded.kind, decoded.next_ms is None)
        if begun.listening:
            heard = self._understanding.listen(stretch.segments)
            self._when_done(heard, lambda done: self._on_heard(stretch, decoded.next_ms, done))
        else:
            self._on_ready(stretch, decoded.next_ms)

    def _on_heard(self, stretch: Stretch, next_ms: int | None, heard: Future[list[Segment]]) -> None:
        try:
            lines = heard.result()
        except (ModelError, MediaError) as error:
            self._give_up(stretch.begun, Stage.LISTEN, _as_media_error(error))
        else:
            self._on_ready(Stretch(stretch.begun, lines, stretch.kind, stretch.ends), next_ms)

    def _on_ready(self, stretch: Stretch, next_ms: int | None) -> None:
        self._ready.append(stretch)
        if next_ms is not None:
            self._going_on.append((stretch.begun, next_ms))

    # embed and store

    def _push(self) -> None:
        """Starts what can be started: a batch on the models, a commit."""
        while self._ready and self._encodes < ENCODES_IN_FLIGHT:
            full = sum(len(stretch.segments) for stretch in self._ready) >= self._batch_size
            if self._decoding and not full:
                break
            self._encode(self._next_batch())
        if self._unsaved and not self._saving:
            batch, self._unsaved = self._unsaved, []
            self._saving = True
            future = self._store.call(Priority.NORMAL, Storage.save, [(indexed, jpeg) for _, indexed, jpeg in batch])
            self._when_done(future, lambda done: self._on_saved(batch, done))

    def _next_batch(self) -> list[Stretch]:
        """Stretches for the same encoders, some `batch_size` segments of them."""
        batch = [self._ready.popleft()]
        while (
            self._ready
            and self._ready[0].begun.encoders == batch[0].begun.encoders
            and sum(len(stretch.segments) for stretch in batch) < self._batch_size
        ):
            batch.append(self._ready.popleft())
        return batch

    def _encode(self, batch: list[Stretch]) -> None:
        self._encodes += 1
        segments = [segment for stretch in batch for segment in stretch.segments]
        future = self._understanding.embed(batch[0].begun.encoders, segments)
        self._when_done(future, lambda done: self._on_encoded(batch, done))

    def _on_encoded(self, batch: list[Stretch], future: Future[Embedded]) -> None:
        self._encodes -= 1
        embedded = future.result()
        row = 0
        for stretch in batch:
            vectors = embedded.vectors[row : row + len(stretch.segments)]
            row += len(stretch.segments)
            begun = stretch.begun
            if self._files.get(begun.file_id) is not begun:  # it failed meanwhile
                continue
            begun.unable |= embedded.unable
            segments = [
                IndexedSegment.of(segment, found) for segment, found in zip(stretch.segments, vectors, strict=True)
            ]
            segments = [segment for segment in segments if segment.vectors or segment.line is not None]
            begun.found |= bool(segments)
            if stretch.ends and not begun.found and stretch.kind is Kind.IMAGE:
                error = MediaError("The picture could not be understood.", reason=Reason.NOT_UNDERSTOOD)
                self._give_up(begun, Stage.EMBED, error)
            else:
                self._unsaved.append((begun, *stretch_to_save(stretch, segments, self._lineup())))

    def _on_saved(self, batch: list[tuple[Begun, IndexedFile, bytes]], future: Future[None]) -> None:
        future.result()
        self._saving = False
        ended = [(begun, indexed) for begun, indexed, _ in batch if indexed.ends]
        for begun, _ in ended:
            if self._files.get(begun.file_id) is begun:  # it may have been claimed again, to be listened to
                del self._files[begun.file_id]
        self._finished(len(ended))

    def _give_up(self, begun: Begun, stage: Stage, error: MediaError) -> None:
        """One file's end, whatever stretches of it are on their way."""
        if self._files.get(begun.file_id) is begun:
            del self._files[begun.file_id]
            self._going_on = deque(waiting for waiting in self._going_on if waiting[0] is not begun)
            self._ready = deque(stretch for stretch in self._ready if stretch.begun is not begun)
            self._fail(begun.item, stage, error)

    def _fail(self, item: WorkItem, stage: Stage, error: MediaError) -> None:
        sentence, reason, retryable = str(error), Reason(error.reason), error.retryable
        if reason is Reason.CHANGED_WHILE_READING:
            self._write(lambda catalog: catalog.unsettle(item.file_id)).result()
            self._unsettled()
        else:
            self._write(
                lambda catalog: catalog.fail(item.file_id, stage, reason, sentence, retryable=retryable)
            ).result()  # where that cannot be kept, it is not claimed for good
        self._finished(1)

    # plumbing

    def _write(self, use: Callable[[Catalog], T]) -> Future[T]:
        return self._store.call(Priority.NORMAL, lambda storage: use(storage.catalog))

    def _when_done(self, future: Future[T], handle: Callable[[Future[T]], None]) -> None:
        """`handle` must not know the future: it would keep itself alive, with all that was decoded."""
        inbox = self._inbox  # not the one of a later run: what this run leaves behind must not reach it
        future.add_done_callback(lambda done: inbox.put(lambda: handle(done)))

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
        begun = [*(item.file_id for item in self._claimed), *self._files]
        self._reset()
        if begun:
            self._owes = True
            with suppress(LibraryError):  # the disk is full: `give_back`
                self.give_back()


def _as_media_error(error: ModelError | MediaError) -> MediaError:
    if isinstance(error, MediaError):
        return error
    return MediaError(error.what, error.advice, reason=Reason.NOT_UNDERSTOOD, retryable=True)
