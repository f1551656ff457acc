"""The small picture that is shown in place of a file: written in the decode process, read back in ours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from core.decode.problems import media_error
from core.records import Picture, Reason

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL_PX = 384
"""The longer side of a thumbnail, unless the picture is smaller."""
_QUALITY = 82


def fit(width: int, height: int, longer_px: int) -> tuple[int, int]:
    """The size of a picture shrunk to at most `longer_px` on its longer side; never enlarged, at least 1 x 1."""
    scale = min(1.0, longer_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def write_thumbnail(image: Image.Image) -> bytes:
    """An upright sRGB image as JPEG, colour at half resolution."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, subsampling="4:2:0")
    return buffer.getvalue()


def average_colour(image: Image.Image) -> int:
    """The mean colour of an RGB image as 0xRRGGBB."""
    return int.from_bytes(image.reduce(image.size).tobytes(), "big")


def read_thumbnail(jpeg: bytes) -> Picture:
    """A thumbnail that `write_thumbnail` made.

    Raises:
        MediaError: DAMAGED, the cache holds something else; make the thumbnail anew.
    """
    from PIL import Image  # 30 ms that a start need not wait for

    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if max(image.size) > THUMBNAIL_PX:
                raise media_error(Reason.DAMAGED)
            return Picture(image.width, image.height, image.convert("RGB").tobytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise media_error(Reason.DAMAGED) from error
