"""The lower half of Whisper's encoder as one graph: from sound to the average frame after two of its layers.

Which layers and what average was measured (benchmarks/sound.py): a low layer knows what a sound is like, a middle one
what is said or done in it, the upper ones what the text will be. Each frame is brought to mean 0 and deviation 1 first,
as the next layer would do; else a few large numbers drown the rest. And it counts by its loudness, silence not at all.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.graph import Graph
from core.embed.whisper_weights import WhisperWeights
from core.records import SOUND_RATE_HZ

if TYPE_CHECKING:
    import torch

REVISION = 1
"""Raise when the graph's input or output changes."""
LONGEST_S = 30
"""Whisper's own window: it has no positions for later frames."""
FRAME = 320
"""Samples in a frame that the encoder sees."""
HOP = 160
WINDOW = 400
QUIETEST = 1e-10
RANGE = 8
"""Powers of ten below the loudest, beyond which Whisper hears silence."""
SHIFT = 4
SCALE = 4
LOUDNESS = 0.3
"""Loudness grows with the power of a sound to the power of 0.3 (Stevens 1955, doi:10.1121/1.1908048)."""
LAYERS = 2
"""How many are averaged."""


def layers(weights: WhisperWeights) -> tuple[int, int]:
    """After which layers frames are averaged: 1 and 3 of the 6 that whisper-base has."""
    count = weights.config["encoder_layers"]
    return math.ceil(count / 6), math.ceil(count / 2)


def dim(weights: WhisperWeights) -> int:
    """How many numbers come out."""
    return LAYERS * int(weights.config["d_model"])


def revision(weights: WhisperWeights) -> str:
    """Names the graph and the weights in it."""
    return f"{weights.digest}/{REVISION}"


def graph(weights: WhisperWeights) -> Graph:
    """(1, n) float32 sound at 16 kHz, n a multiple of FRAME, up to LONGEST_S → (1, dim) averages, layer by layer."""
    example = np.random.default_rng(0).normal(0, 0.1, (1, SOUND_RATE_HZ)).astype(np.float32)
    name = f"whisper-{weights.digest[:8]}"  # copies of several models are kept
    return Graph(name, revision(weights), lambda: _build(weights), example, (1, -1), alone=False)


def _build(weights: WhisperWeights) -> torch.nn.Module:
    """Raises ModelError if the weights are not those of a Whisper model."""
    import torch
    from torch.nn import functional
    from transformers.models.whisper.configuration_whisper import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    logging.getLogger("transformers").setLevel(logging.ERROR)  # reading a configuration warns of no loss
    taken = layers(weights)
    with torch.device("meta"):  # no time is lost on random weights
        encoder: Any = WhisperEncoder(WhisperConfig(**{**weights.config, "encoder_layers": taken[-1]}))
    state = {name: torch.from_numpy(weights.read(f"encoder.{name}")) for name in encoder.state_dict()}
    encoder.load_state_dict(state, assign=True)
    listen = log_mel(weights.config["num_mel_bins"])

    class Averages(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.listen = listen
            self.encoder: Any = encoder

        def forward(self, sound: torch.Tensor) -> torch.Tensor:
            mel = self.listen(sound)
            states = functional.gelu(self.encoder.conv1(mel))
            states = functional.gelu(self.encoder.conv2(states)).permute(0, 2, 1)
            states = states + self.encoder.embed_positions.weight[: states.shape[1]]
            share = _shares(mel.amax(1))
            averages = []
            for number, layer in enumerate(self.encoder.layers, 1):
                states = layer(states, None)
                if number in taken:
                    even = functional.layer_norm(states, states.shape[-1:])
                    averages.append((even * share[..., None]).sum(1))
            return torch.cat(averages, 1)

    return Averages().eval()


def _shares(levels: torch.Tensor) -> torch.Tensor:
    """(n, hops) of the loudest band of each hop → (n, hops / 2): how much each frame counts; silent ones not at all."""
    levels = SCALE * levels.reshape(levels.shape[0], -1, 2).amax(2)
    peak = levels.amax(1, keepdim=True)
    silence = (peak - RANGE).clamp(min=math.log10(QUIETEST) + SHIFT)
    heard = 10 ** (LOUDNESS * (levels - peak)) - 10 ** (LOUDNESS * (silence - peak))
    heard = heard + 1e-6  # decides only where all is silent: all frames are alike then, and count alike
    return heard / heard.sum(1, keepdim=True)


def log_mel(bands: int) -> torch.nn.Module:
    """(n, samples) → (n, bands, samples / HOP): what Whisper listens to, as its feature extractor gives it.

    That is (level + SHIFT) / SCALE of levels in powers of ten. The Fourier transform is written as a convolution, which
    every runtime has.
    """
    import torch
    from transformers.audio_utils import mel_filter_bank

    bins = WINDOW // 2 + 1
    angles = 2 * np.pi * np.outer(np.arange(bins), np.arange(WINDOW)) / WINDOW
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) * hann
    filters = mel_filter_bank(bins, bands, 0.0, SOUND_RATE_HZ / 2, SOUND_RATE_HZ, "slaney", "slaney").T

    class LogMel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.waves = torch.nn.Buffer(torch.from_numpy(waves[:, None].astype(np.float32)))
            self.filters = torch.nn.Buffer(torch.from_numpy(filters.astype(np.float32)))

        def forward(self, sound: torch.Tensor) -> torch.Tensor:
            padded = torch.nn.functional.pad(sound[:, None], (WINDOW // 2, WINDOW // 2), mode="reflect")
            real, imaginary = torch.nn.functional.conv1d(padded, self.waves, stride=HOP)[:, :, :-1].chunk(2, 1)
            power = (self.filters @ (real**2 + imaginary**2)).clamp(min=QUIETEST).log10()
            return (power.maximum(power.amax((1, 2), keepdim=True) - RANGE) + SHIFT) / SCALE

    return LogMel()
