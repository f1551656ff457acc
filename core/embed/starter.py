"""The encoder that works at once: EfficientNet-Lite0 and MiniLM from wheels, joined by a head that we trained.

One look at a picture fills two spaces: `words`, which answers words, and `looks`, which answers pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.embed import efficientnet, minilm
from core.embed.device import run_graph
from core.embed.encoder import Weights
from core.embed.graph import Run
from core.embed.head import Head
from core.errors import ModelError
from core.paths import resource
from core.records import EncoderSpec, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

SCORING = 1
"""Raise when vectors change for another reason than weights: they then belong to spaces of another name."""


class Starter:
    """See the module. Words need neither torch nor the image network, so the first answer in words comes early."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        self._weights = weights
        self._device = device
        self._cache = cache
        self._head_file = resource("starter", "head.safetensors")
        self._text = minilm.MiniLM(weights, cache)
        self._head: Head | None = None
        self._image: Run | None = None
        self.spec = _spec(card, self._head_file)

    @property
    def runs_on(self) -> str:
        """The device of the image network, once that is loaded."""
        return self._image.runs_on if self._image is not None else ""

    def load(self) -> None:
        """Makes words ready; the image network waits for the first picture. Raises ModelError."""
        self._trained()
        self._text.load()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """200 photos of the training material. Raises ModelError."""
        return self._in_both_spaces(*_strangers(resource("starter", "strangers.safetensors")))

    def unload(self) -> None:
        """Frees both networks and the head."""
        self._text.unload()
        self._head = self._image = None

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Pictures in both spaces. Raises ModelError."""
        if self._image is None:
            graph = efficientnet.graph(self._weights)
            self._image = run_graph(graph, self._device, self._cache)
        outputs = self._image([segment.views[efficientnet.VIEW][None] for segment in segments])
        features = np.concatenate([np.empty((0, efficientnet.FEATURES), np.float32), *(row for row, _ in outputs)])
        logits = np.concatenate([np.empty((0, efficientnet.CLASSES), np.float32), *(row for _, row in outputs)])
        return self._in_both_spaces(features, logits)

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """Words in the space that answers them. Raises ModelError."""
        words, _ = self.spec.spaces
        return {words.space_id: self._trained().question(self._text.embed(texts))}

    def _in_both_spaces(self, features: Vectors, logits: Vectors) -> Mapping[SpaceId, Vectors]:
        head = self._trained()
        words, looks = self.spec.spaces
        return {words.space_id: head.words(features, logits), looks.space_id: head.looks(features)}

    def _trained(self) -> Head:
        head = self._head
        if head is None:
            with _shipped(self._head_file):
                head = self._head = Head.read(self._head_file)
        return head


def _strangers(file: Path) -> tuple[Vectors, Vectors]:
    """The network's outputs, rather than vectors: they outlive the head. benchmarks/choose_strangers.py writes them."""
    from safetensors.numpy import load_file

    with _shipped(file):
        tensors = load_file(file)
        return tensors["features"].astype(np.float32), tensors["logits"].astype(np.float32)


@contextmanager
def _shipped(file: Path) -> Iterator[None]:
    """Reading `file`, which came with the program; raises ModelError if it is not as it came."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(f"The file {file} is damaged ({error}).", "Install Likewise again.") from error


def _spec(card: ModelCard, head_file: Path) -> EncoderSpec:
    parts = (SCORING, minilm.REVISION, efficientnet.REVISION, hashlib.sha256(head_file.read_bytes()).hexdigest())
    revision = hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
    words = SpaceSpec(
        SpaceId(f"{card.model_id}/words@{revision}"),
        dim=2 * minilm.DIM,
        answers_text=True,
        answers_media=False,
        reason="matches the words",
    )
    looks = SpaceSpec(
        SpaceId(f"{card.model_id}/looks@{revision}"),
        dim=efficientnet.FEATURES,
        answers_text=False,
        answers_media=True,
        reason="looks like",
    )
    return EncoderSpec(card.model_id, card.title, revision, card.role, (words, looks), efficientnet.VIEW)
