"""Sound cut into windows, where it is quietest; how loud it is from one tenth of a second to the next; its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from core.decode.decoder import RawSegment
from core.decode.sound import SoundTrack, Wave
from core.decode.thumbnail import THUMBNAIL_PX
from core.records import SOUND_RATE_HZ, WINDOW_MS

_SHORTEST_MS = 1000
_SEARCHED = 3
"""A window ends at the quietest moment of the last of this many parts of it."""
_STEP_MS = 20
_PAUSE_STEPS = 10
_AS_QUIET = 2
_PEAK_MS = 100
_SILENT = 1
"""Samples of pure silence are no larger, of 32767."""
_PER_MS = SOUND_RATE_HZ // 1000
_SAMPLE_BYTES = 2

_HEIGHT_PX = THUMBNAIL_PX * 2 // 3
_BAR_PX = 4
_GROUND = (92, 98, 107)
_BARS = (190, 197, 206)


@dataclass(frozen=True, slots=True)
class Windows:
    """A stretch of sound. `next_ms` is where the next begins, None after the last."""

    segments: Sequence[RawSegment]
    peaks: bytes
    end_ms: int
    next_ms: int | None


def listen(track: SoundTrack, from_ms: int, until_ms: int | None, longest_ms: int) -> Windows:
    """The windows from `from_ms` to `until_ms`, as many as fit `longest_ms`. Pure silence makes none."""
    segments: list[RawSegment] = []
    peaks: list[bytes] = []
    start_ms = from_ms
    while start_ms == from_ms or start_ms - from_ms <= longest_ms - WINDOW_MS:
        end_ms, wave = _window(track, start_ms, until_ms)
        if end_ms is None:
            return Windows(segments, b"".join(peaks), start_ms, None)
        if np.abs(wave.astype(np.int32)).max(initial=0) > _SILENT:
            segments.append(RawSegment(sound=wave.astype("<i2").tobytes(), start_ms=start_ms, end_ms=end_ms))
        peaks.append(_peaks(wave, start_ms, end_ms))
        start_ms = end_ms
    is_over = (track.has_ended and start_ms >= track.end_ms) or start_ms == until_ms
    return Windows(segments, b"".join(peaks), start_ms, None if is_over else start_ms)


def shortened(windows: Windows, from_ms: int, end_ms: int) -> Windows:
    """The stretch that starts at `from_ms`, up to `end_ms`; one window may be cut through."""
    if windows.end_ms <= end_ms:
        return windows
    segments = []
    for segment in windows.segments:
        start_ms, last_ms = segment.start_ms or 0, min(segment.end_ms or 0, end_ms)
        if start_ms < last_ms:
            sound = segment.sound[: (last_ms - start_ms) * _PER_MS * _SAMPLE_BYTES]
            segments.append(replace(segment, sound=sound, end_ms=last_ms))
    peaks = windows.peaks[: -(-end_ms // _PEAK_MS) - -(-from_ms // _PEAK_MS)]
    return Windows(segments, peaks, end_ms, end_ms)


def draw_waveform(peaks: bytes) -> Image.Image:
    """How loud a sound is over time, as a picture that is calm on light and dark."""
    image = Image.new("RGB", (THUMBNAIL_PX, _HEIGHT_PX), _GROUND)
    draw = ImageDraw.Draw(image)
    bars = THUMBNAIL_PX // (2 * _BAR_PX)
    for number, part in enumerate(np.array_split(np.frombuffer(peaks, np.uint8), bars)):
        half = max(1, int(part.max(initial=0)) * (_HEIGHT_PX // 2 - 24) // 255)
        left = number * 2 * _BAR_PX + _BAR_PX // 2
        draw.rectangle((left, _HEIGHT_PX // 2 - half, left + _BAR_PX - 1, _HEIGHT_PX // 2 + half), _BARS)
    return image


def _window(track: SoundTrack, start_ms: int, until_ms: int | None) -> tuple[int | None, Wave]:
    """The end and the samples of the window that starts at `start_ms`; None after the end of the sound."""
    full_ms = start_ms + WINDOW_MS
    track.read_to(full_ms + _SHORTEST_MS)
    over_ms = until_ms
    if track.has_ended:
        over_ms = track.end_ms if until_ms is None else min(until_ms, track.end_ms)
    if over_ms is not None and over_ms <= start_ms:
        return None, np.zeros(0, np.int16)
    if over_ms is not None and over_ms <= full_ms:
        return over_ms, track.cut(start_ms, over_ms, SOUND_RATE_HZ)
    latest_ms = full_ms if over_ms is None else min(full_ms, over_ms - _SHORTEST_MS)
    wave = track.cut(start_ms, latest_ms, SOUND_RATE_HZ)
    searched = WINDOW_MS // _SEARCHED * _PER_MS
    at = len(wave) - searched + _quietest(wave[-searched:])
    return start_ms + at // _PER_MS, wave[:at]


def _quietest(wave: Wave) -> int:
    """The middle of the last pause: of the last part of which every fifth of a second is as good as the quietest.

    Not simply the quietest moment: some decoders add noise of their own, and a pause must not lose to another by that.
    """
    step = _STEP_MS * _PER_MS
    steps = wave[: len(wave) // step * step].reshape(-1, step).astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(steps).sum(axis=1))])
    fifths = energy[_PAUSE_STEPS:] - energy[:-_PAUSE_STEPS]
    pauses = np.flatnonzero(fifths <= _AS_QUIET * fifths.min())
    begins = pauses[np.flatnonzero(np.diff(pauses, prepend=-2) > 1)]
    return int(begins[-1] + pauses[-1] + _PAUSE_STEPS) // 2 * step


def _peaks(wave: Wave, start_ms: int, end_ms: int) -> bytes:
    """The loudest sample of each tenth of a second that begins here; those of all windows join without gap."""
    cells = range(-(-start_ms // _PEAK_MS), -(-end_ms // _PEAK_MS))
    if not cells:
        return b""
    from_here = wave[(cells.start * _PEAK_MS - start_ms) * _PER_MS :]
    padded = np.zeros(len(cells) * _PEAK_MS * _PER_MS, np.int32)
    padded[: len(from_here)] = from_here
    loudest = np.abs(padded).reshape(len(cells), -1).max(axis=1)
    return bytes((loudest * 255 // 32768).astype(np.uint8))
