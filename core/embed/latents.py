"""From a clip to the latents of the multimodal Perceiver (Jaegle et al. 2021, arXiv:2107.14795), exactly and quickly.

The network looks at 52,097 tokens of 704 numbers, once, from 784 latents. As published, most of its work is to project
every token to a key and a value, and most of what it projects is the same in every clip. Here instead

- the decoder is left out: the latents are known before it begins;
- keys are folded into the queries, which are constant, and values are projected after the average over the tokens:
  with one head, q · (K x) is (qK) · x, and the average of projections is the projection of the average;
- of a token only what varies is kept: pixels or samples, and the position; all padding is one number. The mean that
  layer normalisation takes off every token is taken off the folded matrices once; its scale is a factor of the token.

What is folded is folded in double precision. The result differs from the network's own forward by rounding alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.embed.repository import Repository
from core.errors import ModelError
from core.records import CLIP_FRAMES, CLIP_PX, CLIP_SAMPLES

if TYPE_CHECKING:
    import torch

PIXELS = CLIP_FRAMES * CLIP_PX * CLIP_PX * 3
PATCH_PX = 4
SIDE = CLIP_PX // PATCH_PX
USUAL: dict[str, object] = {
    "num_frames": CLIP_FRAMES,
    "image_size": SIDE,
    "audio_samples_per_frame": CLIP_SAMPLES // CLIP_FRAMES,
}
"""What a configuration need not say: transformers' defaults."""
NEEDED = USUAL | {
    "model_type": "perceiver",
    "architectures": ["PerceiverForMultimodalAutoencoding"],
    "num_cross_attention_heads": 1,
}


def check(config: Mapping[str, Any]) -> None:
    """Raises ModelError if this is the configuration of another model, or of one for other clips than ours."""
    wrong = [name for name, value in NEEDED.items() if config.get(name, USUAL.get(name)) != value]
    if wrong:
        raise ModelError(
            f"This is not the multimodal Perceiver (its {', '.join(wrong)} differ).",
            "Use deepmind/multimodal-perceiver.",
        )


def build(repository: Repository) -> torch.nn.Module:
    """A module from clips (n, PIXELS + CLIP_SAMPLES) to their latents (n, latents, dim), which it gives in a tuple.

    A clip is its frames, 0..255, frame by frame and row by row, and then its sound, all float32.
    Raises ModelError if the weights do not fit the configuration.
    """
    import torch

    with torch.no_grad():
        return _module(_perceiver(repository)).eval()


def _perceiver(repository: Repository) -> Any:
    """transformers' PerceiverModel, without a decoder."""
    from transformers.models.perceiver.configuration_perceiver import PerceiverConfig
    from transformers.models.perceiver.modeling_perceiver import PerceiverForMultimodalAutoencoding

    config = PerceiverConfig.from_dict(repository.json("config.json"))
    perceiver: Any = PerceiverForMultimodalAutoencoding(config).perceiver
    perceiver.decoder = perceiver.output_postprocessor = None
    tensors = repository.tensors()
    try:
        perceiver.load_state_dict({name: tensors[f"perceiver.{name}"] for name in perceiver.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"The weights in {repository.folder} do not fit ({error}).", "Download them again.") from error
    return perceiver


def _module(perceiver: Any) -> torch.nn.Module:
    import torch

    class Tokens(torch.nn.Module):
        """Tokens of one kind, reduced to what varies among them. See `_reduced`."""

        positions: torch.Tensor
        sums: torch.Tensor
        squares: torch.Tensor
        queries: torch.Tensor
        values: torch.Tensor

        def __init__(self, channels: int, eps: float, buffers: Mapping[str, torch.Tensor]) -> None:
            super().__init__()
            self.channels = channels
            self.eps = eps
            for name, buffer in buffers.items():
                self.register_buffer(name, buffer.float())

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            """(n, tokens, inputs) → (n, tokens, columns), what `queries` and `values` are multiplied with."""
            mean = (inputs.sum(-1, keepdim=True) + self.sums) / self.channels
            square = (inputs.square().sum(-1, keepdim=True) + self.squares) / self.channels
            scale = torch.rsqrt(square - mean.square() + self.eps)
            return torch.cat([inputs * scale, self.positions * scale, scale], -1)

    class Latents(torch.nn.Module):
        label_score: torch.Tensor
        label_value: torch.Tensor
        constant: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            queries, values, constant = _folded(perceiver)
            empty = _empty_tokens(perceiver)
            padding = perceiver.input_preprocessor.padding
            channels, eps = queries.shape[1], perceiver.encoder.cross_attention.attention.self.layernorm2.eps
            self.samples_per_patch = perceiver.config.samples_per_patch
            self.image, self.audio = (
                Tokens(channels, eps, _reduced(empty[kind], inputs, channels - padding[kind].shape[1], queries, values))
                for kind, inputs in (("image", PATCH_PX * PATCH_PX * 3), ("audio", self.samples_per_patch))
            )
            label = torch.nn.functional.layer_norm(empty["label"], (channels,), eps=eps)
            self.register_buffer("label_score", (queries @ label.T).float())
            self.register_buffer("label_value", (label @ values.T).float())
            self.register_buffer("constant", constant.float())
            self.cross = perceiver.encoder.cross_attention
            self.layers = perceiver.encoder.self_attends
            self.blocks = perceiver.config.num_blocks

        def forward(self, clips: torch.Tensor) -> tuple[torch.Tensor]:
            n = len(clips)
            pixels = clips[:, :PIXELS].reshape(n, CLIP_FRAMES, SIDE, PATCH_PX, SIDE, PATCH_PX, 3) / 255
            image = self.image(pixels.transpose(3, 4).reshape(n, CLIP_FRAMES * SIDE * SIDE, -1))
            audio = self.audio(clips[:, PIXELS:].reshape(n, -1, self.samples_per_patch))
            scores = [
                self.image.queries @ image.transpose(1, 2),
                self.audio.queries @ audio.transpose(1, 2),
                self.label_score.expand(n, -1, -1),
            ]
            sizes = [score.shape[-1] for score in scores]
            seen, heard, named = torch.split(torch.cat(scores, -1).softmax(-1), sizes, -1)
            latents = (
                seen @ image @ self.image.values.T
                + heard @ audio @ self.audio.values.T
                + named * self.label_value
                + self.constant
            )
            latents = latents + self.cross.feed_forward_chunk(latents)
            for _ in range(self.blocks):
                for layer in self.layers:
                    (latents,) = layer(latents)
            return (latents,)

    return Latents()


def _folded(perceiver: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the latents see with, in doubles.

    Gives the queries (latents, channels), to be multiplied with a token less nothing but its scale; the values
    (dim, channels), from such a token to what it adds to a latent; and what is added (latents, dim) whatever there is.
    """
    attention = perceiver.encoder.cross_attention.attention
    look, norm, out = attention.self, attention.self.layernorm2, attention.output.dense
    latents = perceiver.embeddings.latents
    queries = look.query(look.layernorm1(latents)).double()
    queries = queries @ (look.key.weight.double() * norm.weight.double()) / math.sqrt(queries.shape[1])
    project = out.weight.double() @ look.value.weight.double()
    constant = project @ norm.bias.double() + out.weight.double() @ look.value.bias.double() + out.bias.double()
    if attention.use_query_residual:
        constant = constant + latents.double()
    values = project * norm.weight.double()
    return queries - queries.mean(1, keepdim=True), values - values.mean(1, keepdim=True), constant


def _empty_tokens(perceiver: Any) -> dict[str, torch.Tensor]:
    """The tokens (tokens, channels) of each kind where nothing is seen or heard, in doubles."""
    import torch

    nothing = {
        "image": torch.zeros(1, CLIP_FRAMES, 3, CLIP_PX, CLIP_PX),
        "audio": torch.zeros(1, CLIP_SAMPLES, 1),
        "label": torch.zeros(1, perceiver.config.num_labels),
    }
    tokens, sizes, _ = perceiver.input_preprocessor(nothing)
    kinds = sorted(sizes)  # the order they come in
    return dict(zip(kinds, tokens[0].double().split([sizes[kind] for kind in kinds]), strict=True))


def _reduced(
    empty: torch.Tensor, inputs: int, varying: int, queries: torch.Tensor, values: torch.Tensor
) -> dict[str, torch.Tensor]:
    """What `Tokens` keeps of the `empty` tokens of one kind and of the folded matrices.

    The first `inputs` channels are what is seen or heard, those up to `varying` the position; the rest is padding, the
    same in every token.
    """
    import torch

    def fold(matrix: torch.Tensor) -> torch.Tensor:
        return torch.cat([matrix[:, :varying], matrix[:, varying:] @ empty[0, varying:, None]], 1)

    return {
        "positions": empty[:, inputs:varying],
        "sums": empty.sum(1, keepdim=True),
        "squares": empty.square().sum(1, keepdim=True),
        "queries": fold(queries),
        "values": fold(values),
    }
