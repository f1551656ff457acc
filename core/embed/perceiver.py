"""Moments of video with their sound, by likeness: the multimodal Perceiver, which sees and hears them at once.

Its 784 latents are averaged to one vector. How they are computed: core.embed.latents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embed import latents
from core.embed.device import run_graph
from core.embed.encoder import Weights
from core.embed.graph import Graph, Run
from core.embed.head import unit
from core.embed.repository import Repository
from core.records import CLIP_SAMPLES, Clip, EncoderSpec, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

VERSION = 1
"""Raise when vectors change for another reason than weights: they then belong to a space of another name."""


class Perceiver:
    """See the module. Words say nothing to it."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        self._repository = Repository(weights.folder())
        self._device = device
        self._cache = cache
        self._run: Run | None = None
        config = self._repository.json("config.json")
        latents.check(config)
        self.spec = _spec(card, config, self._repository.digest())

    @property
    def runs_on(self) -> str:
        """The network's device, once that is loaded."""
        return self._run.runs_on if self._run is not None else ""

    def load(self) -> None:
        """Makes the network ready. Raises ModelError."""
        self._ready()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """None: there are no clips that may be given away, and those of a model not shipped could not be kept."""
        (space,) = self.spec.spaces
        return {space.space_id: np.empty((0, space.dim), np.float32)}

    def unload(self) -> None:
        """Frees the network."""
        self._run = None

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Clips, each by itself. Raises ModelError."""
        (space,) = self.spec.spaces
        outputs = self._ready()([_row(segment.clip) for segment in segments if segment.clip is not None])
        means = [states.mean(1) for (states,) in outputs]
        return {space.space_id: unit(np.concatenate([np.empty((0, space.dim), np.float32), *means]))}

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:  # noqa: ARG002 - it hears no words
        """Nothing: no space of this encoder answers words."""
        return {}

    def _ready(self) -> Run:
        if self._run is None:
            self._run = run_graph(self._graph(), self._device, self._cache)
        return self._run

    def _graph(self) -> Graph:
        example = np.random.default_rng(0).integers(0, 256, (1, latents.PIXELS + CLIP_SAMPLES)).astype(np.float32)
        example[:, latents.PIXELS :] /= 256
        return Graph(
            "perceiver",
            self.spec.revision,
            lambda: latents.build(self._repository),
            example,
            example.shape,
            alone=True,
        )


def _row(clip: Clip) -> Vectors:
    """(1, pixels and samples), what the network reads."""
    return np.concatenate([clip.frames.ravel(), clip.sound], dtype=np.float32)[None]


def _spec(card: ModelCard, config: Mapping[str, Any], digest: str) -> EncoderSpec:
    revision = hashlib.sha256(repr((VERSION, digest)).encode()).hexdigest()[:8]
    motion = SpaceSpec(
        SpaceId(f"{card.model_id}/motion@{revision}"),
        dim=config.get("d_latents", 1280),  # transformers' default
        answers_text=False,
        answers_media=True,
        reason="moves like",
    )
    return EncoderSpec(card.model_id, card.title, revision, card.role, (motion,))
