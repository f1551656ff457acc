"""Checks what a decode process says before anything is made of it. A process that was taken over can say anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.decode.problems import media_error
from core.decode.thumbnail import THUMBNAIL_PX
from core.errors import MediaError
from core.records import Decoded, ImageView, Kind, Metadata, Picture, Reason, Segment
from core.runtime.frames import FrameError

_THUMBNAIL_BYTES = THUMBNAIL_PX * THUMBNAIL_PX * 3 + 4096
"""No JPEG of this size is longer."""
_TEXT_CHARACTERS = 500
_SIDE_PX = 1 << 31


def decoded_limit(views: Sequence[ImageView]) -> int:
    """The most bytes that the answer to a decode request may have."""
    return _views_bytes(views) + _THUMBNAIL_BYTES


def picture_limit(max_px: int) -> int:
    """The most bytes that the answer to a preview request may have."""
    return max_px * max_px * 3


def read_decoded(header: Mapping[str, Any], payload: bytes, kind: Kind, views: Sequence[ImageView]) -> Decoded:
    """A picture's decode answer. The arrays are read-only views of `payload`.

    Raises:
        MediaError: the answer is that the file has a problem.
        FrameError: it is no answer to this request.
    """
    _raise_problem(header)
    thumbnail = payload[_views_bytes(views) :]
    if len(payload) - len(thumbnail) != _views_bytes(views) or not thumbnail.startswith(b"\xff\xd8"):
        raise FrameError("pixels or thumbnail missing")
    segment = Segment(views=_pixels(payload, views))
    return Decoded(kind, (segment,), _metadata(header), thumbnail, _integer(header, "colour", 0xFFFFFF))


def read_picture(header: Mapping[str, Any], payload: bytes, max_px: int) -> Picture:
    """A preview answer; raises as `read_decoded` does."""
    _raise_problem(header)
    width, height = _integer(header, "width", max_px), _integer(header, "height", max_px)
    if width * height * 3 != len(payload):
        raise FrameError("picture has another size than it says")
    return Picture(width, height, payload)


def _views_bytes(views: Sequence[ImageView]) -> int:
    return sum(view.crop_px * view.crop_px * 3 for view in views)


def _pixels(payload: bytes, views: Sequence[ImageView]) -> dict[ImageView, Any]:
    import numpy as np  # 0.1 s that a start need not wait for

    pixels, offset = {}, 0
    for view in views:
        shape = (view.crop_px, view.crop_px, 3)
        array = np.frombuffer(payload, np.uint8, count=math.prod(shape), offset=offset)
        pixels[view] = array.reshape(shape)
        offset += array.nbytes
    return pixels


def _metadata(header: Mapping[str, Any]) -> Metadata:
    said = header.get("metadata")
    if not isinstance(said, dict):
        raise FrameError("no metadata")
    return Metadata(
        width=_integer(said, "width", _SIDE_PX),
        height=_integer(said, "height", _SIDE_PX),
        format=_text(said, "format"),
        taken_at=_text(said, "taken_at"),
        camera=_text(said, "camera"),
        latitude=_angle(said, "latitude", 90),
        longitude=_angle(said, "longitude", 180),
    )


def _raise_problem(header: Mapping[str, Any]) -> None:
    said = header.get("error")
    if said is None:
        return
    if not isinstance(said, dict):
        raise FrameError("error is no object")
    try:
        reason = Reason(_text(said, "reason"))
    except ValueError as error:
        raise FrameError("unknown reason") from error
    problem: MediaError = media_error(
        reason, _text(said, "what"), _text(said, "advice"), retryable=said.get("retryable") is True
    )
    problem.add_note(_text(said, "detail"))
    raise problem


def _integer(said: Mapping[str, Any], name: str, high: int) -> int:
    value = said.get(name)
    if type(value) is not int or not 0 <= value <= high:
        raise FrameError(f"{name} is no number in range")
    return value


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if type(value) is not str or len(value) > _TEXT_CHARACTERS:
        raise FrameError(f"{name} is no text")
    return value


def _angle(said: Mapping[str, Any], name: str, bound: int) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    if type(value) is not float or not -bound <= value <= bound:
        raise FrameError(f"{name} is no angle")
    return value
