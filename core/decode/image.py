"""Pictures: one decode gives the encoders' views, the thumbnail and the metadata.

A JPEG is decoded at the smallest DCT scale, anything else shrunk at once by an integer factor, that leaves at least
twice the resolution of the largest view. Everything after that works on few pixels, colour conversion last of all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TypeAlias

from PIL import Image

from core.decode.colour import blendable, on_white, to_srgb
from core.decode.decoder import Order, RawDecoded, TooLargeTogether
from core.decode.formats import is_cut_short, open_picture
from core.decode.metadata import Exif
from core.decode.problems import media_error, too_many_pixels
from core.decode.thumbnail import THUMBNAIL_PX, average_colour, fit, write_thumbnail
from core.records import ImageView, Kind, Picture, Reason

_Box: TypeAlias = tuple[float, float, float, float]

_DRAFTED = frozenset({"JPEG", "MPO"})
_OVERSAMPLING = 2
_TOGETHER_PIXELS = 50_000_000
"""Pictures that fill more memory than this (4 bytes a pixel, about twice in passing) are decoded one at a time."""

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


class ImageDecoder:
    """Decodes pictures of the formats that `formats` knows; of several frames or pages, the first."""

    kind = Kind.IMAGE

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """See `decoder.Decoder`."""
        shorter_px = _OVERSAMPLING * max((view.resize_px for view in order.views), default=THUMBNAIL_PX)
        with _bounded(file, order.max_pixels):
            scan = _read(file, order, lambda _: shorter_px)
            views = [scan.view(view).tobytes() for view in order.views]
            thumbnail = scan.shrunk(THUMBNAIL_PX)
            metadata = scan.exif.metadata(*scan.upright_size, scan.format)
        return RawDecoded(views, metadata, write_thumbnail(thumbnail), average_colour(thumbnail))

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """See `decoder.Decoder`."""
        with _bounded(file, order.max_pixels):
            image = _read(file, order, lambda size: min(fit(*size, max_px))).shrunk(max_px)
        return Picture(image.width, image.height, image.tobytes())


@dataclass(frozen=True, slots=True)
class _Scan:
    """A picture's stored pixels, shrunk but not turned yet: `width` x `height` (with fractions) of `image` are it."""

    image: Image.Image
    width: float
    height: float
    full_size: tuple[int, int]
    exif: Exif
    profile: bytes | None
    format: str

    @property
    def upright_size(self) -> tuple[int, int]:
        """The picture's size before it was shrunk, as it is to be seen."""
        width, height = self.full_size
        return (height, width) if self.exif.orientation in _SWAPS_SIDES else (width, height)

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
        orientation = self.exif.orientation
        left, top, right, bottom = box
        if orientation in _SWAPS_SIDES:
            size, (left, top, right, bottom) = (size[1], size[0]), (top, left, bottom, right)
        if orientation in _MIRRORS_X:
            left, right = 1 - right, 1 - left
        if orientation in _MIRRORS_Y:
            top, bottom = 1 - bottom, 1 - top
        stored = (left * self.width, top * self.height, right * self.width, bottom * self.height)
        part = to_srgb(self.image.resize(size, method, box=stored, reducing_gap=gap), self.profile)
        return part.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else part


@contextmanager
def _bounded(file: IO[bytes], max_pixels: int) -> Iterator[None]:
    """Makes Pillow refuse pictures of more than `max_pixels`, where it would only warn, and keep quiet otherwise.

    Its exceptions are raised as MediaError where they alone do not tell the reason.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_many_pixels(error, max_pixels) from error
        except (OSError, SyntaxError, ValueError) as error:
            if is_cut_short(file):
                raise media_error(Reason.INCOMPLETE) from error
            raise


def _read(file: IO[bytes], order: Order, shorter_px: Callable[[tuple[int, int]], int]) -> _Scan:
    """Decodes to no less than `shorter_px(size)` on the shorter side, and not much more."""
    image = open_picture(file)
    full_size = image.size
    shorter = shorter_px(full_size)
    drafted = image.draft(None, (shorter, shorter)) if image.format in _DRAFTED else None
    if image.width * image.height > _TOGETHER_PIXELS and not order.alone:
        raise TooLargeTogether
    image.load()
    exif, profile = Exif(image), image.info.get("icc_profile")
    if drafted:
        pixels, (width, height) = blendable(image), drafted[1][2:]
    else:  # known for sure only now: a TIFF has been turned upright, a HEIF may have been cropped
        full_size = image.size
        pixels, width, height = _reduced(image, shorter)
    return _Scan(
        pixels, width, height, full_size, exif, profile if isinstance(profile, bytes) else None, image.format or ""
    )


def _reduced(image: Image.Image, shorter: int) -> tuple[Image.Image, float, float]:
    """Shrunk by an integer factor; width and height with fractions."""
    image = blendable(image)
    factor = max(1, min(image.size) // shorter)
    pixels = image.reduce(factor) if factor > 1 else image
    return on_white(pixels), image.width / factor, image.height / factor
