"""Putting models to use, getting and removing them: downloads on a thread of their own, because they take minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING

from core.choosing import Chooser
from core.embedding import ModelBoard
from core.errors import ModelError
from core.lineup import Lineup, spaces_of
from core.records import ModelCard, ModelState, ModelStatus, Role, SpaceId
from core.runtime.lane import Lane
from core.runtime.worker import Priority, Worker
from core.settings import Settings
from core.settings_keeper import Update
from core.storage import Storage
from core.store.catalog import Catalog
from core.store.spaces import SpacePlan

if TYPE_CHECKING:
    from core.models.shelf import Shelf


class ModelKeeper:
    """Who does the work, and how that changes. Methods return at once unless said; futures fail with ModelError.

    Attributes:
        lineup: who does the work now. Read by any thread, replaced on the `store` thread.
    """

    def __init__(
        self,
        shelf: Shelf,
        chooser: Chooser,
        board: ModelBoard,
        store: Lane[Storage],
        *,
        settings: Callable[[], Settings],
        keep: Callable[[Update], Settings],
        changed: Callable[[Lineup], None],
        on_bug: Callable[[str], None],
    ) -> None:
        """`keep` makes other settings of those that are and saves them, `changed` is told of another lineup.

        Both are called on the `store` thread.
        """
        self.lineup = Lineup()
        self._shelf = shelf
        self._chooser = chooser
        self._board = board
        self._store = store
        self._settings = settings
        self._keep = keep
        self._changed = changed
        self._worker = Worker("models", on_bug=on_bug)
        self._lock = threading.Lock()
        self._unwanted: dict[str, threading.Event] = {}
        self._stopping = threading.Event()

    # who does the work

    def open(self, catalog: Catalog) -> None:
        """Chooses for the first time. Runs on the `store` thread, before anything else does."""
        self.lineup = self._chooser.choose(self._settings(), catalog.active_spaces(), catalog.plan_spaces)
        self._chooser.show(self.lineup, catalog.shares())

    def open_reading(self, active: Mapping[SpaceId, str]) -> None:
        """Takes who answers in a library that another process has open."""
        self.lineup = self._chooser.reading(active)
        self._chooser.show(self.lineup, {})

    def use(self, model_id: str) -> Future[None]:
        """Lets a model do what it is for, once it has understood what the former one has."""

        def choose(storage: Storage) -> None:
            card = self._shelf.card(model_id)
            here = self._shelf.here(card)
            if not here.present:
                raise ModelError(f"{card.title} cannot be used yet: {here.reason}")
            self._choose(storage, self._keep(lambda now: now.with_model(card.role, card.model_id)))

        return self._store.call(Priority.INTERACTIVE, choose)

    def change(self, storage: Storage, settings: Settings) -> None:
        """Other settings, and the models that they name. Runs on the `store` thread."""
        self._choose(storage, self._keep(lambda _: settings))

    def stop_using(self, role: Role) -> Future[None]:
        """Lets nobody do what a role is for."""
        return self._store.call(
            Priority.INTERACTIVE,
            lambda storage: self._choose(storage, self._keep(lambda now: now.with_model(role, ""))),
        )

    def switched(self, plan: SpacePlan) -> None:
        """Other spaces answer from now on. Waits until everybody knows."""
        self._store.call(
            Priority.NORMAL, lambda storage: self._set(storage, self._chooser.switched(self.lineup, plan))
        ).result()

    def advanced(self) -> None:
        """More was understood: says how far those have come that are to take over."""
        lineup = self.lineup
        if spaces_of(lineup.encoders) - lineup.active:
            self._store.call(
                Priority.BATCH, lambda storage: self._chooser.advance(self.lineup, storage.catalog.shares())
            )

    def _choose(self, storage: Storage, settings: Settings) -> None:
        catalog = storage.catalog
        self._set(storage, self._chooser.choose(settings, catalog.active_spaces(), catalog.plan_spaces))

    def _set(self, storage: Storage, lineup: Lineup) -> None:
        self.lineup = lineup
        self._chooser.show(lineup, storage.catalog.shares())
        self._changed(lineup)

    # weights

    def download(self, model_id: str) -> Future[None]:
        """Fetches a model's weights, after other downloads. The future is cancelled by `cancel` and `stop`."""
        unwanted = threading.Event()
        with self._lock:
            self._unwanted[model_id] = unwanted
        return self._tend(Priority.NORMAL, model_id, lambda card: self._download(card, unwanted))

    def cancel(self, model_id: str) -> None:
        """Ends a download, running or not begun; what came is kept for the next one."""
        with self._lock:
            if model_id in self._unwanted:
                self._unwanted[model_id].set()

    def verify(self, model_id: str) -> Future[None]:
        """Reads a model's weights and compares them with their digests."""
        return self._tend(Priority.INTERACTIVE, model_id, self._shelf.verify, changes=False)

    def remove(self, model_id: str) -> Future[None]:
        """Deletes what was downloaded of a model; a folder of the user's is only forgotten."""
        return self._tend(Priority.INTERACTIVE, model_id, self._shelf.remove)

    def use_folder(self, model_id: str, folder: Path) -> Future[None]:
        """Takes a model's weights from a folder of the user's, where they stay."""
        return self._tend(Priority.INTERACTIVE, model_id, lambda card: self._shelf.use_folder(card, folder))

    def stop(self) -> None:
        """Ends every download soon; `close` waits for it."""
        self._stopping.set()
        with self._lock:
            for unwanted in self._unwanted.values():
                unwanted.set()

    def close(self, timeout_s: float) -> bool:
        """Ends the thread. Returns whether that was done within `timeout_s`."""
        self.stop()
        return self._worker.close(timeout_s)

    def _tend(
        self, priority: Priority, model_id: str, act: Callable[[ModelCard], object], *, changes: bool = True
    ) -> Future[None]:
        """Does something to a model's weights, after which another may do the work.

        Not so where it neither `changes` them nor fails, and the model has worked.
        """

        def again(storage: Storage) -> None:
            self._chooser.forget(self._shelf.card(model_id).model_id)
            self._choose(storage, self._settings())

        def tend() -> None:
            is_other = True
            try:
                card = self._shelf.card(model_id)
                act(card)
                is_other = changes or self._board.state(card.model_id) is ModelState.UNAVAILABLE
            finally:
                if is_other and not self._stopping.is_set():
                    self._store.call(Priority.INTERACTIVE, again).result()

        return self._worker.submit_at(priority, tend)

    def _download(self, card: ModelCard, unwanted: threading.Event) -> None:
        with self._lock:
            self._unwanted[card.model_id] = unwanted  # it may have been called by its id on the hub
        if unwanted.is_set():
            raise CancelledError
        self._board.show(ModelStatus(card, ModelState.DOWNLOADING, size_bytes=card.size_bytes))

        def progress(got_bytes: int, size_bytes: int) -> None:
            self._board.change(card.model_id, got_bytes=got_bytes, size_bytes=size_bytes)

        try:
            self._shelf.download(card, progress=progress, cancelled=unwanted.is_set)
        finally:
            self._board.change(card.model_id, state=ModelState.NOT_HERE, got_bytes=0)
