"""What an encoder is, and which there are. A new encoder is its file and one line in ENCODERS."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from core.records import EncoderSpec, Segment, SpaceId, Vectors, WeightFile


class Weights(Protocol):
    """Where weights come from, whatever carries them."""

    def __call__(self, file: WeightFile) -> bytes:
        """The file's bytes, checked against its digest. Raises ModelError."""


class Encoder(Protocol):
    """Turns decoded segments, and words where it has a text tower, into vectors.

    Making one is cheap and imports nothing heavy. All methods are called on one thread. Vectors are float32, one row a
    segment or text, of norm 1; a row that could not be computed is all NaN.
    """

    spec: EncoderSpec

    @property
    def runs_on(self) -> str:
        """What the loaded model runs on, in the user's words; empty before that is known."""

    def load(self) -> None:
        """Makes ready what the first question needs. May take seconds. Raises ModelError."""

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """Vectors of things in nobody's library, in each space: what chance is measured on while a library is small.

        May be called on any thread. Raises ModelError.
        """

    def unload(self) -> None:
        """Frees what `load` and the first pictures took."""

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """The segments' vectors in each of the encoder's spaces. Raises ModelError."""

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """The texts' vectors in each space that answers words. Raises ModelError."""


class EncoderFactory(Protocol):
    """How every encoder is made."""

    def __call__(self, *, weights: Weights, device: str, cache: Path) -> Encoder:
        """An encoder that is not loaded yet."""


ENCODERS: dict[str, str] = {
    "starter": "core.embed.starter:Starter",
}


def make_encoder(encoder_id: str, *, weights: Weights, device: str, cache: Path) -> Encoder:
    """The encoder registered as `encoder_id`, not loaded.

    Args:
        encoder_id: a key of ENCODERS.
        weights: how it gets its weights.
        device: the setting: auto, cpu, cuda or mps.
        cache: the folder for models converted for this machine.
    """
    module, _, name = ENCODERS[encoder_id].partition(":")
    factory = cast(EncoderFactory, getattr(importlib.import_module(module), name))
    return factory(weights=weights, device=device, cache=cache)
