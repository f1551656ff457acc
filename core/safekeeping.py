"""Backups as front ends see them: which there are, one more now, and going back to one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from core.events import EventBus, FoldersChanged, LibraryChanged
from core.keeping import ModelKeeper
from core.records import Backup
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.settings import Settings
from core.storage import Storage


class Safekeeping:
    """Backups of what only the user can make. They are made by themselves, too: every half hour of use with changes."""

    def __init__(
        self,
        store: Lane[Storage],
        models: ModelKeeper,
        events: EventBus,
        *,
        scan: Callable[[], object],
    ) -> None:
        """`scan` looks through the folders, which may be others after going back."""
        self._store = store
        self._models = models
        self._events = events
        self._scan = scan

    def all(self) -> Future[list[Backup]]:
        """Every backup that is whole, newest first."""
        return self._store.call(Priority.INTERACTIVE, lambda storage: storage.backups.all())

    def create(self) -> Future[Backup]:
        """Backs up now, whether anything has changed or not. Fails with LibraryError when the disk is full."""
        return self._store.call(
            Priority.INTERACTIVE, lambda storage: storage.backups.make(storage.catalog.users_rows())
        )

    def restore(self, number: int) -> Future[Backup]:
        """Goes back to a backup; answers with one of how it was before, which undoes this.

        A folder that is watched now as well keeps its files; what was understood of others is kept for a month. Fails
        with LibraryError.
        """

        def restore(storage: Storage) -> Backup:
            content = storage.backups.content(number)
            before = storage.backups.make(storage.catalog.users_rows())
            storage.catalog.restore(content.rows)
            if (settings := Settings.parse(content.settings)) is not None:
                self._models.change(storage, settings)
            self._events.publish(FoldersChanged())
            self._events.publish(LibraryChanged())
            self._scan()
            return before

        return self._store.call(Priority.INTERACTIVE, restore)
