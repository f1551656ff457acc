"""CLIP (Radford et al. 2021, arXiv:2103.00020) and SigLIP (Zhai et al. 2023, arXiv:2303.15343), of any size.

Two towers, one space: pictures and words are compared with each other, and pictures with pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.encoder import Weights
from core.embed.pixels import PictureTower, Preprocessing
from core.embed.repository import Repository
from core.embed.words import TextTower
from core.records import EncoderSpec, ImageView, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

VERSION = 1
"""Raise when vectors change for another reason than weights and their configuration."""


_PROJECTIONS = {"vision": "visual_projection", "text": "text_projection"}
"""CLIP's; SigLIP's towers end in the common space."""


class Clip:
    """See the module. Words run on the processor and need no torch once converted; pictures run on the device."""

    reduced = True
    """Whether it may run in numbers of fewer digits."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        self._repository = Repository(weights.folder())
        with self._repository.understood():
            self._family = _family(self._repository.json("config.json"))
            preprocessing = Preprocessing.read(self._repository.json("preprocessor_config.json"))
        name = card.model_id.replace("/", "--")
        revision = hashlib.sha256(repr((VERSION, self._repository.digest())).encode()).hexdigest()
        self._words = TextTower(
            f"{name}-words",
            revision,
            self._family.dim,
            tokenizer=self._tokenizer,
            build=lambda: self._tower("text"),
            cache=cache,
            tokens=self._family.tokens if self._family.padded else -1,
            reduced=self.reduced,
        )
        self._pictures = PictureTower(
            f"{name}-pictures",
            revision,
            self._family.dim,
            preprocessing=preprocessing,
            build=lambda: self._tower("vision"),
            device=device,
            cache=cache,
            reduced=self.reduced,
        )
        self.spec = self._spec(card, revision[:8], preprocessing.view)

    @property
    def runs_on(self) -> str:
        """The device of the picture tower, once that is loaded."""
        return self._pictures.runs_on

    def load(self) -> None:
        """Makes words ready; the picture tower waits for the first picture. Raises ModelError."""
        self._words.load()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """None: there are no pictures that every such model has seen."""
        (space,) = self.spec.spaces
        return {space.space_id: np.empty((0, space.dim), np.float32)}

    def unload(self) -> None:
        """Frees both towers."""
        self._words.unload()
        self._pictures.unload()

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Pictures in the one space. Raises ModelError."""
        return {self.spec.spaces[0].space_id: self._pictures.embed(segments)}

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """Words in the one space. Raises ModelError."""
        return {self.spec.spaces[0].space_id: self._words.embed(texts)}

    def _tower(self, name: str) -> torch.nn.Module:
        return _tower(self._repository.model(self._family.kind), name)

    def _tokenizer(self) -> Tokenizer:
        """Without padding CLIP gives the same: its last token, which counts, sees only those before it."""
        tokenizer = self._repository.tokenizer()
        tokenizer.enable_truncation(self._family.tokens)
        if self._family.padded:
            with self._repository.understood():
                _pad(tokenizer, self._repository.json("tokenizer_config.json"), self._family.tokens)
        return tokenizer

    def _spec(self, card: ModelCard, revision: str, view: ImageView) -> EncoderSpec:
        space = SpaceSpec(
            SpaceId(f"{card.model_id}/clip@{revision}"),
            dim=self._family.dim,
            answers_text=True,
            answers_media=True,
            reason="looks like",
        )
        return EncoderSpec(card.model_id, card.title, revision, card.role, (space,), view)


@dataclass(frozen=True, slots=True)
class _Family:
    """What `config.json` says of a model of either kind.

    Attributes:
        kind: transformers' class.
        dim: of the vectors.
        tokens: the most that a text may have.
        padded: whether every text is made that long: SigLIP was trained so, and all its tokens see each other.
    """

    kind: str
    dim: int
    tokens: int
    padded: bool


# what each leaves out of its config.json where it is so
_SIGLIP_WIDTH = 768


def _family(config: Mapping[str, Any]) -> _Family:
    match config.get("model_type"):
        case "clip":
            tokens = _part(config, "text").get("max_position_embeddings", 77)
            return _Family("CLIPModel", config.get("projection_dim", 512), tokens, padded=False)
        case "siglip":  # the second SigLIP's models of fixed resolution are this, too
            dim = _part(config, "vision").get("hidden_size", _SIGLIP_WIDTH)
            tokens = _part(config, "text").get("max_position_embeddings", 64)
            return _Family("SiglipModel", dim, tokens, padded=True)
        case other:
            raise ValueError(f"a model of the type {other}, neither clip nor siglip")


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is said of one tower; old files say it twice, and the second time it counts."""
    return (config.get(f"{name}_config") or {}) | (config.get(f"{name}_config_dict") or {})


def _pad(tokenizer: Tokenizer, config: Mapping[str, Any], tokens: int) -> None:
    """Makes all texts `tokens` long, and lower case, as SigLIP's were in training."""
    from tokenizers import normalizers

    pad = config["pad_token"]
    token = pad if isinstance(pad, str) else pad["content"]
    direction = config.get("padding_side", "right")
    tokenizer.enable_padding(length=tokens, pad_id=tokenizer.token_to_id(token), pad_token=token, direction=direction)
    further = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *further])


def _tower(model: Any, name: str) -> torch.nn.Module:
    """The tower `name` (vision or text) of `model`, as far as the common space."""
    import torch

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tower = getattr(model, f"{name}_model")
            self.projection = getattr(model, _PROJECTIONS[name], torch.nn.Identity())

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            projected: torch.Tensor = self.projection(self.tower(given).pooler_output)
            return projected

    return Tower().eval()
