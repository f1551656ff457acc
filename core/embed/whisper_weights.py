"""Whisper's weights (Radford et al. 2022, arXiv:2212.04356) by the names of transformers' WhisperModel.

A folder holds them in one of two formats: as a repository of the hub has them (config.json, model.safetensors), or as
CTranslate2 does (model.bin), which stacks some tensors and tells no configuration but what their shapes say. The format
of model.bin is that of ctranslate2/specs/model_spec.py: numbers little-endian, strings with their length and a final 0.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.embed.graph import Array
from core.errors import ModelError
from core.records import Vectors

CTRANSLATE2_FILE = "model.bin"
HUB_FILE = "model.safetensors"
BINARY_VERSION = 6
SPECIFICATION = ("WhisperSpec", 3)
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""Of ctranslate2's data types those that numpy knows; 5 is bfloat16."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "conv1": ("conv1",),
    "conv2": ("conv2",),
    "position_encodings": ("embed_positions",),
    "embeddings": ("embed_tokens",),
    "layer_norm": ("layer_norm",),
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/layer_norm": ("final_layer_norm",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
"""What ctranslate2 calls a part, and the parts of transformers that are stacked in it."""
LEAVES = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "encodings": "weight"}
ARCHITECTURE = {
    "decoder/activation": 3,  # GELU
    "decoder/alibi": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
"""What a Whisper model is, beside its tensors."""
NEEDED = {"encoder_layers", "encoder_attention_heads", "encoder_ffn_dim", "d_model", "num_mel_bins"}
"""What a repository's configuration must say."""
UNUSED = ("decoder/alignment_heads", "decoder/alignment_layer")
"""How ctranslate2 finds the times of words."""


@dataclass(frozen=True, slots=True)
class WhisperWeights:
    """The weights of one folder, read tensor by tensor.

    Attributes:
        config: arguments of transformers' WhisperConfig.
        names: the tensors there are, named as in WhisperModel's state.
        read: a tensor by its name, float32. Raises ModelError.
    """

    config: Mapping[str, Any]
    names: Collection[str]
    read: Callable[[str], Vectors]

    @property
    def digest(self) -> str:
        """Tells one model's encoder from another's whatever format, or precision above 15 bits, it is stored in."""
        digest = hashlib.sha256(repr([self.config[name] for name in ("encoder_layers", "d_model")]).encode())
        for name in sorted(name for name in self.names if name.startswith("encoder.") and name.endswith("bias")):
            digest.update(self.read(name).astype("<f2").tobytes())
        return digest.hexdigest()


def open_whisper(folder: Path) -> WhisperWeights:
    """The weights in `folder`. Raises ModelError if there are none, or none of a Whisper model."""
    is_hub = (folder / HUB_FILE).is_file()
    file = folder / (HUB_FILE if is_hub else CTRANSLATE2_FILE)
    try:
        return _hub(folder) if is_hub else _ctranslate2(file)
    except FileNotFoundError as error:
        raise ModelError(f"The model in {folder} is not complete: {error.filename} is missing.") from error
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise ModelError(f"The file {file} holds no Whisper model that can be read ({error}).") from error


def _hub(folder: Path) -> WhisperWeights:
    from safetensors import SafetensorError, safe_open

    config = json.loads((folder / "config.json").read_text("utf-8"))
    if config.get("model_type") != "whisper":
        raise ModelError(f"The model in {folder} is not a Whisper model.")
    if missing := NEEDED - config.keys():
        raise ValueError(f"config.json lacks {', '.join(sorted(missing))}")
    try:
        tensors: Any = safe_open(folder / HUB_FILE, "numpy")
    except SafetensorError as error:
        raise ValueError(error) from error
    stored = {name.removeprefix("model."): name for name in tensors.keys()}  # noqa: SIM118 - it is no dictionary

    def read(name: str) -> Vectors:
        try:
            return np.asarray(tensors.get_tensor(stored[name]), np.float32)
        except (KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"The model in {folder} lacks {name} in a form that can be read ({error}).") from error

    return WhisperWeights(config, stored.keys() - {"proj_out.weight"}, read)


def _ctranslate2(file: Path) -> WhisperWeights:
    variables = read_variables(file)
    settings = {name: int(array) for name, array in variables.items() if not array.shape}
    for name, value in ARCHITECTURE.items():
        if settings.pop(name) != value:
            raise ValueError(f"{name} is not {value}")
    heads = {f"{tower}_attention_heads": settings.pop(f"{tower}/num_heads") for tower in ("encoder", "decoder")}
    tensors: dict[str, Callable[[], Array]] = {}
    for name, array in variables.items():
        if array.shape:
            tensors |= _unstacked(name, array)
    if unknown := settings.keys() - UNUSED:
        raise ValueError(f"{', '.join(sorted(unknown))} not expected")

    def read(name: str) -> Vectors:
        if name not in tensors:
            raise ModelError(f"The file {file} lacks {name}.")
        return tensors[name]().astype(np.float32)

    return WhisperWeights(_configuration(variables) | heads, tensors.keys(), read)


def _unstacked(name: str, stacked: Array) -> dict[str, Callable[[], Array]]:
    """transformers' tensors in one variable, by name."""
    match = re.fullmatch(r"(encoder|decoder)/(layer_\d+/)?(.+)/(\w+)", name)
    if not match or match[3] not in PARTS or match[4] not in LEAVES:
        raise ValueError(f"{name} not expected")
    tower, layer, parts, leaf = match[1], match[2] or "", PARTS[match[3]], LEAVES[match[4]]
    place = f"{tower}.{layer.replace('layer_', 'layers.').replace('/', '.')}"
    rows = len(stacked) // len(parts)
    return {
        f"{place}{part}.{leaf}": partial(stacked.__getitem__, slice(number * rows, (number + 1) * rows))
        for number, part in enumerate(parts)
        if not (part.endswith("k_proj") and leaf == "bias")  # always zero: a key's bias changes no attention
    }


def _configuration(variables: Mapping[str, Array]) -> dict[str, Any]:
    """What the shapes say."""
    vocabulary, width = variables["decoder/embeddings/weight"].shape
    layers = {
        f"{tower}_layers": len(
            {name.split("/")[1] for name in variables if name.startswith(f"{tower}/layer_")} - {"layer_norm"}
        )
        for tower in ("encoder", "decoder")
    }
    inner = len(variables["encoder/layer_0/ffn/linear_0/bias"])
    return layers | {
        "vocab_size": vocabulary,
        "d_model": width,
        "num_mel_bins": variables["encoder/conv1/weight"].shape[1],
        "encoder_ffn_dim": inner,
        "decoder_ffn_dim": inner,
        "max_source_positions": len(variables["encoder/position_encodings/encodings"]),
        "max_target_positions": len(variables["decoder/position_encodings/encodings"]),
    }


def read_variables(file: Path) -> dict[str, Array]:
    """The variables of a model.bin, mapped from the disk, not read. Raises ValueError or struct.error if it is none."""
    content = np.memmap(file, np.uint8, "r")
    place = 0

    def number(code: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from(f"<{code}", content.data, place)
        place += struct.calcsize(code)
        return int(value)

    def string() -> str:
        nonlocal place
        size = number("H")
        place += size
        return content[place - size : place - 1].tobytes().decode("utf-8")

    if number("I") != BINARY_VERSION or (string(), number("I")) != SPECIFICATION:
        raise ValueError("of another kind or version")
    variables = {}
    for _ in range(number("I")):
        name = string()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind not in TYPES:
            raise ValueError(f"{name} is stored in a way not known here")
        variables[name] = content[place : place + size].view(TYPES[kind]).reshape(shape)
        place += size
    return variables
