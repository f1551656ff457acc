"""Which of a repository's files a model needs, and whether a folder holds a model that can be used."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from core.errors import ModelError

CONFIGURATION = "config.json"
_INDEX = "model.safetensors.index.json"
FILES = (
    CONFIGURATION,
    "preprocessor_config.json",
    "processor_config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "normalizer.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "model.safetensors",
    _INDEX,
    "model-*-of-*.safetensors",
    "pytorch_model.bin",
)
"""What any family may need of a repository. Data alone: no code is ever fetched."""

TORCHVISIONS = ("resnet50*.safetensors", "resnet50*.pth")
"""ResNet-50's weights as torchvision names them: one file, and what it does not say is known."""

_NEEDED: Mapping[str, Sequence[Sequence[str]]] = {
    "clip": (
        ("preprocessor_config.json", "processor_config.json"),
        ("tokenizer.json", "vocab.json", "spiece.model"),
    ),
    "resnet50": (("preprocessor_config.json", "processor_config.json"),),
    "whisper": (("preprocessor_config.json", "processor_config.json"),),
    "text": (("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"),),
}
"""Beside configuration and weights, one file of each group, by family."""
_MAX_HEADER_BYTES = 100_000_000
_OLD_TORCH = b"\x80\x02"
"""How torch's files began before they were zip archives; they too are read with `weights_only`."""


def needed(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Those of a repository's files that a model needs, its weights in one form: safetensors if there are any."""
    wanted = [name for name in names if any(_matches(name, pattern) for pattern in patterns)]
    weights = _weights(wanted)
    return [name for name in wanted if name in weights or not _is_weights(name)]


def lacking(names: Sequence[str], family: str) -> str:
    """What is missing among a model's files, in words; empty if nothing is."""
    if family == "resnet50" and any(fnmatchcase(name, pattern) for name in names for pattern in TORCHVISIONS):
        return ""
    if CONFIGURATION not in names:
        return CONFIGURATION
    if not _weights(names):
        return "weights in a form that is safe to load (model.safetensors or pytorch_model.bin)"
    for group in _NEEDED.get(family, ()):
        if not set(group) & set(names):
            return " or ".join(group)
    return ""


def found_in(folder: Path) -> list[str]:
    """The files of a folder that a model may need, named as in its repository; or torchvision's one file."""
    paths = [path for pattern in FILES for path in folder.glob(pattern) if path.is_file()]
    names = needed([path.relative_to(folder).as_posix() for path in paths], FILES)
    return names if CONFIGURATION in names else torchvisions(folder) or names


def torchvisions(folder: Path) -> list[str]:
    """The file that holds torchvision's ResNet-50, if the folder holds just one."""
    names = [path.name for pattern in TORCHVISIONS for path in folder.glob(pattern) if path.is_file()]
    return names if len(names) == 1 and not (folder / CONFIGURATION).exists() else []


def configuration(folder: Path) -> Mapping[str, Any]:
    """What `config.json` in a folder says. Raises ModelError."""
    path = folder / CONFIGURATION
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelError(
            f"{folder} holds no {CONFIGURATION}.", "Choose the folder that holds all the files of one model."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}).") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not the configuration of a model.")
    return content


def check_folder(folder: Path, names: Sequence[str], family: str) -> None:
    """Raises ModelError if a folder with the files `names` lacks some, or its weights are cut short or no weights."""
    if missing := lacking(names, family) or _missing_part(folder, names):
        raise ModelError(f"{folder} lacks {missing}.", "Copy all the files of the model's repository into it.")
    for name in names:
        if name.endswith(".safetensors") and not _is_whole(folder / name):
            raise ModelError(f"{folder / name} is cut short or damaged.", "Copy it again.")
        if name.endswith((".bin", ".pth")) and not _is_torch_file(folder / name):
            raise ModelError(f"{folder / name} holds no weights.", "Copy it again.")


def _matches(name: str, pattern: str) -> bool:
    """A `*` stays within one part of the name, so nothing outside of the folder ever matches."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def _is_weights(name: str) -> bool:
    return name.endswith((".safetensors", ".safetensors.index.json", ".bin"))


def _weights(names: Iterable[str]) -> set[str]:
    there = set(names)
    parts = {name for name in there if _matches(name, "model-*-of-*.safetensors")}
    if "model.safetensors" in there:
        return {"model.safetensors"}
    if parts and _INDEX in there:
        return {_INDEX, *parts}
    return there & {"pytorch_model.bin"}


def _missing_part(folder: Path, names: Sequence[str]) -> str:
    """A part that the index of divided weights names and that is not there."""
    if _INDEX not in names:
        return ""
    try:
        parts = set(json.loads((folder / _INDEX).read_bytes())["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return f"a readable {_INDEX}"
    return min(map(str, parts - set(names)), default="")


def _is_whole(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _MAX_HEADER_BYTES:
                return False
            header = json.loads(file.read(length))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        return bool(8 + length + max(ends, default=0) == path.stat().st_size)
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError, IndexError):
        return False


def _is_torch_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == _OLD_TORCH or zipfile.is_zipfile(file)
    except OSError:
        return False
