"""CLIP (Radford et al. 2021, arXiv:2103.00020) and SigLIP (Zhai et al. 2023, arXiv:2303.15343), of any size.

Two towers, one space: pictures and words are compared with each other, and pictures with pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.device import run_graph
from core.embed.encoder import Weights
from core.embed.graph import Graph, Run
from core.embed.head import unit
from core.embed.pixels import Preprocessing
from core.embed.repository import Repository
from core.embed.words import TextTower
from core.records import EncoderSpec, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

VERSION = 1
"""Raise when vectors change for another reason than weights and their configuration."""
_GMAC_AT_ONCE = 36
"""What two cores do in 100 ms, in bfloat16, in thousand millions of multiplications."""
_MOST_AT_ONCE = 16


_PROJECTIONS = {"vision": "visual_projection", "text": "text_projection"}
"""CLIP's; SigLIP's towers end in the common space."""


class Clip:
    """See the module. Words run on the processor and need no torch once converted; pictures run on the device."""

    reduced = True
    """Whether it may run in numbers of fewer digits."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        self._repository = Repository(weights.folder())
        self._device = device
        self._cache = cache
        self._name = card.model_id.replace("/", "--")
        with self._repository.understood():
            self._family = _family(self._repository.json("config.json"))
            self._preprocessing = Preprocessing.read(self._repository.json("preprocessor_config.json"))
        self._revision = hashlib.sha256(repr((VERSION, self._repository.digest())).encode()).hexdigest()
        self._text = TextTower(
            f"{self._name}-words",
            self._revision,
            self._family.dim,
            tokenizer=self._tokenizer,
            build=lambda: _tower(self._model(), "text", lambda tokens: tokens),
            cache=cache,
            tokens=self._family.tokens if self._family.padded else -1,
            reduced=self.reduced,
        )
        self._pictures: Run | None = None
        self._runs_on = ""
        self.spec = self._spec(card)

    @property
    def runs_on(self) -> str:
        """The device of the picture tower, once that is loaded."""
        return self._runs_on

    def load(self) -> None:
        """Makes words ready; the picture tower waits for the first picture. Raises ModelError."""
        self._text.load()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """None: there are no pictures that every such model has seen."""
        (space,) = self.spec.spaces
        return {space.space_id: np.empty((0, space.dim), np.float32)}

    def unload(self) -> None:
        """Frees both towers."""
        self._text.unload()
        self._pictures = None
        self._runs_on = ""

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Pictures in the one space. Raises ModelError."""
        if self._pictures is None:
            self._pictures, self._runs_on = run_graph(self._graph(), self._device, self._cache)
        (space,) = self.spec.spaces
        rows = self._pictures([segment.views[self._preprocessing.view][None] for segment in segments])
        return {space.space_id: unit(np.concatenate([np.empty((0, space.dim), np.float32), *(row for (row,) in rows)]))}

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """Words in the one space. Raises ModelError."""
        (space,) = self.spec.spaces
        return {space.space_id: self._text.embed(texts)}

    def _graph(self) -> Graph:
        example = self._preprocessing.example()
        return Graph(
            f"{self._name}-pictures",
            self._revision,
            lambda: _tower(self._model(), "vision", self._preprocessing.scaled),
            example,
            (-1, *example.shape[1:]),
            alone=False,
            reduced=self.reduced,
        )

    def _model(self) -> Any:
        return self._repository.model(self._family.kind)

    def _tokenizer(self) -> Tokenizer:
        """Without padding CLIP gives the same: its last token, which counts, sees only those before it."""
        tokenizer = self._repository.tokenizer()
        tokenizer.enable_truncation(self._family.tokens)
        if self._family.padded:
            with self._repository.understood():
                _pad(tokenizer, self._repository.json("tokenizer_config.json"), self._family.tokens)
        return tokenizer

    def _spec(self, card: ModelCard) -> EncoderSpec:
        revision = self._revision[:8]
        space = SpaceSpec(
            SpaceId(f"{card.model_id}/clip@{revision}"),
            dim=self._family.dim,
            answers_text=True,
            answers_media=True,
            reason="looks like what was asked",
        )
        at_once = max(1, min(_MOST_AT_ONCE, round(_GMAC_AT_ONCE / self._family.gmac)))
        return EncoderSpec(
            card.model_id, card.title, revision, card.role, (space,), self._preprocessing.view, at_once=at_once
        )


@dataclass(frozen=True, slots=True)
class _Family:
    """What `config.json` says of a model of either kind.

    Attributes:
        kind: transformers' class.
        dim: of the vectors.
        tokens: the most that a text may have.
        padded: whether every text is made that long: SigLIP was trained so, and all its tokens see each other.
        gmac: thousand millions of multiplications that a picture takes.
    """

    kind: str
    dim: int
    tokens: int
    padded: bool
    gmac: float


# what each leaves out of its config.json where it is so
_CLIP_VISION = {"hidden_size": 768, "num_hidden_layers": 12, "image_size": 224, "patch_size": 32}
_SIGLIP_VISION = _CLIP_VISION | {"patch_size": 16}


def _family(config: Mapping[str, Any]) -> _Family:
    match config.get("model_type"):
        case "clip":
            vision = _CLIP_VISION | _part(config, "vision")
            tokens = _part(config, "text").get("max_position_embeddings", 77)
            return _Family("CLIPModel", config.get("projection_dim", 512), tokens, padded=False, gmac=_gmac(vision))
        case "siglip":  # the second SigLIP's models of fixed resolution are this, too
            vision = _SIGLIP_VISION | _part(config, "vision")
            tokens = _part(config, "text").get("max_position_embeddings", 64)
            return _Family("SiglipModel", vision["hidden_size"], tokens, padded=True, gmac=_gmac(vision))
        case other:
            raise ValueError(f"a model of the type {other}, neither clip nor siglip")


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is said of one tower; old files say it twice, and the second time it counts."""
    return (config.get(f"{name}_config") or {}) | (config.get(f"{name}_config_dict") or {})


def _gmac(vision: Mapping[str, int]) -> float:
    tokens = (vision["image_size"] // vision["patch_size"]) ** 2
    return 12 * vision["hidden_size"] ** 2 * vision["num_hidden_layers"] * tokens / 1e9


def _pad(tokenizer: Tokenizer, config: Mapping[str, Any], tokens: int) -> None:
    """Makes all texts `tokens` long, and lower case, as SigLIP's were in training."""
    from tokenizers import normalizers

    pad = config["pad_token"]
    token = pad if isinstance(pad, str) else pad["content"]
    direction = config.get("padding_side", "right")
    tokenizer.enable_padding(length=tokens, pad_id=tokenizer.token_to_id(token), pad_token=token, direction=direction)
    further = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *further])


def _tower(model: Any, name: str, prepare: Callable[[torch.Tensor], torch.Tensor]) -> torch.nn.Module:
    """The tower `name` of `model` (vision or text), with what comes before and after it."""
    import torch

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tower = getattr(model, f"{name}_model")
            self.projection = getattr(model, _PROJECTIONS[name], torch.nn.Identity())

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            projected: torch.Tensor = self.projection(self.tower(prepare(given)).pooler_output)
            return projected

    return Tower().eval()
