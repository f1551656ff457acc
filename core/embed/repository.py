"""A model's folder as its repository on the hub has it: configuration, tokenizer, weights."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

_ADVICE = "Download the model again, or choose another."
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors", "pytorch_model.bin", "pytorch_model-*-of-*.bin")
"""Names of weights, the first that are there count: safetensors before PyTorch's own, in one file before several."""
_DESCRIPTIONS = (
    *("config.json", "preprocessor_config.json", "sentence_bert_config.json", "modules.json", "1_Pooling/config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "vocab.txt"),
)
"""What says how a model is to be used."""
_UNREAD = "its weights are damaged, or hold more than numbers"
"""In place of what torch says at length: how to read them nevertheless."""
_SAMPLES = 256
_SAMPLE_BYTES = 4096


class Repository:
    """Reads what is needed of the folder, at the time it is needed. Everything raises ModelError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def json(self, name: str) -> Any:
        """What a configuration file holds; {} if there is none of that name."""
        path = self.folder / name
        with self.understood():
            return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def digest(self, weights: tuple[str, ...] = WEIGHTS) -> str:
        """Tells folders apart whose models may give other vectors: by all of what is small, by samples of the weights.

        A model that was trained on, however little, differs all over.
        """
        with self.understood():
            paths = [path for name in _DESCRIPTIONS if (path := self.folder / name).exists()]
            parts = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]
            parts += [(path.name, _sampled(path)) for path in self.weights(weights)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def weights(self, patterns: tuple[str, ...] = WEIGHTS) -> list[Path]:
        """The files that hold the weights: those that match the first of `patterns` that any match."""
        for pattern in patterns:
            if paths := sorted(self.folder.glob(pattern)):
                return paths
        raise ModelError(f"The folder {self.folder} holds no weights.", _ADVICE)

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors by name. Nothing in the files is run."""
        with self.understood():
            import torch
            from safetensors.torch import load_file

            tensors: dict[str, torch.Tensor] = {}
            for path in self.weights():
                safe = path.suffix == ".safetensors"
                tensors |= load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
            return tensors

    def model(self, kind: str, **options: Any) -> Any:
        """The model as transformers' class `kind` with all its weights, in float32, ready to be asked."""
        with self.understood():
            import torch
            import transformers

            library: Any = transformers
            library.utils.logging.disable_progress_bar()
            logging.getLogger("transformers").setLevel(logging.ERROR)  # it lists at length what is left out, as wanted
            module, report = getattr(library, kind).from_pretrained(
                self.folder,
                local_files_only=True,
                weights_only=True,
                dtype=torch.float32,
                output_loading_info=True,
                **options,
            )
            if report["missing_keys"]:
                raise ValueError(f"no weights for {', '.join(sorted(report['missing_keys'])[:3])}")
            return module.eval()

    def tokenizer(self) -> Tokenizer:
        """What turns text into tokens, cutting and padding nothing."""
        with self.understood():
            from tokenizers import Tokenizer

            path = self.folder / "tokenizer.json"
            if path.exists():
                tokenizer = Tokenizer.from_file(str(path))
            else:  # an older repository
                from transformers import AutoTokenizer

                tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True).backend_tokenizer
            tokenizer.no_padding()
            tokenizer.no_truncation()
            return tokenizer

    @contextmanager
    def understood(self) -> Iterator[None]:
        """What goes wrong while making something of the folder's content is a fault of the content."""
        try:
            yield
        except ModelError:
            raise
        except Exception as error:
            said = _UNREAD if type(error).__name__ == "UnpicklingError" else error
            raise ModelError(f"The model in {self.folder} cannot be used ({said}).", _ADVICE) from error


def _sampled(path: Path) -> str:
    """A digest of a file's size and of samples of it, taken evenly: a large file is not read for its name's sake."""
    size = path.stat().st_size
    hashed = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for sample in range(_SAMPLES):
            file.seek(size * sample // _SAMPLES)
            hashed.update(file.read(_SAMPLE_BYTES))
    return hashed.hexdigest()
