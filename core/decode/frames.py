"""The frames of a video that are worth a look, at little cost, each with its time; and any frame as a picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace, Interpolation
from numpy.typing import NDArray
from PIL import Image

from core.decode.container import Media
from core.decode.decoder import TooLargeTogether
from core.decode.problems import media_error
from core.decode.still import Still, reduced
from core.records import Reason

if TYPE_CHECKING:
    from av.packet import Packet
    from av.sidedata.sidedata import SideData
    from av.video import VideoFrame, VideoStream

    _Packet: TypeAlias = Packet[VideoStream]

Small: TypeAlias = NDArray[np.uint8]
"""(90, 160, 3) uint8: a frame small enough to be compared with others, its sides as stored."""

LOOK_MS = 500
"""Of the frames in each such cell of time, the first is looked at."""
_SMALL_PX = (160, 90)
_TINY_PX = 16
_RUN_UP_S = 2.0
_GROUP_MS = 1000
"""Groups of frames that are no longer than this for each megapixel are known by their key frame alone."""
_LONGEST_GROUP_MS = 10_000
_GROUP_BYTES = 32 << 20
_BEYOND_MS = 60_000
_USUAL_FRAME_MS = 40
_LONGEST_FRAME_MS = 600_000
_TOGETHER_PIXELS = 12_000_000
"""Decoders keep up to 16 frames: larger videos are decoded one at a time."""
_HD_LINES = 720
"""Videos that do not say how their colours are coded follow ITU-R 709 from this height on, 601 below."""
_UNSPECIFIED = 2
_WIDEST = 100
"""Pixels that are said to be longer than this many times their width, or the other way, are not."""

# the first four numbers of a display matrix (their signs) → EXIF orientation
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame and when it is shown."""

    at_ms: int
    frame: VideoFrame


class Frames:
    """The pictures of `media`, read from any moment on, as often as one likes."""

    def __init__(self, media: Media, stream: VideoStream, max_pixels: int, *, alone: bool) -> None:
        """Makes ready to read.

        Raises:
            MediaError: TOO_LARGE.
            TooLargeTogether: not `alone`, and it needs a lot of memory.
        """
        self._media = media
        self._stream = stream
        self._max_pixels = max_pixels
        self._pixels = self._checked(stream.width, stream.height)
        if self._pixels > _TOGETHER_PIXELS and not alone:
            raise TooLargeTogether
        stream.codec_context.thread_count = 1  # several processes decode side by side
        self._orientation: int | None = None
        self.decoded_pixels = 0
        """How much work it was so far."""
        self.end_ms = 0
        """Until when the last frame that was decoded is shown."""

    def looks(self, from_ms: int, most_pixels: int) -> Iterator[Shown]:
        """One frame of every half second from `from_ms` on, as far as there is one; gives up after `most_pixels`.

        Short groups of pictures are known by their key frame; of long ones frames that no other depends on are left
        out. What is chosen depends on the file alone, not on `from_ms`.
        """
        cell = -1
        for shown in self._from(from_ms, sparing=True):
            if self.decoded_pixels > most_pixels:
                return
            if shown.at_ms // LOOK_MS != cell:
                cell = shown.at_ms // LOOK_MS
                if shown.at_ms >= from_ms:
                    yield shown

    def all_from(self, from_ms: int) -> Iterator[Shown]:
        """Every frame from the one that is shown at `from_ms` on; the last one if that is after the end."""
        before: Shown | None = None
        for shown in self._from(from_ms, sparing=False):
            if before is not None and shown.at_ms > from_ms:
                yield before
            before = shown
        if before is not None:
            yield before

    def _from(self, from_ms: int, *, sparing: bool) -> Iterator[Shown]:
        """Frames from some moment before `from_ms` on, in order."""
        self._media.read_only(self._stream)
        if from_ms > 0 and self._media.seek(max(0.0, from_ms / 1000 - _RUN_UP_S)):
            shown = self._decoded(sparing=sparing)
            first = next(shown, None)
            if first is not None and first.at_ms <= from_ms and first.frame.pts is not None:
                yield first
                yield from shown
                return
        if from_ms > 0:
            self._media.seek(0)
        yield from self._decoded(sparing=sparing)

    def _decoded(self, *, sparing: bool) -> Iterator[Shown]:
        context = self._stream.codec_context
        context.flush_buffers()
        context.skip_frame = "NONREF" if sparing else "DEFAULT"
        packets = self._packets()
        last_ms = -1
        for packet in self._spared(packets) if sparing else packets:
            for frame in self._decode(packet):
                self.decoded_pixels += self._checked(frame.width, frame.height)
                if not frame.is_corrupt:
                    last_ms = self._time(frame, last_ms)
                    self.end_ms = last_ms + self._length_ms(frame)
                    yield Shown(last_ms, frame)

    def _packets(self) -> Iterator[_Packet]:
        """All packets, the empty one that flushes last; ends where the file can no longer be read."""
        packets = self._media.container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except MemoryError:
                raise
            except av.FFmpegError:
                return
            if packet is None:
                return
            yield packet

    def _decode(self, packet: _Packet) -> list[VideoFrame]:
        try:
            return packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:  # a damaged part: what follows may be whole
            return []

    def _spared(self, packets: Iterator[_Packet]) -> Iterator[_Packet]:
        """Of a group of pictures that proves short its key frame alone, else all that is shown after its key frame."""
        longest_ms = min(max(_GROUP_MS, _GROUP_MS * self._pixels // 1_000_000), _LONGEST_GROUP_MS)
        group: list[_Packet] = []
        start_ms, size = 0, 0
        is_long = False
        cell = -1
        for packet in packets:
            at_ms = self._packet_ms(packet)
            if at_ms is not None and packet.is_keyframe and packet.size:
                if group and start_ms // LOOK_MS != cell:
                    cell = start_ms // LOOK_MS
                    yield group[0]
                group, start_ms, size, is_long = [], at_ms, 0, False
            if is_long:
                if at_ms is None or at_ms >= start_ms:
                    yield packet
                continue
            group.append(packet)
            size += packet.size
            if at_ms is None or at_ms - start_ms > longest_ms or size > _GROUP_BYTES or not group[0].is_keyframe:
                is_long = True
                yield from (one for one in group if (self._packet_ms(one) or start_ms) >= start_ms)
                group = []
        if group and not is_long:
            yield from group

    def _packet_ms(self, packet: _Packet) -> int | None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return None
        return round((stamp * float(packet.time_base) - self._media.start_s) * 1000)

    def _length_ms(self, frame: VideoFrame) -> int:
        """How long the frame is shown, as it says, or as frames usually are."""
        rate = self._stream.average_rate
        usual_ms = round(1000 / rate) if rate else _USUAL_FRAME_MS
        said_ms = round(frame.duration * float(frame.time_base) * 1000) if frame.duration and frame.time_base else 0
        return max(1, said_ms if 0 < said_ms < _LONGEST_FRAME_MS else usual_ms)

    def _time(self, frame: VideoFrame, last_ms: int) -> int:
        """When the frame is shown; after the one before, whatever its timestamp says."""
        if frame.pts is None or frame.time_base is None:
            return last_ms + self._length_ms(frame) if last_ms >= 0 else 0
        at_ms = round((frame.pts * float(frame.time_base) - self._media.start_s) * 1000)
        duration_ms = self._media.duration_ms
        if last_ms >= 0 and (at_ms <= last_ms or (duration_ms and at_ms > duration_ms + _BEYOND_MS)):
            return last_ms + self._length_ms(frame)
        return max(0, at_ms)

    def _checked(self, width: int, height: int) -> int:
        if width * height > self._max_pixels:
            size, limit = width * height / 1e6, self._max_pixels / 1e6
            raise media_error(
                Reason.TOO_LARGE, f"The video has frames of {size:,.0f} megapixels; up to {limit:,.0f} are read."
            )
        return width * height

    def small(self, frame: VideoFrame) -> Small:
        """The frame shrunk, as it is stored."""
        width, height = _SMALL_PX
        shrunk = frame.reformat(
            width, height, "rgb24", _colour_space(frame), interpolation=Interpolation.AREA, threads=1
        )
        return np.asarray(shrunk.to_ndarray(), np.uint8)

    def still(self, frame: VideoFrame, shorter_px: int) -> Still:
        """The frame as a picture, with at least `shorter_px` on its shorter side if it has as many."""
        plain = frame.reformat(format="rgb24", src_colorspace=_colour_space(frame), threads=1)
        plane = plain.planes[0]
        image = Image.frombuffer("RGB", (plain.width, plain.height), bytes(plane), "raw", "RGB", plane.line_size, 1)
        pixels, width, height = reduced(image, shorter_px)
        aspect = self._stream.sample_aspect_ratio
        stretch = float(aspect) if aspect and 1 / _WIDEST < aspect < _WIDEST else 1.0
        full_size = (max(1, round(frame.width * stretch)), frame.height)
        if self._orientation is None:
            self._orientation = _orientation(frame)
        return Still(pixels, width, height, full_size, self._orientation)


def _colour_space(frame: VideoFrame) -> Colorspace | None:
    if frame.colorspace == _UNSPECIFIED:
        return Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601
    return None


def _orientation(frame: VideoFrame) -> int:
    """How the frame is to be turned, from its display matrix (ISO/IEC 14496-12)."""
    # WORKAROUND: a frame that was asked for its side data lives until the garbage collector comes: ask a tiny copy
    tiny = frame.reformat(_TINY_PX, _TINY_PX, "rgb24", threads=1)
    matrix = cast("Mapping[Type, SideData]", tiny.side_data).get(Type.DISPLAYMATRIX)
    if matrix is None:
        return 1
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    longest = max(map(abs, (a, b, c, d))) / 2
    a, b, c, d = ((value > longest) - (value < -longest) for value in (a, b, c, d))
    return _ORIENTATIONS.get((a, b, c, d), 1)
