"""Where a library's vectors are searched, and moving them elsewhere while questions are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.errors import CoreError
from core.events import EventBus, StoreChanged
from core.paths import LibraryPaths
from core.records import StoreStatus
from core.runtime.apart import apart
from core.runtime.lane import Lane
from core.runtime.worker import Priority, Worker
from core.search.searcher import Searcher
from core.secret import keep_milvus_token
from core.settings import Settings
from core.settings_keeper import Update
from core.storage import Storage
from core.store.reader import Reader
from core.store.vectors.moving import forget_stores
from core.store.vectors.remote.place import MilvusPlace, whole
from core.store.vectors.remote.server import MilvusServer, StoreError, milvus_server, require_usable

LOOK_AGAIN_S = 0.25
"""How long a move that cannot go on waits at most before it looks again whether it is still wanted."""


class Mover:
    """Methods return at once. A move goes on after a restart, behind every question, and says how far it is.

    What is wanted is kept in a file of its own; the settings are changed when all is there.

    Attributes:
        status: where vectors are, and where they go. Replaced on the thread `moving`; StoreChanged tells of it.
    """

    def __init__(
        self,
        library: LibraryPaths,
        store: Lane[Storage],
        search: Lane[Searcher],
        events: EventBus,
        *,
        settings: Callable[[], Settings],
        keep: Callable[[Update], Settings],
        on_bug: Callable[[str], None],
    ) -> None:
        """`keep` makes other settings of those that are and saves them; it is called on the `store` thread."""
        self.status = StoreStatus(settings().searched_at)
        self._library = library
        self._store = store
        self._search = search
        self._events = events
        self._settings = settings
        self._keep = keep
        self._worker = Worker("moving", on_bug=on_bug)
        self._stopping = threading.Event()
        self._left: MilvusServer | None = None

    def start(self) -> None:
        """Goes on with a move that was broken off."""
        self._worker.submit_at(Priority.NORMAL, self._resume)

    def move(self, uri: str, token: str | None = None) -> Future[None]:
        """Moves to Milvus' file or address, or with an empty one into this program; done when that has begun.

        To where the vectors are gives up a move. A `token` is kept in the system's keyring, with an empty one it is
        forgotten there. Fails with CoreError; what is searched now still is.
        """
        return self._worker.submit_at(Priority.INTERACTIVE, self._move, uri, token)

    def connect(self) -> Future[None]:
        """Done when the server whose other libraries are asked is reached, or cannot be; who asks once waits for it."""
        return self._worker.submit_at(Priority.INTERACTIVE, self._connect)

    def close(self, timeout_s: float) -> bool:
        """Breaks off; returns whether the thread ended in time."""
        self._stopping.set()
        if (left := self._left) is not None:  # the thread may be done with it meanwhile
            left.close(0.1)
        return self._worker.close(timeout_s)

    # the thread `moving`

    def _resume(self) -> None:
        self._store.call(Priority.NORMAL, lambda _: None).result()  # the library is open
        if (wanted := _searched_at(self._library.move)) is not None:
            self._begin(wanted)
        if (left := _searched_at(self._library.left)) is not None:
            self._worker.submit_at(Priority.BATCH, self._leave_at, left)

    def _move(self, uri: str, token: str | None) -> None:
        if uri:
            require_usable(MilvusPlace(uri, ""))
            uri = whole(uri)
            if token is not None:
                apart(partial(keep_milvus_token, uri, token), self._stopping, "keyring")
        if uri != (self.status.here if self.status.goes_to is None else self.status.goes_to):
            wanted = self._settings().with_search_at(uri)
            self._store.call(Priority.INTERACTIVE, lambda _: wanted.save(self._library.move)).result()
            self._begin(uri)

    def _connect(self) -> None:
        connecting = self._search.call(Priority.INTERACTIVE, Searcher.connect).result()
        if connecting is not None:
            with suppress(StoreError):  # the answer says it
                connecting.result()

    def _begin(self, uri: str) -> None:
        here = self.status.here
        self._leave(self._search.call(Priority.INTERACTIVE, Searcher.end_move).result())
        if uri == here:
            self._store.call(Priority.INTERACTIVE, lambda _: self._library.move.unlink(missing_ok=True)).result()
            self._say(StoreStatus(here))
            return
        server = milvus_server(self._library, self._settings().with_search_at(uri), self._events.notice)
        self._search.call(Priority.INTERACTIVE, Searcher.begin_move, server).result()
        self._say(StoreStatus(here, uri))
        self._worker.submit_at(Priority.BATCH, self._step, uri)

    def _step(self, uri: str) -> None:
        """Goes on unless another place was named meanwhile."""
        if uri != self.status.goes_to:
            return
        try:
            step = self._search.call(Priority.BATCH, Searcher.step_move).result()
            self._say(StoreStatus(self.status.here, uri, step.done, step.total, step.note))
            if step.arrived:
                self._arrive(uri)
                return
        except CoreError as error:
            self._say(StoreStatus(self.status.here, note=str(error)))
            return  # goes on after a restart, or when it is asked for again
        if not step.worked:
            self._stopping.wait(min(LOOK_AGAIN_S, step.rest_s))
        self._worker.submit_at(Priority.BATCH, self._step, uri)

    def _arrive(self, uri: str) -> None:
        left = self._settings().with_search_at(self.status.here)

        def settle(_: Storage) -> None:
            left.save(self._library.left)
            self._keep(lambda now: now.with_search_at(uri))
            self._library.move.unlink(missing_ok=True)

        self._say(replace(self.status, here=uri))
        self._store.call(Priority.INTERACTIVE, settle).result()
        self._leave(self._search.call(Priority.INTERACTIVE, Searcher.end_move).result())
        self._say(StoreStatus(uri))

    def _leave_at(self, uri: str) -> None:
        """Deletes what an earlier start was closed upon before it was deleted, unless it is wanted again."""
        wanted = (self.status.here, self.status.goes_to)
        settings = self._settings().with_search_at(uri)
        self._leave(None if uri in wanted else milvus_server(self._library, settings, self._events.notice))

    def _leave(self, server: MilvusServer | None) -> None:
        """Deletes what the library has in a Milvus that is not used any more; once closing, after the next start."""
        if server is not None:
            self._left = server
            left = self._settings().with_search_at(server.place.uri)
            try:
                self._store.call(Priority.INTERACTIVE, lambda _: left.save(self._library.left)).result()
                server.submit(lambda: _forget(self._library, server)).result()
            except StoreError as error:
                if self._stopping.is_set():
                    raise CancelledError from error
                self._events.notice(f"What this library had there was not deleted. {error}")
            finally:
                self._left = None
                server.close()
        self._store.call(Priority.INTERACTIVE, lambda _: self._library.left.unlink(missing_ok=True)).result()

    def _say(self, status: StoreStatus) -> None:
        if status != self.status:
            self.status = status
            self._events.publish(StoreChanged(status))


def _searched_at(path: Path) -> str | None:
    """Where settings that were kept in that file search; None when there are none."""
    try:
        kept = Settings.parse(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return None if kept is None else kept.searched_at


def _forget(library: LibraryPaths, server: MilvusServer) -> None:
    reader = Reader(library)
    try:
        forget_stores(reader, server, list(reader.spaces()))
    finally:
        reader.close()
