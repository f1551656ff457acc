"""The engine's front: every method returns at once; what takes time answers with a future."""

from __future__ import annotations

import logging
import os
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
from core.events import BugFound, EventBus, FoldersChanged, LibraryChanged
from core.indexing import Indexer
from core.keeping import ModelKeeper
from core.lineup import Lineup
from core.models.shelf import Shelf
from core.opening import open_storage, refuse_writing, settings_of, thumbnail_maker
from core.paths import LibraryPaths, default_library, model_cache, model_folder
from core.pipeline import Pipeline
from core.reading import Reading
from core.records import (
    Answer,
    Details,
    Failure,
    FileId,
    Folder,
    FolderId,
    ItemId,
    Kind,
    LeftOut,
    LibraryStatus,
    ModelStatus,
    Picture,
    Progress,
    Question,
    Role,
    Unwatched,
)
from core.runtime.chain import chain
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.safekeeping import Safekeeping
from core.search.searcher import Searcher
from core.settings import Settings
from core.storage import Storage
from core.store.vectors.remote.server import milvus_server
from core.understanding import Understanding
from core.upkeep import Upkeep
from core.watch.folder import watchable

log = logging.getLogger(__name__)

LISTENER = "whisper"  # the model that writes down what is said


class Engine:
    """One open library. Close it, or use it as a context manager.

    Opening happens in the background; `opened` tells when and whether it worked, and until then every call waits its
    turn. A future's exception is a CoreError the user can be told, a CancelledError, or a bug. With `read_only` it
    looks into a library that another process has open; what would write fails with LibraryError.

    Attributes:
        backups: backups of what only the user can make.
        crashes: when opened, how many of those who opened it in the last ten minutes ended without closing it.
    """

    def __init__(self, library: LibraryPaths, settings: Settings, *, read_only: bool = False) -> None:
        self.library = library
        self._read_only = read_only
        self.settings = settings
        self.events = EventBus()
        self._board = ModelBoard(self.events)
        shelf = Shelf(model_folder())
        self._pool = DecodePool(
            settings.decoders,
            limit_s=settings.decode_limit_s,
            max_pixels=settings.max_megapixels * 1_000_000,
            max_bytes=settings.max_bytes(Kind.IMAGE),
        )
        self._listener = Listener(lambda: shelf.weights(shelf.card(LISTENER)).folder())
        self._store: Lane[Storage] = Lane("store", self._open_storage, Storage.close, on_bug=self._on_bug)
        self._gpu: Lane[Embedder] = Lane("gpu", lambda: Embedder(self._board), Embedder.unload, on_bug=self._on_bug)
        self._search: Lane[Searcher] = Lane("search", self._open_searcher, Searcher.close, on_bug=self._on_bug)
        self._read: Lane[Reading] = Lane("read", self._open_reading, Reading.close, on_bug=self._on_bug)
        self._models = ModelKeeper(
            shelf,
            Chooser(shelf, self._board, device=settings.device, cache=model_cache()),
            self._board,
            self._store,
            settings=lambda: self.settings,
            keep=self._keep_settings,
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
            upkeep=Upkeep(self._store, self._search, self._gpu),
            events=self.events,
            settings=lambda: self.settings,
            switched=self._models.switched,
            advanced=self._models.advanced,
        )
        self.backups = Safekeeping(self._store, self._models, self.events, scan=self._indexer.scan)
        self.crashes = 0
        self._asked = Pending()
        self.opened: Future[None] = (
            self._read.call(Priority.URGENT, lambda _: None)
            if read_only
            else self._store.call(Priority.URGENT, lambda _: None)
        )

    # life

    def start(self, *, watch: bool = True, paused: bool = False) -> None:
        """Scans every folder and indexes what is new, `paused` not before `resume`; with `watch`, keeps doing so."""
        if paused:
            self._indexer.pause()
        self._indexer.start(watch=watch)

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

    def add_folder(self, path: Path) -> Future[Folder]:
        """Watches a folder from now on and indexes it; adding a watched one again only looks for changes.

        Fails with FolderError when there is no such folder, it lies in a watched one or contains one, or is our own.
        """

        def check(reading: Reading) -> Path:
            return watchable(path, self.library.root, [folder.path for folder in reading.folders()])

        def add(storage: Storage, real: Path) -> Folder:
            folder = storage.catalog.add_folder(real)
            self.events.publish(FoldersChanged())
            self._indexer.scan(folder.folder_id)
            return folder

        checked = self._read.call(Priority.INTERACTIVE, check)
        return chain(checked, lambda real: self._store.call(Priority.INTERACTIVE, add, real))

    def remove_folder(self, folder_id: FolderId) -> Future[None]:
        """Forgets a folder. What was understood of its files is kept for a month: adding it again is the undo."""

        def remove(storage: Storage) -> None:
            storage.catalog.remove_folder(folder_id)
            self.events.publish(FoldersChanged())
            self.events.publish(LibraryChanged())
            self._indexer.scan()

        return self._store.call(Priority.INTERACTIVE, remove)

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

    def pause(self) -> None:
        """Finishes the files begun and takes no more until `resume`."""
        self._indexer.pause()

    def resume(self) -> None:
        """Goes on after `pause` or `cancel`."""
        self._indexer.resume()

    def cancel(self) -> None:
        """Stops indexing; what waits keeps waiting until the next scan, retry or start."""
        self._indexer.cancel()

    def wait_idle(self) -> Future[None]:
        """Done when nothing is left to scan or index; fails when indexing is not possible at all."""
        return self._indexer.wait_idle()

    def failures(self) -> Future[list[Failure]]:
        """Every file that could not be indexed, newest first."""
        return self._read.call(Priority.INTERACTIVE, Reading.failures)

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

    def thumbnail(self, item_id: ItemId) -> Future[Picture | None]:
        """An item's small picture, at most 384 px on its longer side; None when there is none."""
        return self._read.call(Priority.NORMAL, Reading.thumbnail, item_id)

    def preview(self, file_id: FileId, max_px: int, at_ms: int = 0) -> Future[Picture]:
        """A file decoded again, at most `max_px` on its longer side; of a video the frame at `at_ms`.

        Fails with MediaError or LibraryError.
        """

        def decode(found: Path) -> Future[Picture]:
            return self._pool.preview(os.fsencode(found), max_px, at_ms=at_ms, priority=Priority.INTERACTIVE)

        return chain(self._read.call(Priority.INTERACTIVE, Reading.path, file_id), decode)

    def details(self, file_id: FileId) -> Future[Details]:
        """All we know of a file. Fails with LibraryError when it is no longer known."""
        return self._read.call(Priority.INTERACTIVE, Reading.details, file_id)

    def status(self) -> Future[LibraryStatus]:
        """The library in numbers."""
        return self._read.call(Priority.INTERACTIVE, lambda reading: reading.status(self._board, self.progress))

    # models

    def models(self) -> list[ModelStatus]:
        """Every model and what state it is in."""
        return self._board.statuses

    def load_models(self) -> Future[None]:
        """Loads every model in use; afterwards `models` says which of them do not work."""
        return self._gpu.call(Priority.INTERACTIVE, lambda embedder: embedder.load(self._models.lineup.answering()))

    def use_model(self, model_id: str) -> Future[None]:
        """Lets a model do what it is for from now on.

        The library is understood anew in the background; until that is done the former model answers. Fails with
        ModelError when its weights are not here.
        """
        return self._models.use(model_id)

    def stop_using(self, role: Role) -> Future[None]:
        """Lets nobody do what this role is for; what its model understood is deleted."""
        return self._models.stop_using(role)

    def download_model(self, model_id: str) -> Future[None]:
        """Fetches a model's weights; how far that is comes as ModelChanged. Fails with ModelError, or is cancelled."""
        return self._models.download(model_id)

    def cancel_download(self, model_id: str) -> None:
        """Ends a download; what came is kept for the next one."""
        self._models.cancel(model_id)

    def verify_model(self, model_id: str) -> Future[None]:
        """Reads a model's weights and compares them with their digests. Fails with ModelError."""
        return self._models.verify(model_id)

    def remove_model(self, model_id: str) -> Future[None]:
        """Deletes a downloaded model's weights; what it understood is kept. Fails with ModelError."""
        return self._models.remove(model_id)

    def use_model_folder(self, model_id: str, folder: Path) -> Future[None]:
        """Takes a model's weights from a folder of the user's. Fails with ModelError."""
        return self._models.use_folder(model_id, folder)

    def change_settings(self, settings: Settings) -> Future[None]:
        """Keeps new settings. Those of devices, limits and processes count from the next start."""
        before, self.settings = self.settings, settings
        if before.exclude != settings.exclude:
            self._indexer.scan()
        return self._store.call(Priority.INTERACTIVE, lambda _: self._keep_settings(settings))

    def left_out_by(self, patterns: str) -> Future[LeftOut]:
        """What `Settings.exclude` would leave out if it were `patterns`."""
        return self._read.call(Priority.INTERACTIVE, Reading.left_out_by, patterns)

    def _keep_settings(self, settings: Settings) -> None:
        settings.save(self.library.settings)
        self.settings = settings

    # the lanes' resources, each made on its own thread

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
        make_thumbnail = thumbnail_maker(self._pool, self._store)
        if not self._read_only:
            self.opened.result()
            return Reading(self.library, make_thumbnail)
        reading = Reading(self.library, make_thumbnail, read_only=True)
        self._models.open_reading(reading.active_spaces())
        return reading

    def _on_lineup(self, lineup: Lineup) -> None:
        self._search.call(Priority.URGENT, Searcher.use, lineup.asked)
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
    paths = LibraryPaths((library or default_library()).expanduser().absolute())
    chosen = settings or settings_of(paths)
    return Engine(paths, replace(chosen, library_disk="any") if any_disk else chosen, read_only=read_only)
