"""A multimodal Perceiver's repository with random weights: the real class and files, of any size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PerceiverConfig, PerceiverForMultimodalAutoencoding

from core.embed.perceiver import Perceiver
from core.errors import ModelError
from core.records import ModelCard, Role, WeightFile

CARD = ModelCard("perceiver", "perceiver", Role.MOTION, "Perceiver", "Finds videos by what happens", "Apache-2.0")
TINY = {"num_latents": 12, "d_latents": 32, "num_self_attends_per_block": 2, "num_self_attention_heads": 2}
NARROW = {"qk_channels": 32, "v_channels": 32, "output_num_channels": 8, "_label_trainable_num_channels": 8}
PUBLISHED = {"num_latents": 784, "d_latents": 512, "num_self_attends_per_block": 8, "num_self_attention_heads": 8}
"""The shape of deepmind/multimodal-perceiver."""


def make_perceiver(seed: int = 0, **shape: Any) -> PerceiverForMultimodalAutoencoding:
    """A network of `shape`, or a tiny one, in eval mode.

    Its weights are random, but unlike those of a new network they have biases and look at some things more than others.
    """
    config = PerceiverConfig(d_model=704, num_cross_attention_heads=1, num_labels=700, **(shape or TINY | NARROW))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = PerceiverForMultimodalAutoencoding(config).eval()
        with torch.no_grad():
            for name, parameter in model.perceiver.named_parameters():
                random = torch.randn_like(parameter)
                if name.startswith(("embeddings.", "input_preprocessor.")):
                    parameter.copy_(random)
                elif name.startswith("encoder.") and parameter.ndim == 2:
                    sharp = 1.5 if name.endswith(("query.weight", "key.weight")) else 1
                    parameter.copy_(random * sharp / parameter.shape[1] ** 0.5)
                elif name.startswith("encoder."):
                    parameter.add_(random * 0.1)
    return model


def save_perceiver(folder: Path, seed: int = 0, **shape: Any) -> Path:
    """Writes `make_perceiver`'s network as the hub would have it, config.json and model.safetensors. Gives `folder`."""
    make_perceiver(seed, **shape).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Here:
    """Weights in a folder."""

    path: Path

    def file(self, file: WeightFile) -> bytes:
        raise ModelError(f"{file.member} is in no wheel")

    def folder(self) -> Path:
        return self.path


def open_perceiver(folder: Path, cache: Path) -> Perceiver:
    """The encoder with the weights in `folder`, on the processor."""
    return Perceiver(CARD, weights=Here(folder), device="cpu", cache=cache)
