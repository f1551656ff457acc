"""The sound of a file as one line of samples: mono, 16 bits, at the file's own rate, each sample at its place in time.

What is cut from it depends on the file and on the interval alone, not on where reading began: a long sound is read in
stretches, and must come out the same wherever these end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from core.decode.container import Media

if TYPE_CHECKING:
    from av.audio import AudioFrame, AudioStream

Wave: TypeAlias = NDArray[np.int16]

_FORMAT = "s16"
_LAYOUT = "mono"
_RUN_UP_S = 2.2
"""Decoders need some sound before that which they are to get right; the resampler's part begins on a whole second."""
_FILTER_MS = 100
"""More than the resampler's filter reaches to either side."""
_JITTER_S = 0.003
"""How far timestamps, which some formats round to milliseconds, may be off before they are believed to mean it."""
_RESET_S = 10.0
"""Timestamps that jump back by more were set back: what follows is later all the same."""
_BEYOND_S = 60.0
"""Timestamps that are later than the end by more than this are wrong."""


class SoundTrack:
    """The sound of `media` from some moment on."""

    def __init__(self, media: Media, stream: AudioStream, from_ms: int) -> None:
        self._media = media
        self._stream = stream
        self._rate = stream.codec_context.sample_rate
        self._pieces = self._placed(from_ms)
        self._held: deque[tuple[int, Wave]] = deque()
        self._end = 0
        self.has_ended = False

    @property
    def end_ms(self) -> int:
        """Up to when the sound is known; with `has_ended`, how long it is."""
        return -(-self._end * 1000 // self._rate)

    def read_to(self, ms: int) -> None:
        """Reads on until the sound up to `ms` (and what the filter needs) is known, or all of it."""
        needed = (ms + _FILTER_MS) * self._rate // 1000
        while not self.has_ended and self._end < needed:
            piece = next(self._pieces, None)
            if piece is None:
                self.has_ended = True
            else:
                self._held.append(piece)
                self._end = piece[0] + len(piece[1])

    def cut(self, start_ms: int, end_ms: int, rate_hz: int) -> Wave:
        """The samples from `start_ms` to `end_ms`, zeros where there are none. `read_to` has been there.

        Forgets what is no longer needed: the next cut may start at `end_ms` of this one, or between the two.
        """
        begin_s = max(0, start_ms - _FILTER_MS) // 1000  # on a whole second the two rates are in step
        first, last = begin_s * self._rate, (end_ms + _FILTER_MS) * self._rate // 1000
        while self._held and self._held[0][0] + len(self._held[0][1]) <= first:
            self._held.popleft()
        whole = np.zeros(last - first, np.int16)
        for at, samples in self._held:
            low, high = max(at, first), min(at + len(samples), last)
            if low < high:
                whole[low - first : high - first] = samples[low - at : high - at]
        wave = _resample(whole, self._rate, rate_hz)
        start, length = (start_ms - begin_s * 1000) * rate_hz // 1000, (end_ms - start_ms) * rate_hz // 1000
        part = wave[start : start + length]
        return np.pad(part, (0, length - len(part)))

    def _placed(self, from_ms: int) -> Iterator[tuple[int, Wave]]:
        """Pieces and their places, without gap of a few samples or overlap; the first is early enough for `from_ms`."""
        end = (self._media.duration_ms / 1000 + _BEYOND_S) * self._rate if self._media.duration_ms else float("inf")
        at: int | None = None
        ahead = 0
        for place, samples in self._from(from_ms / 1000):
            skipped = 0
            if at is None:
                at = max(place or 0, 0)
                skipped = at - (place or 0)  # what is before the start is not played
            elif place is not None:
                gap = place + ahead - at
                if gap < -_RESET_S * self._rate or place + ahead > end:
                    ahead -= gap
                elif gap > _JITTER_S * self._rate:
                    at += gap
                elif gap < -_JITTER_S * self._rate:
                    skipped = -gap
            if skipped < len(samples):
                yield at, samples[skipped:]
                at += len(samples) - skipped

    def _from(self, from_s: float) -> Iterator[tuple[int | None, Wave]]:
        """Decoded pieces with what their timestamps say, from early enough before `from_s`; else from the start."""
        self._media.read_only(self._stream)
        for run_up_s in (_RUN_UP_S, 5 * _RUN_UP_S):
            start_s = from_s - run_up_s
            if start_s <= 0 or not self._media.seek(start_s):
                break
            pieces = self._decoded()
            first = next(pieces, None)
            if first is not None and first[0] is not None and first[0] <= (from_s - _RUN_UP_S / 2) * self._rate:
                yield first
                yield from pieces
                return
        if from_s > 0:
            self._media.seek(0)
        yield from self._decoded()

    def _decoded(self) -> Iterator[tuple[int | None, Wave]]:
        """What can be decoded. Damaged parts are left out, and reading ends where it can no longer go on."""
        mono = _Mono(self._rate)
        self._stream.codec_context.flush_buffers()
        packets = self._media.container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                frames = packet.decode() if packet is not None else None
            except MemoryError:
                raise
            except av.EOFError:
                return
            except av.FFmpegError:
                if packet is None:
                    return
                continue
            if frames is None:
                return
            for frame in frames:
                if frame.samples and frame.sample_rate:
                    yield self._place(frame), mono.convert(frame)

    def _place(self, frame: AudioFrame) -> int | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return round((frame.pts * float(frame.time_base) - self._media.start_s) * self._rate)


class _Mono:
    """Brings frames, whose format may change on the way, to one channel of 16 bits."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._form: tuple[str, str, int] | None = None

    def convert(self, frame: AudioFrame) -> Wave:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._form = form
            self._resampler = av.AudioResampler(format=_FORMAT, layout=_LAYOUT, rate=self._rate)
        frame.pts = None
        return _joined(self._resampler.resample(frame))


def _resample(wave: Wave, rate: int, rate_hz: int) -> Wave:
    if rate == rate_hz or not len(wave):
        return wave
    frame = av.AudioFrame.from_ndarray(wave[None], format=_FORMAT, layout=_LAYOUT)
    frame.sample_rate = rate
    resampler = av.AudioResampler(format=_FORMAT, layout=_LAYOUT, rate=rate_hz)
    return _joined([*resampler.resample(frame), *resampler.resample(None)])


def _joined(frames: list[AudioFrame]) -> Wave:
    parts = [np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples) for frame in frames]
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int16), *parts])
