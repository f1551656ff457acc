"""One picture, decoded and shrunk but not turned yet: a photo, or a frame of a video. Cuts what is wanted out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image

from core.decode.colour import to_srgb
from core.decode.thumbnail import THUMBNAIL_PX, fit
from core.records import ImageView

_Box: TypeAlias = tuple[float, float, float, float]

_OVERSAMPLING = 2

# EXIF orientation → what turns the stored pixels upright
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPS_SIDES = frozenset({5, 6, 7, 8})
_MIRRORS_X = frozenset({2, 3, 7, 8})
_MIRRORS_Y = frozenset({3, 4, 6, 7})


def needed_px(views: Sequence[ImageView]) -> int:
    """How long the shorter side must be left so that `views` are as good as from all pixels."""
    return _OVERSAMPLING * max((view.resize_px for view in views), default=THUMBNAIL_PX)


def reduced(image: Image.Image, shorter_px: int) -> tuple[Image.Image, float, float]:
    """A blendable image shrunk by an integer factor to no less than `shorter_px`; width and height with fractions."""
    factor = max(1, min(image.size) // shorter_px)
    pixels = image.reduce(factor) if factor > 1 else image
    return pixels, image.width / factor, image.height / factor


@dataclass(frozen=True, slots=True)
class Still:
    """A picture's stored pixels: `width` x `height` (with fractions) of `image` are it.

    Attributes:
        full_size: what it measured before it was shrunk, its pixels square.
        orientation: 1 to 8 as in EXIF: how the stored pixels are to be turned.
        profile: the colours' ICC profile; None is sRGB.
    """

    image: Image.Image
    width: float
    height: float
    full_size: tuple[int, int]
    orientation: int = 1
    profile: bytes | None = None

    @property
    def upright_size(self) -> tuple[int, int]:
        """The picture's size before it was shrunk, as it is to be seen."""
        width, height = self.full_size
        return (height, width) if self.orientation in _SWAPS_SIDES else (width, height)

    def view(self, view: ImageView) -> Image.Image:
        """Resized and cropped in one step, to the pixel as torchvision's and Hugging Face's processors do.

        They truncate the longer side and give an odd margin's extra pixel to the right and bottom.
        """
        method = Image.Resampling.BILINEAR if view.bilinear else Image.Resampling.BICUBIC
        size = (view.crop_px, view.crop_px)
        if view.square:
            return self._cut(size, (0, 0, 1, 1), method, gap=None)
        width, height = self.upright_size
        shorter = min(width, height)
        width, height = view.resize_px * width // shorter, view.resize_px * height // shorter
        left, top = (width - view.crop_px) // 2, (height - view.crop_px) // 2
        box = (left / width, top / height, (left + view.crop_px) / width, (top + view.crop_px) / height)
        return self._cut(size, box, method, gap=None)

    def shrunk(self, longer_px: int) -> Image.Image:
        """The whole picture, its longer side at most `longer_px`."""
        return self._cut(fit(*self.upright_size, longer_px), (0, 0, 1, 1), Image.Resampling.HAMMING, gap=1.0)

    def _cut(self, size: tuple[int, int], box: _Box, method: Image.Resampling, *, gap: float | None) -> Image.Image:
        """The part `box` of the upright picture (fractions of its sides), upright, sRGB, `size` pixels.

        With a `gap` the pixels may first be averaged down to that many times the size: faster, less exact.
        """
        left, top, right, bottom = box
        if self.orientation in _SWAPS_SIDES:
            size, (left, top, right, bottom) = (size[1], size[0]), (top, left, bottom, right)
        if self.orientation in _MIRRORS_X:
            left, right = 1 - right, 1 - left
        if self.orientation in _MIRRORS_Y:
            top, bottom = 1 - bottom, 1 - top
        stored = (left * self.width, top * self.height, right * self.width, bottom * self.height)
        part = to_srgb(self.image.resize(size, method, box=stored, reducing_gap=gap), self.profile)
        return part.transpose(_UPRIGHT[self.orientation]) if self.orientation in _UPRIGHT else part
