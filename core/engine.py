"""The engine's front: every method returns at once; what takes time answers with a future."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from core.asking import Asker, Pending
from core.choosing import Chooser
from core.decode.pool import DecodePool
from core.embed.listening import Listener
from core.embedding import Embedder, ModelBoard
from core.errors import LibraryError
from core.events import BugFound, EventBus
from core.folders import FolderKeeper
from core.indexing import Indexer
from core.keeping import ModelKeeper
from core.lineup import Lineup
from core.look_front import LookFront
from core.model_front import ModelFront
from core.models.shelf import Shelf
from core.moving import Mover
from core.opening import open_storage, refuse_writing, settings_of, thumbnail_maker
from core.paths import LibraryPaths, model_cache, model_folder
from core.pausing import Pausing
from core.pipeline import Pipeline
from core.reading import Reading
from core.records import (
    Answer,
    FileId,
    Folder,
    FolderId,
    Kind,
    LeftOut,
    LibraryStatus,
    PauseReason,
    Progress,
    Question,
    Unwatched,
)
from core.runtime.lane import Lane
from core.runtime.memory import give_back_what_is_large
from core.runtime.worker import Priority, stand_back
from core.safekeeping import Safekeeping
from core.search.searcher import Searcher
from core.settings import Settings
from core.settings_keeper import SettingsKeeper
from core.standing_front import StandingFront
from core.storage import Storage
from core.store.vectors.remote.server import milvus_server
from core.understanding import Understanding
from core.upkeep import Upkeep

log = logging.getLogger(__name__)

LISTENER = "whisper"  # the model that writes down what is said


class Engine(LookFront, ModelFront, StandingFront):
    """One open library. Close it, or use it as a context manager.

    Opening happens in the background; `opened` tells when and whether it worked, and until then every call waits its
    turn. A future's exception is a CoreError the user can be told, a CancelledError, or a bug. With `read_only` it
    looks into a library that another process has open; what would write fails with LibraryError.

    Attributes:
        backups: backups of what only the user can make.
        stores: where vectors are searched.
        crashes: when opened, how many of those who opened it in the last ten minutes ended without closing it.
    """

    def __init__(self, library: LibraryPaths, settings: Settings, *, read_only: bool = False) -> None:
        give_back_what_is_large()
        self.library = library
        self._read_only = read_only
        self._settings = SettingsKeeper(settings, library.settings)
        self.events = EventBus()
        self._board = ModelBoard(self.events)
        shelf = Shelf(model_folder())
        self._pool = DecodePool(
            settings.decoders,
            nice=settings.child_nice,
            limit_s=settings.decode_limit_s,
            max_pixels=settings.max_megapixels * 1_000_000,
            max_bytes=settings.max_bytes(Kind.IMAGE),
        )
        self._listener = Listener(
            lambda: shelf.weights(shelf.card(LISTENER)).folder(), cores=settings.cores, nice=settings.child_nice
        )
        self._store: Lane[Storage] = Lane("store", self._open_storage, Storage.close, on_bug=self._on_bug)
        self._gpu: Lane[Embedder] = Lane("gpu", self._open_embedder, Embedder.unload, on_bug=self._on_bug)
        self._search: Lane[Searcher] = Lane("search", self._open_searcher, Searcher.close, on_bug=self._on_bug)
        self._read: Lane[Reading] = Lane("read", self._open_reading, Reading.close, on_bug=self._on_bug)
        self._make_thumbnail = thumbnail_maker(self._pool, self._store)
        self._models = ModelKeeper(
            shelf,
            Chooser(shelf, self._board, device=settings.device, cache=model_cache()),
            self._board,
            self._store,
            settings=lambda: self.settings,
            keep=self._settings.keep,
            changed=self._on_lineup,
            on_bug=self._on_bug,
        )
        understanding = Understanding(self._gpu, self._listener.listen)
        self._asker = Asker(self._gpu, understanding, self._pool, lambda: self._models.lineup, settings.max_bytes)
        pipeline = Pipeline(
            store=self._store,
            understanding=understanding,
            pool=self._pool,
            lineup=lambda: self._models.lineup,
            batch_size=settings.batch_size,
        )
        self._indexer = Indexer(
            library=library,
            store=self._store,
            pipeline=pipeline,
            upkeep=Upkeep(library, self._store, self._search, self._gpu, self.events),
            events=self.events,
            pausing=Pausing(lambda: self.settings),
            settings=lambda: self.settings,
            switched=self._models.switched,
            advanced=self._models.advanced,
        )
        self._folders = FolderKeeper(library.root, self._store, self._read, self._indexer, self.events)
        self.backups = Safekeeping(self._store, self._models, self.events, scan=self._indexer.scan)
        self.stores = Mover(
            library,
            self._store,
            self._search,
            self.events,
            settings=lambda: self.settings,
            keep=self._settings.keep,
            on_bug=self._on_bug,
        )
        self.crashes = 0
        self._asked = Pending()
        self.opened: Future[None] = (
            self._read.call(Priority.URGENT, lambda _: None)
            if read_only
            else self._store.call(Priority.URGENT, lambda _: None)
        )

    # life

    def start(self, *, watch: bool = True, crashed: bool = False) -> None:
        """Scans every folder and indexes what is new, once `crashed` not before `resume`; with `watch`, keeps at it."""
        if crashed:
            self._indexer.pause(PauseReason.CRASHES)
        self._indexer.start(watch=watch)
        if watch:
            self.stores.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Ends every thread and process in the order of the data path. Unfinished work is kept for the next start.

        Raises LibraryError if something did not end in time.
        """
        deadline = time.monotonic() + timeout_s
        self._asked.abandon()

        def left_s() -> float:
            return max(0.1, deadline - time.monotonic())

        self._indexer.stop()
        self._models.stop()
        late = [
            name
            for name, ended in (
                ("decode", self._pool.close(left_s())),
                ("ingest", self._indexer.close(left_s())),
                ("listen", self._listener.close(left_s())),
                ("gpu", self._gpu.close(left_s())),
                ("models", self._models.close(left_s())),
                ("moving", self.stores.close(left_s())),
                ("search", self._search.close(left_s())),
                ("read", self._read.close(left_s())),
                ("store", self._store.close(left_s(), finish=True)),
            )
            if not ended
        ]
        if late:
            raise LibraryError(f"Likewise could not stop in time (still busy: {', '.join(late)}).", "Nothing was lost.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # folders

    def add_folder(self, path: Path, *, again: bool = False) -> Future[Folder]:
        """Watches a folder from now on and indexes it; adding a watched one again only looks for changes.

        Fails with FolderError when there is no such folder, it lies in a watched one or contains one, or is our own.
        With `again`, which takes back `remove_folder`, it may be away.
        """
        return self._folders.add(path, again=again)

    def remove_folder(self, folder_id: FolderId) -> Future[None]:
        """Forgets a folder. What was understood of its files is kept for a month: adding it again is the undo."""
        return self._folders.remove(folder_id)

    def accept_folder(self, folder_id: FolderId) -> Future[None]:
        """Takes a folder that is empty, or seems to be another drive's, for what it is now.

        Files that are not in it count as deleted from now on. Fails with FolderError if it cannot be reached.
        """
        return self._folders.accept(folder_id)

    def settle_lost(self, folder_id: FolderId, *, keep: bool) -> Future[None]:
        """Keeps, or forgets, what is known of the folder's files that are not there any more."""
        return self._folders.settle_lost(folder_id, keep=keep)

    def folders(self) -> Future[list[Folder]]:
        """Every watched folder, in the order of adding."""
        return self._read.call(Priority.INTERACTIVE, Reading.folders)

    @property
    def unwatched(self) -> tuple[Unwatched, ...]:
        """The folders in which live watching does not see every change; WatchingChanged tells of others."""
        return self._indexer.unwatched

    def rescan(self, folder_id: FolderId | None = None) -> Future[None]:
        """Looks for changes in one folder or all; done when they are known, not when they are indexed."""
        return self._indexer.scan(folder_id)

    # indexing

    @property
    def progress(self) -> Progress:
        """Where indexing is."""
        return self._indexer.progress

    def pause(self, reason: PauseReason = PauseReason.USER) -> None:
        """Finishes the files begun and takes no more until `resume`; a user's pause lasts over a restart."""
        self._indexer.pause(reason)
        if reason is PauseReason.USER:
            self._keep_paused(paused=True)

    def resume(self) -> None:
        """Goes on after `pause` or `cancel`, and whatever the computer is doing just now."""
        self._indexer.resume()
        self._keep_paused(paused=False)

    def cancel(self) -> None:
        """Stops indexing; what waits keeps waiting until the next scan, retry or start."""
        self._indexer.cancel()
        self._keep_paused(paused=False)

    def wait_idle(self) -> Future[None]:
        """Done when nothing is left to scan or index; fails when indexing is not possible at all."""
        return self._indexer.wait_idle()

    def retry(self, file_ids: Sequence[FileId] | None = None) -> Future[int]:
        """Tries failed files again, all of them if none are named; answers how many."""

        def again(storage: Storage) -> int:
            count = storage.catalog.retry(file_ids)
            self._indexer.scan()  # a file that was replaced meanwhile is to be read as it is now
            return count

        return self._store.call(Priority.INTERACTIVE, again)

    # finding

    def search(self, question: Question, *, cancel_older: bool = False) -> Future[Answer]:
        """Answers `question`; an empty one lists everything that passes its filters, newest first.

        With `cancel_older`, questions asked before and not yet answered are cancelled.
        """
        if cancel_older:
            self._asked.abandon()
        abandoned = self._asked.begin()
        future = self._search.call(
            Priority.INTERACTIVE, lambda searcher: self._asker.answer(searcher, question, abandoned)
        )
        future.add_done_callback(lambda _: self._asked.end(abandoned))
        return future

    def status(self) -> Future[LibraryStatus]:
        """The library in numbers."""
        return self._read.call(Priority.INTERACTIVE, lambda reading: reading.status(self._board, self.progress))

    # settings

    @property
    def settings(self) -> Settings:
        """Those that count; to set them counts for this once, and is not kept."""
        return self._settings.now

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings.change(lambda _: settings)

    def change_settings(self, settings: Settings) -> Future[None]:
        """Keeps new settings. What is left out, when to work and how hard counts at once, all else from the next start.

        Which models do the work, and where vectors are searched, is changed at once by `use_model` and `stores`.
        """
        before, _ = self._settings.change(lambda _: settings)
        if before.exclude != settings.exclude:
            self._indexer.scan()
        if (before.shared_search, before.shared_as) != (settings.shared_search, settings.shared_as):
            self._search.call(Priority.URGENT, Searcher.share, settings)
        self._indexer.look_again()
        if settings.paused and not before.paused:
            self._indexer.pause(PauseReason.USER)
        elif before.paused and not settings.paused:
            self._indexer.resume()
        if (settings.pace, settings.decoders) != (before.pace, before.decoders):
            self._pool.change(settings.decoders, nice=settings.child_nice)
            self._listener.change(cores=settings.cores, nice=settings.child_nice)
            self._gpu.call(Priority.URGENT, Embedder.unload)  # their threads are as the one is that made them
            self._gpu.renew()
            self._gpu.call(Priority.URGENT, lambda _: stand_back(settings.model_nice))
        return self._store.call(Priority.INTERACTIVE, lambda _: self._settings.save())

    def left_out_by(self, patterns: str) -> Future[LeftOut]:
        """What `Settings.exclude` would leave out if it were `patterns`."""
        return self._read.call(Priority.INTERACTIVE, Reading.left_out_by, patterns)

    def _keep_paused(self, *, paused: bool) -> None:
        before, now = self._settings.change(lambda now: replace(now, paused=paused))
        if now != before:
            self._store.call(Priority.INTERACTIVE, lambda _: self._settings.save())

    # the lanes' resources, each made on its own thread

    def _open_embedder(self) -> Embedder:
        stand_back(self.settings.model_nice)
        return Embedder(self._board)

    def _open_storage(self) -> Storage:
        if self._read_only:
            return refuse_writing()
        storage = open_storage(self.library, self.settings, self._models, self.events)
        self.crashes = storage.catalog.crashes
        return storage

    def _open_searcher(self) -> Searcher:
        self.opened.result()
        searcher = Searcher(self.library, milvus_server(self.library, self.settings, self.events.notice))
        searcher.use(self._models.lineup.asked)
        return searcher

    def _open_reading(self) -> Reading:
        """Readers come after the one who locks, migrates and repairs; unless that is another process."""
        if not self._read_only:
            self.opened.result()
            return Reading(self.library)
        reading = Reading(self.library, read_only=True)
        self._models.open_reading(reading.active_spaces())
        return reading

    def _on_lineup(self, lineup: Lineup) -> None:
        self._search.call(Priority.URGENT, Searcher.use, lineup.asked)
        self._gpu.call(Priority.URGENT, Embedder.keep, lineup.encoders)
        self._indexer.scan()

    def _on_bug(self, details: str) -> None:
        self.events.publish(BugFound(details))


def open_engine(
    library: Path | None = None, settings: Settings | None = None, *, read_only: bool = False, any_disk: bool = False
) -> Engine:
    """The engine on a library folder (the default one if none is named), made where there is none. Returns at once.

    With `read_only`, for a library that another process has open; nothing is made, changed or locked. With `any_disk`,
    it may lie where its database can be damaged.
    """
    paths = LibraryPaths.at(library)
    chosen = settings or settings_of(paths)
    return Engine(paths, replace(chosen, library_disk="any") if any_disk else chosen, read_only=read_only)
