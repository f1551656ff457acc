"""The encoders in use: loaded when first needed, on the one thread that may touch a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.errors import ModelError
from core.events import EventBus, ModelChanged
from core.records import EncoderSpec, ModelState, ModelStatus, Segment, SpaceId, SpaceSpec, Vectors

if TYPE_CHECKING:
    from core.embed.encoder import Encoder


class ModelBoard:
    """What state each encoder is in. Written by the `gpu` thread, read by any."""

    def __init__(self, specs: Sequence[EncoderSpec], events: EventBus) -> None:
        self._events = events
        self._statuses = {spec.encoder_id: ModelStatus(spec, ModelState.NOT_LOADED) for spec in specs}

    @property
    def statuses(self) -> list[ModelStatus]:
        """Every encoder's state, in registry order."""
        return list(self._statuses.values())

    @property
    def spaces(self) -> list[SpaceSpec]:
        """Every space of every encoder."""
        return [space for status in self._statuses.values() for space in status.spec.spaces]

    def set(self, spec: EncoderSpec, state: ModelState, note: str = "") -> None:
        """Notes a state, and tells of it if it is another."""
        status = ModelStatus(spec, state, note)
        if status == self._statuses[spec.encoder_id]:
            return
        self._statuses[spec.encoder_id] = status
        self._events.publish(ModelChanged(status))


class Embedder:
    """Runs every encoder in use. All methods belong to the `gpu` thread and raise ModelError."""

    def __init__(self, encoders: Sequence[Encoder], board: ModelBoard) -> None:
        self._encoders = encoders
        self._board = board
        self._loaded: set[str] = set()

    def media(self, segments: Sequence[Segment]) -> dict[SpaceId, Vectors]:
        """The segments' vectors in every space; a row that is not finite could not be understood."""
        return self._each(lambda encoder: encoder.encode_media(segments))

    def texts(self, texts: Sequence[str]) -> dict[SpaceId, Vectors]:
        """The texts' vectors in every space that answers words."""
        return self._each(lambda encoder: encoder.encode_query(texts))

    def unload(self) -> None:
        """Frees every model."""
        for encoder in self._encoders:
            encoder.unload()
        self._loaded.clear()

    def _each(self, encode: Callable[[Encoder], Mapping[SpaceId, Vectors]]) -> dict[SpaceId, Vectors]:
        """What every usable encoder says; an encoder without weights is left out, none at all is an error."""
        vectors: dict[SpaceId, Vectors] = {}
        missing: ModelError | None = None
        for encoder in self._encoders:
            try:
                self._load(encoder)
                vectors.update(encode(encoder))
            except ModelError as error:
                self._loaded.discard(encoder.spec.encoder_id)
                self._board.set(encoder.spec, ModelState.UNAVAILABLE, str(error))
                missing = error
            else:
                self._board.set(encoder.spec, ModelState.READY, encoder.runs_on)
        if missing is not None and not vectors:
            raise missing
        return vectors

    def _load(self, encoder: Encoder) -> None:
        if encoder.spec.encoder_id in self._loaded:
            return
        self._board.set(encoder.spec, ModelState.LOADING)
        encoder.load()
        self._loaded.add(encoder.spec.encoder_id)
