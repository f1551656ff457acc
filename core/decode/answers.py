"""Checks what a decode process says before anything is made of it. A process that was taken over can say anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.decode.problems import media_error
from core.decode.thumbnail import THUMBNAIL_PX
from core.errors import MediaError
from core.records import (
    CLIP_FRAMES,
    CLIP_PX,
    CLIP_SAMPLES,
    SOUND_RATE_HZ,
    Clip,
    Decoded,
    ImageView,
    Kind,
    Metadata,
    Picture,
    Pixels,
    Reason,
    Samples,
    Segment,
    Wanted,
)
from core.runtime.frames import FrameError

_THUMBNAIL_BYTES = THUMBNAIL_PX * THUMBNAIL_PX * 3 + 4096
"""No JPEG of this size is longer."""
_STRETCH_BYTES = 48 << 20
"""No stretch that a decoder answers with is longer."""
_SAMPLE_BYTES = 2
_FULL_SCALE = 32768
_SAMPLES_PER_MS = SOUND_RATE_HZ // 1000
_TEXT_CHARACTERS = 500
_SIDE_PX = 1 << 31
_TIME_MS = 1 << 40
"""35 years."""


def decoded_limit(kind: Kind, views: Sequence[ImageView]) -> int:
    """The most bytes that the answer to a decode request may have."""
    stretch = 0 if kind is Kind.IMAGE else _STRETCH_BYTES
    return sum(view.crop_px * view.crop_px * 3 for view in views) + _THUMBNAIL_BYTES + stretch


def picture_limit(max_px: int) -> int:
    """The most bytes that the answer to a preview request may have."""
    return max_px * max_px * 3


def read_decoded(header: Mapping[str, Any], payload: bytes, kind: Kind, wanted: Wanted, from_ms: int = 0) -> Decoded:
    """A decode answer. Pixels are read-only views of `payload`.

    Raises:
        MediaError: the answer is that the file has a problem.
        FrameError: it is no answer to this request.
    """
    _raise_problem(header)
    parts = _Parts(payload)
    kind = _kind(header, kind)
    segments = [_segment(outline, parts, kind, wanted) for outline in _list(header, "segments")]
    thumbnail = parts.take(_integer(header, "thumbnail", _THUMBNAIL_BYTES))
    peaks = parts.rest()
    next_ms = None if header.get("next_ms") is None else _integer(header, "next_ms", _TIME_MS)
    if kind is Kind.IMAGE and (len(segments) != 1 or next_ms is not None or peaks or not thumbnail):
        raise FrameError("a picture is one segment with a thumbnail")
    if next_ms is not None and next_ms <= from_ms:
        raise FrameError("a stretch that does not get on")
    if thumbnail and not thumbnail.startswith(b"\xff\xd8"):
        raise FrameError("thumbnail is no JPEG")
    return Decoded(kind, segments, _metadata(header), thumbnail, _integer(header, "colour", 0xFFFFFF), next_ms, peaks)


def read_picture(header: Mapping[str, Any], payload: bytes, max_px: int) -> Picture:
    """A preview answer; raises as `read_decoded` does."""
    _raise_problem(header)
    width, height = _integer(header, "width", max_px), _integer(header, "height", max_px)
    if width * height * 3 != len(payload):
        raise FrameError("picture has another size than it says")
    return Picture(width, height, payload)


class _Parts:
    """An answer's payload, taken apart from the front."""

    def __init__(self, payload: bytes) -> None:
        self._payload = memoryview(payload)
        self._at = 0

    def take(self, size: int) -> bytes:
        return bytes(self._slice(size))

    def rest(self) -> bytes:
        return self.take(len(self._payload) - self._at)

    def pixels(self, *shape: int) -> Pixels:
        import numpy as np  # 0.1 s that a start need not wait for

        return np.frombuffer(self._slice(math.prod(shape)), np.uint8).reshape(shape)

    def samples(self, count: int) -> Samples:
        import numpy as np

        return np.frombuffer(self._slice(count * _SAMPLE_BYTES), "<i2").astype(np.float32) / np.float32(_FULL_SCALE)

    def _slice(self, size: int) -> memoryview:
        end = self._at + size
        if end > len(self._payload):
            raise FrameError("pixels, samples or thumbnail missing")
        part = self._payload[self._at : end]
        self._at = end
        return part


def _segment(outline: object, parts: _Parts, kind: Kind, wanted: Wanted) -> Segment:
    """A segment that is `outline`: what it is, from when, to when."""
    if not isinstance(outline, list) or len(outline) != 3:
        raise FrameError("segment is not told as such")
    what = outline[0]
    start_ms, end_ms = (None, None) if kind is Kind.IMAGE else _times(*outline[1:])
    if what == "sound" and wanted.sound and start_ms is not None and end_ms is not None:
        sound = parts.samples((end_ms - start_ms) * _SAMPLES_PER_MS)
        return Segment(sound=sound, start_ms=start_ms, end_ms=end_ms)
    if what != "picture" and not (what == "clip" and wanted.clips and kind is Kind.VIDEO):
        raise FrameError("segment holds what nobody wanted")
    views = {view: parts.pixels(view.crop_px, view.crop_px, 3) for view in wanted.views}
    clip = None
    if what == "clip":
        clip = Clip(parts.pixels(CLIP_FRAMES, CLIP_PX, CLIP_PX, 3), parts.samples(CLIP_SAMPLES))
    return Segment(views, clip=clip, start_ms=start_ms, end_ms=end_ms)


def _times(start: object, end: object) -> tuple[int, int]:
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= _TIME_MS:
        raise FrameError("segment without times")
    return start, end


def _kind(header: Mapping[str, Any], asked: Kind) -> Kind:
    """What the file holds: a picture if one was asked for, else a sound or a video."""
    try:
        kind = Kind(_text(header, "kind"))
    except ValueError as error:
        raise FrameError("unknown kind") from error
    if (kind is Kind.IMAGE) != (asked is Kind.IMAGE):
        raise FrameError("another kind than was asked for")
    return kind


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
        duration_ms=_integer(said, "duration_ms", _TIME_MS),
        title=_text(said, "title"),
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


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    value = said.get(name)
    if not isinstance(value, list):
        raise FrameError(f"{name} is no list")
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
