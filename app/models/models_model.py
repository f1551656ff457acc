"""The models as the window sees them: what the engine says of each, and what came of what was asked of it here."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.bridge import Bridge
from core import CoreError, Event, ModelChanged, ModelState, ModelStatus, Role

if TYPE_CHECKING:
    from core import Engine

_MEASURED_S = 1.0
"""How long a download must have run before its speed says anything."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model.

    Attributes:
        status: what the engine says.
        answering: what the models are called that do now what this one is for.
        is_asked_for: whether its download waits for its turn.
        left_s: how long a download will still take, if that is known.
        busy: what is being done to it, in words; empty if nothing.
        said: what came of what was last asked of it; `is_refused` if that is bad news.
    """

    status: ModelStatus
    answering: tuple[str, ...] = ()
    is_asked_for: bool = False
    left_s: float | None = None
    busy: str = ""
    said: str = ""
    is_refused: bool = False


class ModelsModel(QObject):
    """Follows the engine, and asks it for what the user wants of a model.

    Signals:
        listed: there are other models than before.
        changed: something is new about the model of this id.
        add_answered: what there is to say to a model that was asked for by its hub id; empty if it shows by itself.
    """

    listed = Signal()
    changed = Signal(str)
    add_answered = Signal(str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._statuses: dict[str, ModelStatus] = {}
        self._asked_for: set[str] = set()
        self._begun: dict[str, tuple[float, int]] = {}
        self._busy: dict[str, str] = {}
        self._said: dict[str, tuple[str, bool]] = {}
        bridge.opened.connect(self._load)
        bridge.happened.connect(self._hear)

    # what there is

    @property
    def entries(self) -> list[Entry]:
        """All models, in the engine's order."""
        return [self.entry(model_id) for model_id in self._statuses]

    def entry(self, model_id: str) -> Entry:
        """What is known of a model."""
        status = self._statuses[model_id]
        said, is_refused = self._said.get(model_id, ("", False))
        return Entry(
            status,
            tuple(
                other.card.title
                for other in self._statuses.values()
                if other.in_use and other.card.role is status.card.role and other is not status
            ),
            model_id in self._asked_for,
            self._left_s(status),
            self._busy.get(model_id, ""),
            said,
            is_refused,
        )

    @property
    def runs_on(self) -> list[str]:
        """What models run on at this moment."""
        ready = (status for status in self._statuses.values() if status.state is ModelState.READY)
        return sorted({status.note for status in ready if status.note})

    def _left_s(self, status: ModelStatus) -> float | None:
        begun_s, begun_bytes = self._begun.get(status.card.model_id, (0.0, 0))
        ran_s, came = time.monotonic() - begun_s, status.got_bytes - begun_bytes
        if status.state is not ModelState.DOWNLOADING or not begun_s or ran_s < _MEASURED_S or came <= 0:
            return None
        return (status.size_bytes - status.got_bytes) * ran_s / came

    # what the engine tells

    @Slot()
    def _load(self) -> None:
        if self._bridge.engine is not None:
            for status in self._bridge.engine.models():
                self._take(status)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, ModelChanged):
            self._take(event.status)

    def _take(self, status: ModelStatus) -> None:
        model_id = status.card.model_id
        before = self._statuses.get(model_id)
        if _is_nothing(status):
            if self._statuses.pop(model_id, None) is not None:
                self.listed.emit()
            return
        self._statuses[model_id] = status
        if status.state is not ModelState.DOWNLOADING:
            self._begun.pop(model_id, None)
        elif status.got_bytes and model_id not in self._begun:
            self._begun[model_id] = (time.monotonic(), status.got_bytes)
        if before is None or before.card != status.card:
            self.listed.emit()
        if before is not None and before.in_use != status.in_use:
            for other in [other for other in self._statuses.values() if other.card.role is status.card.role]:
                self.changed.emit(other.card.model_id)
        else:
            self.changed.emit(model_id)

    # what the user wants

    def download(self, model_id: str) -> None:
        """Fetches a model's weights: the user has agreed to that."""
        self._asked_for.add(model_id)
        self._ask(model_id, lambda engine: engine.download_model(model_id))

    def cancel(self, model_id: str) -> None:
        """Ends a download, or takes it out of those that wait."""
        self._asked_for.discard(model_id)
        if self._bridge.engine is not None:
            self._bridge.engine.cancel_download(model_id)
        self.changed.emit(model_id)

    def use(self, model_id: str) -> None:
        """Lets a model do what it is for."""
        self._ask(model_id, lambda engine: engine.use_model(model_id))

    def stop_using(self, model_id: str) -> None:
        """Lets nobody do what this model is for."""
        role = self._statuses[model_id].card.role
        self._ask(model_id, lambda engine: engine.stop_using(role))

    def keep_former(self, model_id: str) -> None:
        """Lets this model not take over after all: the one that answers goes on."""
        role = self._statuses[model_id].card.role
        former = [status.card.model_id for status in self._in_use(role)]
        if former:
            self._ask(model_id, lambda engine: engine.use_model(former[0]))
        else:
            self.stop_using(model_id)

    def check(self, model_id: str) -> None:
        """Reads all of a model's files and compares them with their digests."""
        self._ask(
            model_id,
            lambda engine: engine.verify_model(model_id),
            busy="Reading every file of it…",
            done="Every file is as it should be.",
        )

    def remove(self, model_id: str) -> None:
        """Deletes what was downloaded of a model; a folder of the user's is only forgotten."""
        self._ask(model_id, lambda engine: engine.remove_model(model_id), busy="Being removed…")

    def use_folder(self, model_id: str, folder: Path) -> None:
        """Takes a model's weights from a folder of the user's."""
        self._ask(
            model_id, lambda engine: engine.use_model_folder(model_id, folder), busy="Reading what is in the folder…"
        )

    def add(self, hub_id: str) -> None:
        """Fetches a model by its id on the hub."""
        if "/" not in hub_id:
            self.add_answered.emit(
                f"“{hub_id}” is not the id of a model. It is written owner/name, and stands at the top of the model's "
                "page on the hub."
            )
            return
        known = next((status for status in self._statuses.values() if hub_id == status.card.repository), None)
        if known is not None and known.state not in {ModelState.NOT_HERE, ModelState.DOWNLOADING}:
            self.add_answered.emit(f"{known.card.title} is here already.")
            return
        self.add_answered.emit("")
        self.download(hub_id if known is None else known.card.model_id)

    def _in_use(self, role: Role) -> list[ModelStatus]:
        return [status for status in self._statuses.values() if status.in_use and status.card.role is role]

    def _ask(self, model_id: str, ask: Callable[[Engine], Future[None]], *, busy: str = "", done: str = "") -> None:
        if self._bridge.engine is None:
            return
        self._said.pop(model_id, None)
        if busy:
            self._busy[model_id] = busy
        self._bridge.call(ask(self._bridge.engine), partial(self._done, model_id, done), partial(self._fail, model_id))
        if model_id in self._statuses:
            self.changed.emit(model_id)

    def _done(self, model_id: str, said: str, _nothing: None) -> None:
        self._answer(model_id, said, is_refused=False)

    def _fail(self, model_id: str, error: BaseException) -> None:
        if not isinstance(error, CoreError):
            self._bridge.failed.emit(error)
        self._answer(model_id, str(error) if isinstance(error, CoreError) else "", is_refused=True)

    def _answer(self, model_id: str, said: str, *, is_refused: bool) -> None:
        self._asked_for.discard(model_id)
        self._busy.pop(model_id, None)
        status = self._statuses.get(model_id)
        if status is None or not status.card.family:
            self.add_answered.emit(said)  # of a model that nothing is known of there is no row to say it in
            return
        if said:
            self._said[model_id] = (said, is_refused)
        self.changed.emit(model_id)


def _is_nothing(status: ModelStatus) -> bool:
    """Whether it is only the name of a model that could not be fetched."""
    return not status.card.family and status.state is not ModelState.DOWNLOADING
