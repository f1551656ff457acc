"""The decode process: reads untrusted files, answers with pixels. Started by `pool.DecodePool`, imports no numpy."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import cache
from typing import IO, Any

from core.decode.decoder import Decoder, Order, OtherKind, RawDecoded, RawSegment, TooLargeTogether, make_decoder
from core.decode.problems import explain
from core.decode.source import open_source
from core.records import ImageView, Kind, Picture, Wanted
from core.runtime.child_process import serve
from core.runtime.sandbox import confine, resident_bytes

_MEMORY_BYTES = 3 << 30
_RECYCLE_BYTES = 3 << 29
_RECYCLE_FILES = 2000
_DETAIL_CHARACTERS = 500

_Answer = tuple[dict[str, Any], Sequence[bytes]]


def main() -> None:
    """Serves requests until the parent ends. The arguments are the parent's process id and how far to stand back."""
    serve(_Desk().answer, prepare=_prepare)


def _prepare() -> None:
    confine(int(sys.argv[1]), memory_bytes=_MEMORY_BYTES, nice=int(sys.argv[2]))
    _decoder(Kind.IMAGE)  # most files are pictures: be ready when the first one comes


@cache
def _decoder(kind: Kind) -> Decoder:
    return make_decoder(kind)


class _Desk:
    """Answers requests, and says so when it is time for a fresh process: libraries leak, heaps fray."""

    def __init__(self) -> None:
        self._answered = 0

    def answer(self, request: Mapping[str, Any], payload: bytes) -> _Answer:
        header, parts = _attempt(request, payload)
        self._answered += 1
        if self._answered >= _RECYCLE_FILES or resident_bytes() > _RECYCLE_BYTES:
            header["last"] = True
        return header, parts


def _attempt(request: Mapping[str, Any], payload: bytes) -> _Answer:
    try:
        return _work(request, payload)
    except TooLargeTogether:
        return {"alone": True}, ()
    except Exception as error:  # noqa: BLE001 - readers raise anything on hostile bytes; said to the user as a reason
        problem = explain(error)
        detail = repr(error)[:_DETAIL_CHARACTERS]
        return {
            "error": {
                "what": problem.what,
                "advice": problem.advice,
                "reason": problem.reason,
                "retryable": problem.retryable,
                "detail": detail,
            }
        }, ()


def _work(request: Mapping[str, Any], payload: bytes) -> _Answer:
    wanted = Wanted(tuple(ImageView(*view) for view in request["views"]), request["sound"], request["clips"])
    order = Order(wanted, request["max_pixels"], request["from_ms"], request["until_ms"], request["alone"])
    kind = Kind(request["kind"])
    source: AbstractContextManager[IO[bytes]] = (
        open_source(payload, request["max_bytes"] if kind is Kind.IMAGE else None, request["expected"])
        if request["is_path"]
        else nullcontext(io.BytesIO(payload))
    )
    with source as file:
        try:
            return _answer(kind, file, order, request["preview_px"])
        except OtherKind as other:
            return _answer(other.kind, file, order, request["preview_px"])


def _answer(kind: Kind, file: IO[bytes], order: Order, preview_px: int) -> _Answer:
    if preview_px:
        return _picture_answer(_decoder(kind).preview(file, order, preview_px))
    return _decoded_answer(kind, _decoder(kind).decode(file, order))


def _picture_answer(picture: Picture) -> _Answer:
    return {"width": picture.width, "height": picture.height}, (picture.rgb,)


def _decoded_answer(kind: Kind, decoded: RawDecoded) -> _Answer:
    """The payload: each segment's views, sound, frames and clip's sound, then the thumbnail, then the peaks."""
    header = {
        "kind": kind,
        "metadata": asdict(decoded.metadata),
        "colour": decoded.colour,
        "next_ms": decoded.next_ms,
        "segments": [_outline(segment) for segment in decoded.segments],
        "thumbnail": len(decoded.thumbnail),
    }
    parts = [
        part
        for segment in decoded.segments
        for part in (*segment.views, segment.sound, segment.frames, segment.clip_sound)
    ]
    return header, (*parts, decoded.thumbnail, decoded.peaks)


def _outline(segment: RawSegment) -> Sequence[object]:
    """What the segment is, from when, to when."""
    what = "sound" if segment.sound else "clip" if segment.frames else "picture"
    return what, segment.start_ms, segment.end_ms
