"""Pixels as a pretrained network wants them: what `preprocessor_config.json` says, for our decoders and in torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import ImageView

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_BILINEAR = 2
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


def _view(config: Mapping[str, Any]) -> ImageView:
    resample = config.get("resample", _BICUBIC)
    if resample not in (_BILINEAR, _BICUBIC) or not config.get("do_resize", True):
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
    return ImageView(resize_px, crop_px, square=squeezed, bilinear=resample == _BILINEAR)


def _side(size: int | Mapping[str, int]) -> int:
    """The one length in `size`."""
    (side,) = {size} if isinstance(size, int) else set(size.values())
    return side
