"""What a picture says of itself in its EXIF block (CIPA DC-008). Whatever is in there, it never fails the file."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from PIL import Image

from core.records import Metadata

_ORIENTATION, _MAKE, _MODEL, _DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_DATE_TIME_ORIGINAL = 0x9003
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_CAMERA_CHARACTERS = 100
_DATE = re.compile(r"(\d{4})[:\-/. ](\d{2})[:\-/. ](\d{2})[ T](\d{2}):(\d{2}):(\d{2})")

_HOSTILE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow raises on a broken EXIF block."""


class Exif:
    """The EXIF block of an opened picture; empty where there is none or it cannot be read."""

    def __init__(self, image: Image.Image) -> None:
        self._main: Mapping[int, Any] = {}
        self._photo: Mapping[int, Any] = {}
        self._place: Mapping[int, Any] = {}
        try:
            block = image.getexif()
            self._main = block
            if _EXIF_IFD in block:
                self._photo = block.get_ifd(_EXIF_IFD)
            if _GPS_IFD in block:
                self._place = block.get_ifd(_GPS_IFD)
        except _HOSTILE:
            return

    @property
    def orientation(self) -> int:
        """1 to 8: how to turn the stored pixels so that the picture is upright; 1 is not at all."""
        value = _get(self._main, _ORIENTATION)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1

    def metadata(self, width: int, height: int, format_name: str) -> Metadata:
        """What the catalog keeps, with the size (upright, in pixels) and format that the caller found."""
        latitude, longitude = self._position()
        return Metadata(
            width=width,
            height=height,
            format=format_name,
            taken_at=_date(_get(self._photo, _DATE_TIME_ORIGINAL)) or _date(_get(self._main, _DATE_TIME)),
            camera=camera_name(_text(_get(self._main, _MAKE)), _text(_get(self._main, _MODEL))),
            latitude=latitude,
            longitude=longitude,
        )

    def _position(self) -> tuple[float, float] | tuple[None, None]:
        """Decimal degrees, north and east positive."""
        latitude = _degrees(_get(self._place, _LATITUDE), _text(_get(self._place, _LATITUDE_REF)), "NS", 90)
        longitude = _degrees(_get(self._place, _LONGITUDE), _text(_get(self._place, _LONGITUDE_REF)), "EW", 180)
        if latitude is None or longitude is None or (latitude == 0 and longitude == 0):  # zeros: a fix never got
            return None, None
        return latitude, longitude


def _get(block: Mapping[int, Any], tag: int) -> Any:
    try:
        return block.get(tag)
    except _HOSTILE:  # values are parsed when they are asked for
        return None


def _date(value: object) -> str:
    found = _DATE.match(_text(value))
    if not found:
        return ""
    try:
        return datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*found.groups())).isoformat()
    except ValueError:
        return ""


def _text(value: object) -> str:
    """A string for people."""
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")  # Pillow's reading of what is ASCII by the standard, UTF-8 in life
    if not isinstance(value, bytes):
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return printable(text.partition("\0")[0])


def printable(text: str) -> str:
    """The text without what a terminal or label could be confused by: controls, and marks that turn text round."""
    return "".join(character for character in text if character.isprintable()).strip()


def camera_name(make: str, model: str) -> str:
    """Maker and model, the maker once."""
    brand = make.partition(" ")[0].lower()
    name = model if not make or (model and model.lower().startswith(brand)) else f"{make} {model}"
    return name.strip()[:_CAMERA_CHARACTERS]


def _degrees(value: object, reference: str, directions: str, bound: int) -> float | None:
    direction = reference[:1].upper()
    if not isinstance(value, tuple) or len(value) != 3 or not direction or direction not in directions:
        return None
    try:
        degrees, minutes, seconds = map(float, value)
    except _HOSTILE:
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(angle) or not 0 <= angle <= bound:
        return None
    return -angle if direction == directions[1] else angle
