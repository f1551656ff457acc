"""A model's folder as the hub lays it out: config.json beside one file of tensors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelError

if TYPE_CHECKING:
    import torch

CONFIG = "config.json"
TENSORS = ("model.safetensors", "pytorch_model.bin")
"""The first that is there is read."""


class Repository:
    """Reads the folder of one model. Every method raises ModelError if a file is absent or damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self) -> dict[str, Any]:
        """What config.json says."""
        path = self.folder / CONFIG
        with self._reading(path):
            config = json.loads(path.read_text("utf-8"))
            if not isinstance(config, dict):
                raise ValueError("no configuration")  # noqa: TRY004 - said to the user as what the file is
            return config

    def digest(self) -> str:
        """Tells these files from all others. Takes 30 ms for 100 MB."""
        from blake3 import blake3

        digest = blake3(max_threads=blake3.AUTO)
        for path in (self.folder / CONFIG, self._tensors()):
            with self._reading(path):
                digest.update_mmap(path)
        return digest.hexdigest()

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors by name. Nothing in the file is run."""
        import torch
        from safetensors.torch import load_file

        path = self._tensors()
        with self._reading(path):
            if path.suffix == ".safetensors":
                return load_file(path)
            return dict(torch.load(path, map_location="cpu", weights_only=True))

    def _tensors(self) -> Path:
        for name in TENSORS:
            if (self.folder / name).is_file():
                return self.folder / name
        raise ModelError(f"The model in {self.folder} has no weights: {' or '.join(TENSORS)}.", "Download it again.")

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # readers raise anything on a damaged file
            raise ModelError(f"The file {path} cannot be read ({error}).", "Download it again.") from error
