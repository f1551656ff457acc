"""Pictures into vectors, by a pretrained network and what its `preprocessor_config.json` says of pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.device import run_graph
from core.embed.graph import Graph, Run
from core.embed.head import unit
from core.records import ImageView, Segment, Vectors

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

BILINEAR = 2
_BICUBIC = 3
_SQUEEZED_FROM_PX = 384
"""Where there is a `crop_pct` (ConvNeXt's processor, which ResNets share), larger views are squeezed, not cropped."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The view to decode, and the mean and deviation of each channel (of 255) that the network was trained with."""

    view: ImageView
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Preprocessing:
        """From a processor's configuration; raises ValueError, KeyError or TypeError if it asks for something else."""
        scale = config.get("rescale_factor", 1 / 255)
        mean, deviation = (tuple(one / scale for one in config[name]) for name in ("image_mean", "image_std"))
        view = _view(config)
        if not len(mean) == len(deviation) == 3 or not 0 < view.crop_px <= view.resize_px:
            raise ValueError(f"preprocessing of an unknown kind: {view}")
        return cls(view, mean, deviation)

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, crop_px, crop_px, 3) uint8 → (n, 3, crop_px, crop_px) float32 as the network expects them."""
        import torch

        mean, deviation = (
            torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (self.mean, self.deviation)
        )
        return (pixels.permute(0, 3, 1, 2).float() - mean) / deviation

    def example(self) -> NDArray[np.uint8]:
        """(2, crop_px, crop_px, 3): something coarse and something fine to look at, for tracing and for checks."""
        rng = np.random.default_rng(0)
        side = self.view.crop_px
        blocks = np.arange(side) * 8 // side
        coarse = rng.integers(0, 256, (8, 8, 3), np.uint8)[blocks][:, blocks]
        return np.stack([coarse, rng.integers(0, 256, (side, side, 3), np.uint8)])


class PictureTower:
    """A picture network, on the device.

    Args:
        name: names its files in the cache.
        revision: digest of all that the vectors depend on.
        dim: of the vectors.
        preprocessing: what is done to pictures first.
        build: makes the network, (n, 3, crop_px, crop_px) float32 → (n, dim).
        device: the setting, see `run_graph`.
        cache: the folder for converted models.
        reduced: see `Graph`.
    """

    def __init__(
        self,
        name: str,
        revision: str,
        dim: int,
        *,
        preprocessing: Preprocessing,
        build: Callable[[], torch.nn.Module],
        device: str,
        cache: Path,
        reduced: bool = False,
    ) -> None:
        self._name = name
        self._revision = revision
        self._dim = dim
        self._preprocessing = preprocessing
        self._build = build
        self._device = device
        self._cache = cache
        self._reduced = reduced
        self._run: Run | None = None

    @property
    def runs_on(self) -> str:
        """On what, in the user's words, once it is loaded."""
        return self._run.runs_on if self._run is not None else ""

    def load(self) -> Run:
        """The network, compiled at the first call. Raises ModelError."""
        if self._run is None:
            example = self._preprocessing.example()
            shape = (-1, *example.shape[1:])
            parts = (self._name, self._revision, self._from_pixels, example, shape)
            self._run = run_graph(Graph(*parts, alone=False, reduced=self._reduced), self._device, self._cache)
        return self._run

    def unload(self) -> None:
        """Frees it."""
        self._run = None

    def embed(self, segments: Sequence[Segment]) -> Vectors:
        """(n, dim), unit norm."""
        rows = self.load()([segment.views[self._preprocessing.view][None] for segment in segments])
        return unit(np.concatenate([np.empty((0, self._dim), np.float32), *(row for (row,) in rows)]))

    def _from_pixels(self) -> torch.nn.Module:
        import torch

        network, scaled = self._build(), self._preprocessing.scaled

        class FromPixels(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, pixels: torch.Tensor) -> torch.Tensor:
                vectors: torch.Tensor = self.network(scaled(pixels))
                return vectors

        return FromPixels().eval()


def _view(config: Mapping[str, Any]) -> ImageView:
    resample = config.get("resample", _BICUBIC)
    if resample not in (BILINEAR, _BICUBIC) or not config.get("do_resize", True):
        raise ValueError(f"resampling of an unknown kind: {resample}")
    size = config["size"]
    squeezed = isinstance(size, dict) and "shortest_edge" not in size
    resize_px = crop_px = _side(size)
    if config.get("crop_pct"):
        squeezed = crop_px >= _SQUEEZED_FROM_PX
        resize_px = crop_px if squeezed else int(crop_px / config["crop_pct"])
    elif config.get("do_center_crop", not squeezed):
        crop_px = _side(config.get("crop_size") or size)
        if squeezed and crop_px != resize_px:
            raise ValueError(f"a crop of {crop_px} from a square of {resize_px}")
    return ImageView(resize_px, crop_px, square=squeezed, bilinear=resample == BILINEAR)


def _side(size: int | Mapping[str, int]) -> int:
    """The one length in `size`."""
    (side,) = {size} if isinstance(size, int) else set(size.values())
    return side
