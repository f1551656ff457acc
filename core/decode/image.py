"""Pictures: one decode gives the encoders' views, the thumbnail and the metadata.

A JPEG is decoded at the smallest DCT scale, anything else shrunk at once by an integer factor, that leaves at least
twice the resolution of the largest view. Everything after that works on few pixels, colour conversion last of all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image

from core.decode.colour import blendable, on_white
from core.decode.decoder import Order, RawDecoded, RawSegment, TooLargeTogether
from core.decode.formats import is_cut_short, open_picture
from core.decode.metadata import Exif
from core.decode.problems import media_error, too_many_pixels
from core.decode.still import Still, needed_px, reduced
from core.decode.thumbnail import THUMBNAIL_PX, average_colour, fit, write_thumbnail
from core.records import Kind, Picture, Reason

_DRAFTED = frozenset({"JPEG", "MPO"})
_TOGETHER_PIXELS = 50_000_000
"""Pictures that fill more memory than this (4 bytes a pixel, about twice in passing) are decoded one at a time."""


class ImageDecoder:
    """Decodes pictures of the formats that `formats` knows; of several frames or pages, the first."""

    kind = Kind.IMAGE

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """See `decoder.Decoder`."""
        shorter_px = needed_px(order.wanted.views)
        with _bounded(file, order.max_pixels):
            still, exif, format_name = _read(file, order, lambda _: shorter_px)
            views = [still.view(view).tobytes() for view in order.wanted.views]
            thumbnail = still.shrunk(THUMBNAIL_PX)
            metadata = exif.metadata(*still.upright_size, format_name)
        return RawDecoded((RawSegment(views),), metadata, write_thumbnail(thumbnail), average_colour(thumbnail))

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """See `decoder.Decoder`."""
        with _bounded(file, order.max_pixels):
            image = _read(file, order, lambda size: min(fit(*size, max_px)))[0].shrunk(max_px)
        return Picture(image.width, image.height, image.tobytes())


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


def _read(file: IO[bytes], order: Order, shorter_px: Callable[[tuple[int, int]], int]) -> tuple[Still, Exif, str]:
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
        pixels, width, height = reduced(blendable(image), shorter)
        pixels = on_white(pixels)
    profile = profile if isinstance(profile, bytes) else None
    return Still(pixels, width, height, full_size, exif.orientation, profile), exif, image.format or ""
