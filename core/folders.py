"""What the user does with folders: add, remove, say what is to become of one that is not what it was."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from core.errors import FolderError
from core.events import EventBus, FoldersChanged, LibraryChanged
from core.indexing import Indexer
from core.reading import Reading
from core.records import Folder, FolderId, FolderState
from core.runtime.chain import chain
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.storage import Storage
from core.watch.folder import watchable


class FolderKeeper:
    """Every method returns at once."""

    def __init__(
        self, library: Path, store: Lane[Storage], read: Lane[Reading], indexer: Indexer, events: EventBus
    ) -> None:
        self._library = library
        self._store = store
        self._read = read
        self._indexer = indexer
        self._events = events

    def add(self, path: Path, *, again: bool = False) -> Future[Folder]:
        """Watches a folder from now on, or `again`; then it may be away. Fails with FolderError."""

        def check(reading: Reading) -> Path:
            return watchable(path, self._library, [folder.path for folder in reading.folders()], again=again)

        def add(storage: Storage, real: Path) -> Folder:
            folder = storage.catalog.add_folder(real)
            self._events.publish(FoldersChanged())
            self._indexer.scan(folder.folder_id)
            return folder

        checked = self._read.call(Priority.INTERACTIVE, check)
        return chain(checked, lambda real: self._store.call(Priority.INTERACTIVE, add, real))

    def remove(self, folder_id: FolderId) -> Future[None]:
        """Forgets a folder."""

        def remove(storage: Storage) -> None:
            storage.catalog.remove_folder(folder_id)
            self._tell()
            self._indexer.scan()

        return self._store.call(Priority.INTERACTIVE, remove)

    def accept(self, folder_id: FolderId) -> Future[None]:
        """Takes a folder for what it is now. Fails with FolderError if it cannot be reached."""

        def check(reading: Reading) -> None:
            for folder in reading.folders():
                if folder.folder_id == folder_id and folder.state is not FolderState.ONLINE:
                    raise FolderError(f"{folder.path} cannot be reached.", "Connect its drive, then try again.")

        return chain(self._indexer.accept(folder_id), lambda _: self._read.call(Priority.INTERACTIVE, check))

    def settle_lost(self, folder_id: FolderId, *, keep: bool) -> Future[None]:
        """Keeps or forgets what is known of files that are not there any more."""

        def settle(storage: Storage) -> None:
            storage.catalog.settle_lost(folder_id, keep=keep)
            self._tell()

        return self._store.call(Priority.INTERACTIVE, settle)

    def _tell(self) -> None:
        self._events.publish(FoldersChanged())
        self._events.publish(LibraryChanged())
