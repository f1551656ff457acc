"""The models at work: loaded when first needed, freed when long idle, on the one thread that may touch a model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.events import EventBus, ModelChanged
from core.records import ModelState, ModelStatus, Segment, SpaceId, Vectors

if TYPE_CHECKING:
    from core.embed.encoder import Encoder

IDLE_S = 600.0
"""A model that nobody has needed for so long is freed."""


class ModelBoard:
    """How each model is. Written by any thread that knows, read by all; each change is told."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._statuses: dict[str, ModelStatus] = {}

    @property
    def statuses(self) -> list[ModelStatus]:
        """Every model, in the order in which they were first shown."""
        return list(self._statuses.values())

    def state(self, model_id: str) -> ModelState | None:
        """That of one model; None of one that is not known."""
        known = self._statuses.get(model_id)
        return None if known is None else known.state

    def show(self, status: ModelStatus) -> None:
        """Makes a model known, or all of what is known of it anew."""
        self.revise(status.card.model_id, lambda _: status)

    def change(self, model_id: str, **changes: Any) -> None:
        """Changes some of what is known of a model, if it is known."""
        self.revise(model_id, lambda known: known and replace(known, **changes))

    def revise(self, model_id: str, make: Callable[[ModelStatus | None], ModelStatus | None]) -> None:
        """Makes of what is known of a model what is known from now on; nobody says anything of it in between."""
        with self._lock:
            known = self._statuses.get(model_id)
            status = make(known)
            if status is None or status == known:
                return
            self._statuses = {**self._statuses, model_id: status}
        self._events.publish(ModelChanged(status))


class Embedder:
    """Runs encoders. All methods belong to the `gpu` thread and raise ModelError."""

    def __init__(self, board: ModelBoard) -> None:
        self._board = board
        self._used: dict[Encoder, float] = {}
        self._broken: dict[Encoder, ModelError] = {}

    def media(self, encoder: Encoder, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """The segments' vectors in the encoder's spaces; a row that is not finite could not be understood."""
        with self._turn(encoder):
            return encoder.encode_media(segments)

    def texts(self, encoders: Sequence[Encoder], texts: Sequence[str]) -> dict[SpaceId, Vectors]:
        """The texts' vectors in every space that answers words; an encoder that does not work is left out.

        Raises ModelError if none works.
        """
        vectors: dict[SpaceId, Vectors] = {}
        error: ModelError | None = None
        for encoder in encoders:
            try:
                with self._turn(encoder):
                    vectors.update(encoder.encode_query(texts))
            except ModelError as found:
                error = found
        if error is not None and not vectors:
            raise error
        return vectors

    def load(self, encoders: Sequence[Encoder]) -> None:
        """Loads encoders; the board says which of them do not work."""
        for encoder in encoders:
            with suppress(ModelError), self._turn(encoder):
                continue

    def strangers(self, encoders: Sequence[Encoder]) -> dict[SpaceId, Vectors]:
        """Vectors of things in nobody's library, in every space of these encoders; none where one does not work."""
        vectors: dict[SpaceId, Vectors] = {}
        for encoder in encoders:
            try:
                with self._turn(encoder):
                    vectors.update(encoder.strangers())
            except ModelError:
                continue
        return vectors

    def unload(self, idle_s: float = 0.0) -> None:
        """Frees every model that nobody has needed for `idle_s` seconds."""
        for encoder, used_at in list(self._used.items()):
            if time.monotonic() - used_at >= idle_s:
                self._free(encoder)

    def keep(self, encoders: Collection[Encoder]) -> None:
        """Frees every model but these: the others do the work no more, or their weights are others now."""
        for encoder in self._used.keys() - {*encoders}:
            self._free(encoder)
        self._broken = {encoder: error for encoder, error in self._broken.items() if encoder in encoders}

    def _free(self, encoder: Encoder) -> None:
        encoder.unload()
        del self._used[encoder]

        def freed(known: ModelStatus | None) -> ModelStatus | None:
            if known is None or known.state is not ModelState.READY:  # it has gone, or is arriving
                return known
            return replace(known, state=ModelState.NOT_LOADED, note="")

        self._board.revise(encoder.spec.encoder_id, freed)

    @contextmanager
    def _turn(self, encoder: Encoder) -> Iterator[None]:
        """One use of an encoder, loaded if need be. One that did not work is not tried again."""
        if encoder in self._broken:
            raise self._broken[encoder]
        model_id = encoder.spec.encoder_id
        try:
            if encoder not in self._used:
                self._board.change(model_id, state=ModelState.LOADING)
                encoder.load()
            self._used[encoder] = time.monotonic()
            yield
        except ModelError as error:
            self._broken[encoder] = error
            self._used.pop(encoder, None)
            encoder.unload()  # half of it may be there
            self._board.change(model_id, state=ModelState.UNAVAILABLE, note=str(error))
            raise
        self._board.change(model_id, state=ModelState.READY, note=encoder.runs_on)
