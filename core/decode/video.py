"""Videos: shots with a frame that stands for each, a moment of motion around it, and windows of the sound track."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import IO

from core.decode.clips import clip_frames, clip_sound, clip_start, no_sound
from core.decode.container import Media, nothing_read, open_media
from core.decode.decoder import Order, OtherKind, RawDecoded, RawSegment
from core.decode.frames import Frames, Shown, Small
from core.decode.shots import Shot, shots
from core.decode.sound import SoundTrack
from core.decode.still import Still, needed_px
from core.decode.tags import metadata_of
from core.decode.thumbnail import THUMBNAIL_PX, average_colour, write_thumbnail
from core.decode.windows import Windows, listen, shortened
from core.records import Kind, Picture

_STRETCH_MS = 60_000
_STRETCH_BYTES = 32 << 20
_ENOUGH_PIXELS = 1_500_000_000
"""What takes some 2 s to decode. By this measure, not by the clock, so that a video is always taken apart alike."""
_MOST_PIXELS = 2 * _ENOUGH_PIXELS
_LATE_S = 8.0
_LIMIT_S = 12.0
"""On a slow or busy computer the clock decides after all: late, with the next cut; at the limit, at once."""


class VideoDecoder:
    """Decodes moving pictures and their sound."""

    kind = Kind.VIDEO

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """See `decoder.Decoder`."""
        with ExitStack() as opened:
            return _Stretch(file, order, opened).decoded()

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """See `decoder.Decoder`."""
        with open_media(file) as media:
            frames = _frames(media, order)
            shown: Shown | None = None
            for shown in frames.all_from(order.from_ms):
                if shown.at_ms >= order.from_ms:
                    break
            if shown is None:
                raise nothing_read(file)
            image = frames.still(shown.frame, max_px).shrunk(max_px)
        return Picture(image.width, image.height, image.tobytes())


def _frames(media: Media, order: Order) -> Frames:
    if media.picture is None:
        raise OtherKind(Kind.AUDIO)
    return Frames(media, media.picture, order.max_pixels, alone=order.alone)


class _Stretch:
    """One stretch of a video. Picture and sound are read apart, each at its own place in the file.

    It ends with a window of sound, near the length that a stretch has or where enough was decoded; in between only if
    far too much was.
    """

    def __init__(self, file: IO[bytes], order: Order, opened: ExitStack) -> None:
        self._file = file
        self._order = order
        self._opened = opened
        self._media = self._open()
        self._frames = _frames(self._media, order)
        self._started = time.monotonic()
        self._windows = self._listen()
        self._until_ms = order.from_ms + _STRETCH_MS if order.until_ms is None else order.until_ms
        self._until_ms = min(self._until_ms, order.from_ms + _STRETCH_MS)
        if self._windows.next_ms is not None:
            self._until_ms = self._windows.next_ms
        self._pauses = deque(segment.end_ms or 0 for segment in self._windows.segments)
        self._cut_ms: int | None = None
        self._first: Shown | None = None

    def decoded(self) -> RawDecoded:
        """All of it."""
        order, segments = self._order, []
        shown: Still | None = None
        end_ms, size = order.from_ms, 0
        wants_pictures = bool(order.wanted.views or order.wanted.clips)
        for shot in self._shots() if wants_pictures or not order.from_ms else ():
            end_ms = shot.end_ms
            if shot.key is not None:
                shown = shown or shot.key.still
                if not wants_pictures:
                    break
                segments.append(self._segment(shot))
                size += _bytes(segments[-1])
            is_late = time.monotonic() - self._started > _LATE_S
            if is_late or size > _STRETCH_BYTES or (not self._pauses and self._decoded_pixels > _ENOUGH_PIXELS):
                self._cut_ms = shot.end_ms
                break
        if shown is None and self._first is not None:
            shown = self._frames.still(self._first.frame, self._shorter_px)
        if shown is None and not order.from_ms and not self._windows.end_ms:
            raise nothing_read(self._file)
        return self._answer(segments, shown, end_ms if wants_pictures else None)

    def _answer(self, segments: list[RawSegment], shown: Still | None, end_ms: int | None) -> RawDecoded:
        order, windows = self._order, self._windows
        next_ms = windows.next_ms
        if end_ms is not None and self._cut_ms is not None:
            next_ms = None if self._cut_ms == order.until_ms else self._cut_ms
            windows = shortened(windows, order.from_ms, self._cut_ms)
        metadata = metadata_of(self._media, *(shown.upright_size if shown else (0, 0)))
        if next_ms is None and order.until_ms is None and not order.from_ms and end_ms is not None:
            metadata = replace(metadata, duration_ms=max(end_ms, windows.end_ms))
        segments = sorted([*segments, *windows.segments], key=lambda segment: segment.start_ms or 0)
        decoded = RawDecoded(segments, metadata, b"", 0, next_ms, windows.peaks)
        if shown is None or order.from_ms:
            return decoded
        image = shown.shrunk(THUMBNAIL_PX)
        return replace(decoded, thumbnail=write_thumbnail(image), colour=average_colour(image))

    def _listen(self) -> Windows:
        order = self._order
        if not order.wanted.sound or self._media.sound is None:
            return Windows((), b"", 0, None)
        return listen(self._track(order.from_ms), order.from_ms, order.until_ms, _STRETCH_MS)

    def _shots(self) -> Iterator[Shot]:
        return shots(self._looks(), lambda shown: self._frames.still(shown.frame, self._shorter_px), self._over)

    def _looks(self) -> Iterator[tuple[Shown, Small]]:
        for shown in self._frames.looks(self._order.from_ms, _MOST_PIXELS * 3 // 2):
            self._first = self._first or shown
            self._end_early(shown.at_ms)
            if shown.at_ms >= self._until_ms:
                self._cut_ms = self._until_ms
                return
            yield shown, self._frames.small(shown.frame)

    def _end_early(self, at_ms: int) -> None:
        """Ends the stretch with the last pause if enough was decoded, here if it was far too much."""
        pause_ms = 0
        while self._pauses and self._pauses[0] <= at_ms:
            pause_ms = self._pauses.popleft()
        if pause_ms and self._decoded_pixels > _ENOUGH_PIXELS:
            self._until_ms = min(self._until_ms, pause_ms)
        late = self._decoded_pixels > _MOST_PIXELS or time.monotonic() - self._started > _LIMIT_S
        if late and at_ms > self._order.from_ms:
            self._until_ms = min(self._until_ms, at_ms)

    def _over(self, last_ms: int) -> int:
        """When the last shot ends: where the stretch does, or the video."""
        if self._cut_ms is not None:
            return self._cut_ms
        return min(self._until_ms, max(self._frames.end_ms, last_ms + 1))

    def _segment(self, shot: Shot) -> RawSegment:
        if shot.key is None:
            raise ValueError("a shot without anything to see")
        views = [shot.key.still.view(view).tobytes() for view in self._order.wanted.views]
        segment = RawSegment(views, start_ms=shot.start_ms, end_ms=shot.end_ms)
        if not self._order.wanted.clips:
            return segment
        start_ms = clip_start(shot.key.at_ms, shot.start_ms, shot.end_ms)
        pixels = clip_frames(self._motion, start_ms)
        if not pixels:
            return segment
        sound = clip_sound(self._track(start_ms), start_ms) if self._media.sound else no_sound()
        return replace(segment, frames=pixels, clip_sound=sound)

    def _track(self, from_ms: int) -> SoundTrack:
        media = self._sound
        if media.sound is None:
            raise nothing_read(self._file)
        return SoundTrack(media, media.sound, from_ms)

    @property
    def _decoded_pixels(self) -> int:
        clips = self._motion.decoded_pixels if "_motion" in self.__dict__ else 0
        return self._frames.decoded_pixels + clips

    @property
    def _shorter_px(self) -> int:
        return needed_px(self._order.wanted.views)

    @cached_property
    def _sound(self) -> Media:
        return self._open()

    @cached_property
    def _motion(self) -> Frames:
        return _frames(self._open(), self._order)

    def _open(self) -> Media:
        return self._opened.enter_context(open_media(self._file))


def _bytes(segment: RawSegment) -> int:
    return sum(map(len, (*segment.views, segment.frames, segment.clip_sound)))
