"""ResNet-50 (He et al. 2016, arXiv:1512.03385): what a picture looks like, beside what is on it.

The vector is the last feature map averaged over places, which the classifier would read. Weights come as the hub has
them, or as torchvision does: the same network under other names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.encoder import Weights
from core.embed.pixels import BILINEAR, PictureTower, Preprocessing
from core.embed.repository import WEIGHTS, Repository
from core.records import EncoderSpec, ImageView, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

if TYPE_CHECKING:
    import torch

VERSION = 1
"""Raise when vectors change for another reason than weights and their configuration."""
FEATURES = 2048
_TORCHVISIONS = ("*.safetensors", "*.pth")
_SECOND_RECIPE = "11ad3fa6"
"""In the name of torchvision's newer weights, which were made for pictures resized to less."""
_CROPPED = {"crop_pct": 0.875}
"""What a ResNet's processor does if it says nothing of it."""
_IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_RENAMED = (
    (r"^conv1\.", "embedder.embedder.convolution."),
    (r"^bn1\.", "embedder.embedder.normalization."),
    (r"^layer(\d)\.(\d+)\.", lambda found: f"encoder.stages.{int(found[1]) - 1}.layers.{found[2]}."),
    (r"\.conv(\d)\.", lambda found: f".layer.{int(found[1]) - 1}.convolution."),
    (r"\.bn(\d)\.", lambda found: f".layer.{int(found[1]) - 1}.normalization."),
    (r"\.downsample\.0\.", ".shortcut.convolution."),
    (r"\.downsample\.1\.", ".shortcut.normalization."),
)
"""From torchvision's names to transformers'."""


class ResNet:
    """See the module."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:
        repository = Repository(weights.folder())
        with repository.understood():
            config = repository.json("config.json")
            if config.get("model_type", "resnet") != "resnet":
                raise ValueError(f"a model of the type {config['model_type']}, not resnet")
            dim = config.get("hidden_sizes", [FEATURES])[-1]
            files = WEIGHTS if config else _TORCHVISIONS
            preprocessing = _preprocessing(repository, torchvisions=not config)
        revision = hashlib.sha256(repr((VERSION, repository.digest(files))).encode()).hexdigest()
        self._pictures = PictureTower(
            f"{card.model_id.replace('/', '--')}-looks",
            revision,
            dim,
            preprocessing=preprocessing,
            build=lambda: _network(repository, torchvisions=not config),
            device=device,
            cache=cache,
        )
        self.spec = _spec(card, dim, revision[:8], preprocessing.view)

    @property
    def runs_on(self) -> str:
        """The device, once the network is loaded."""
        return self._pictures.runs_on

    def load(self) -> None:
        """Makes the network ready. Raises ModelError."""
        self._pictures.load()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """None: there are no pictures that every such model has seen."""
        (space,) = self.spec.spaces
        return {space.space_id: np.empty((0, space.dim), np.float32)}

    def unload(self) -> None:
        """Frees the network."""
        self._pictures.unload()

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Pictures by how they look. Raises ModelError."""
        return {self.spec.spaces[0].space_id: self._pictures.embed(segments)}

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:  # noqa: ARG002 - as every encoder has it
        """Nothing: it knows no words."""
        return {}


def _preprocessing(repository: Repository, *, torchvisions: bool) -> Preprocessing:
    config = repository.json("preprocessor_config.json")
    if config or not torchvisions:
        return Preprocessing.read(_CROPPED | config)
    (file,) = repository.weights(_TORCHVISIONS)
    resize_px = 232 if _SECOND_RECIPE in file.name else 256
    return Preprocessing.read({"size": resize_px, "crop_size": 224, "resample": BILINEAR} | _IMAGENET)


def _network(repository: Repository, *, torchvisions: bool) -> torch.nn.Module:
    """(n, 3, height, width) → (n, FEATURES)."""
    import torch

    network: Any = _from_torchvision(repository) if torchvisions else repository.model("ResNetModel")

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.network(pixels).pooler_output
            return features.flatten(1)

    return Pooled().eval()


def _from_torchvision(repository: Repository) -> torch.nn.Module:
    import torch
    from safetensors.torch import load_file
    from transformers import ResNetConfig, ResNetModel

    (file,) = repository.weights(_TORCHVISIONS)
    network: torch.nn.Module = ResNetModel(ResNetConfig())
    with repository.understood():
        saved = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
        network.load_state_dict({_renamed(name): saved[name] for name in saved if not name.startswith("fc.")})
    return network


def _renamed(name: str) -> str:
    """A tensor's name in transformers, from that in torchvision."""
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def _spec(card: ModelCard, dim: int, revision: str, view: ImageView) -> EncoderSpec:
    space_id = SpaceId(f"{card.model_id}/looks@{revision}")
    space = SpaceSpec(space_id, dim, answers_text=False, answers_media=True, reason="looks like")
    return EncoderSpec(card.model_id, card.title, revision, card.role, (space,), view)
