"""The engine's front as far as models go: which there are, which do the work, getting and removing weights."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from core.embedding import Embedder, ModelBoard
from core.keeping import ModelKeeper
from core.records import ModelStatus, Role
from core.runtime.lane import Lane
from core.runtime.worker import Priority


class ModelFront:
    """Part of `Engine`, which sets the attributes. Every method returns at once."""

    _board: ModelBoard
    _gpu: Lane[Embedder]
    _models: ModelKeeper

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
