"""Sounds: windows of 16 kHz mono, cut at pauses, and a cover or waveform to show for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import IO, TypeVar

from PIL import Image

from core.decode.container import Media, nothing_read, open_media
from core.decode.decoder import Order, OtherKind, RawDecoded
from core.decode.image import ImageDecoder
from core.decode.sound import SoundTrack
from core.decode.tags import metadata_of
from core.decode.thumbnail import average_colour, fit, write_thumbnail
from core.decode.windows import Windows, draw_waveform, listen
from core.records import Kind, Picture, Wanted

_STRETCH_MS = 120_000

T = TypeVar("T")


class AudioDecoder:
    """Decodes the sound of files without moving pictures."""

    kind = Kind.AUDIO

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """See `decoder.Decoder`."""
        with open_media(file) as media:
            windows = _listen(file, media, order)
            metadata = metadata_of(media)
        if order.from_ms == 0 and order.until_ms is None and windows.next_ms is None:
            metadata = replace(metadata, duration_ms=windows.end_ms)
        segments = windows.segments if order.wanted.sound else ()
        decoded = RawDecoded(segments, metadata, b"", 0, windows.next_ms, windows.peaks)
        return (
            decoded
            if order.from_ms
            else _shown(
                decoded, _with_cover(file, lambda data: ImageDecoder().decode(data, Order(Wanted(), order.max_pixels)))
            )
        )

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """See `decoder.Decoder`."""
        cover = _with_cover(file, lambda data: ImageDecoder().preview(data, order, max_px))
        if cover is not None:
            return cover
        with open_media(file) as media:
            image = draw_waveform(_listen(file, media, replace(order, from_ms=0)).peaks)
        image = image.resize(fit(*image.size, max_px), Image.Resampling.HAMMING)
        return Picture(image.width, image.height, image.tobytes())


def _listen(file: IO[bytes], media: Media, order: Order) -> Windows:
    if media.sound is None or media.picture is not None:
        raise OtherKind(Kind.VIDEO)
    track = SoundTrack(media, media.sound, order.from_ms)
    windows = listen(track, order.from_ms, order.until_ms, _STRETCH_MS)
    if track.has_ended and track.end_ms == 0:
        raise nothing_read(file)
    return windows


def _shown(decoded: RawDecoded, cover: RawDecoded | None) -> RawDecoded:
    """With something to show for it: its cover, else what it looks like when heard."""
    if cover is not None:
        metadata = replace(decoded.metadata, width=cover.metadata.width, height=cover.metadata.height)
        return replace(decoded, metadata=metadata, thumbnail=cover.thumbnail, colour=cover.colour)
    image = draw_waveform(decoded.peaks)
    return replace(decoded, thumbnail=write_thumbnail(image), colour=average_colour(image))


def _with_cover(file: IO[bytes], read: Callable[[IO[bytes]], T]) -> T | None:
    """What `read` makes of the picture that the file carries, if there is one that can be read."""
    with open_media(file) as media:
        if media.cover is None:
            return None
        media.read_only(media.cover)
        data = bytes(next(media.container.demux(media.cover)))
    try:
        return read(io.BytesIO(data))
    except Exception:  # noqa: BLE001 - readers raise anything on hostile bytes; the sound is what counts
        return None
