"""Getting, checking and removing models: on a thread of its own, because a download takes minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING

from core.embedding import ModelBoard
from core.errors import ModelError
from core.records import ModelState
from core.runtime.worker import Priority, Worker

if TYPE_CHECKING:
    from core.models.shelf import Shelf


class ModelKeeper:
    """Every method returns at once and may be called from any thread; futures fail with ModelError."""

    def __init__(self, shelf: Shelf, board: ModelBoard, *, on_bug: Callable[[str], None]) -> None:
        self._shelf = shelf
        self._board = board
        self._worker = Worker("models", on_bug=on_bug)
        self._lock = threading.Lock()
        self._unwanted: dict[str, threading.Event] = {}

    def download(self, model_id: str) -> Future[None]:
        """Fetches a model's weights, after other downloads. The future is cancelled by `cancel` and `stop`."""
        with self._lock:
            unwanted = self._unwanted[model_id] = threading.Event()
        return self._worker.submit_at(Priority.NORMAL, self._download, model_id, unwanted)

    def cancel(self, model_id: str) -> None:
        """Ends a download, running or not begun; what came is kept for the next one."""
        with self._lock:
            if model_id in self._unwanted:
                self._unwanted[model_id].set()

    def verify(self, model_id: str) -> Future[None]:
        """Reads a model's weights and compares them with their digests."""
        return self._worker.submit_at(Priority.INTERACTIVE, lambda: self._shelf.verify(self._shelf.card(model_id)))

    def remove(self, model_id: str) -> Future[None]:
        """Deletes what was downloaded of a model; a folder of the user's is only forgotten."""
        return self._worker.submit_at(Priority.INTERACTIVE, lambda: self._shelf.remove(self._shelf.card(model_id)))

    def use_folder(self, model_id: str, folder: Path) -> Future[None]:
        """Takes a model's weights from a folder of the user's, where they stay."""

        def use() -> None:
            self._shelf.use_folder(model_id, folder)

        return self._worker.submit_at(Priority.INTERACTIVE, use)

    def stop(self) -> None:
        """Ends every download soon; `close` waits for it."""
        with self._lock:
            for unwanted in self._unwanted.values():
                unwanted.set()

    def close(self, timeout_s: float) -> bool:
        """Ends the thread. Returns whether that was done within `timeout_s`."""
        self.stop()
        return self._worker.close(timeout_s)

    def _download(self, model_id: str, unwanted: threading.Event) -> None:
        if unwanted.is_set():
            raise CancelledError
        card = self._shelf.card(model_id)
        self._board.change(model_id, state=ModelState.DOWNLOADING, note="", got_bytes=0)

        def progress(got_bytes: int, size_bytes: int) -> None:
            self._board.change(model_id, got_bytes=got_bytes, size_bytes=size_bytes)

        try:
            self._shelf.download(card, progress=progress, cancelled=unwanted.is_set)
        except ModelError as error:
            self._board.change(model_id, state=ModelState.NOT_HERE, note=str(error), got_bytes=0)
            raise
        except CancelledError:
            self._board.change(model_id, state=ModelState.NOT_HERE, note="", got_bytes=0)
            raise
        self._board.change(model_id, state=ModelState.NOT_LOADED, note="", got_bytes=0)
