"""A moment of a video as the motion encoder wants it: frames at a steady rate, and their sound."""

from __future__ import annotations

from core.decode.frames import Frames, Shown
from core.decode.sound import SoundTrack
from core.decode.still import needed_px
from core.records import CLIP_FPS, CLIP_FRAMES, CLIP_PX, CLIP_RATE_HZ, CLIP_SAMPLES, ImageView

_FRAME_MS = 1000 // CLIP_FPS
_CLIP_MS = CLIP_FRAMES * _FRAME_MS
_VIEW = ImageView(CLIP_PX, CLIP_PX)


def clip_start(key_ms: int, start_ms: int, end_ms: int) -> int:
    """Where the clip around the key frame of a shot starts, so that it stays within the shot if that is long enough."""
    return max(start_ms, min(key_ms - _CLIP_MS // 2, end_ms - _CLIP_MS))


def clip_frames(frames: Frames, start_ms: int) -> bytes:
    """What is shown at each of the clip's moments; a frame that is shown for longer is repeated."""
    pixels: list[bytes] = []
    shown: Shown | None = None
    for following in frames.all_from(start_ms):
        if shown is not None:
            count = sum(start_ms + number * _FRAME_MS < following.at_ms for number in range(len(pixels), CLIP_FRAMES))
            pixels += _pixels(frames, shown, count)
        shown = following
        if len(pixels) == CLIP_FRAMES:
            break
    if shown is not None:
        pixels += _pixels(frames, shown, CLIP_FRAMES - len(pixels))
    return b"".join(pixels)


def clip_sound(track: SoundTrack, start_ms: int) -> bytes:
    """The clip's samples, zeros where there is no sound."""
    track.read_to(start_ms + _CLIP_MS)
    return track.cut(start_ms, start_ms + _CLIP_MS, CLIP_RATE_HZ).astype("<i2").tobytes()


def no_sound() -> bytes:
    """The sound of a clip without."""
    return bytes(2 * CLIP_SAMPLES)


def _pixels(frames: Frames, shown: Shown, count: int) -> list[bytes]:
    return [frames.still(shown.frame, needed_px((_VIEW,))).view(_VIEW).tobytes()] * count if count else []
