"""A media file turned into arrays, and why that may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.records.basics import FileId, Kind, Pixels, Samples


@dataclass(frozen=True, slots=True)
class ImageView:
    """The pixels an encoder wants: shorter side resized to `resize_px`, then a centre crop `crop_px` square.

    Attributes:
        square: the whole picture is squeezed into the square instead; `resize_px` is then its side, too.
        bilinear: resized by straight lines, where the usual is cubic curves.
    """

    resize_px: int
    crop_px: int
    square: bool = False
    bilinear: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright sRGB image: `rgb` holds `height * width * 3` bytes, row by row."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a media file says of itself. `taken_at` is local time, ISO 8601 without zone, or empty.

    `duration_ms` is 0 for pictures; `title` is what a sound's or video's tags call it, with the artist.
    """

    width: int = 0
    height: int = 0
    format: str = ""
    taken_at: str = ""
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None
    duration_ms: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A moment of a video as the motion encoder wants it: CLIP_FRAMES frames at CLIP_FPS and their sound.

    Attributes:
        frames: (16, 224, 224, 3) uint8 sRGB, shorter side resized and centre-cropped.
        sound: (30720,) float32 mono at 48 kHz, zeros where there is none.
    """

    frames: Pixels
    sound: Samples


CLIP_FRAMES = 16
CLIP_FPS = 25
CLIP_PX = 224
CLIP_RATE_HZ = 48000
CLIP_SAMPLES = CLIP_FRAMES * CLIP_RATE_HZ // CLIP_FPS
SOUND_RATE_HZ = 16000
"""Sound for understanding: what Whisper and the voice detector were trained on."""
WINDOW_MS = 30_000
"""The longest window of sound that is one segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of an item that one embedding describes, as far as it is needed.

    A picture is one segment with `views` and no times. A video's shot has `views` of its key frame and perhaps a
    `clip`; a window of sound has `sound` at SOUND_RATE_HZ; a line of speech has `text` and `language` (ISO 639-1).
    """

    views: Mapping[ImageView, Pixels] = field(default_factory=dict)
    sound: Samples | None = None
    clip: Clip | None = None
    text: str = ""
    language: str = ""
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decoder is asked for: of the picture, of the sound, of the motion."""

    views: tuple[ImageView, ...] = ()
    sound: bool = False
    clips: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """One file, or one stretch of a long one, turned into arrays.

    A long file comes in stretches: ask again from `next_ms`; None is the end.

    Attributes:
        thumbnail: a JPEG; empty except with a file's first stretch, and if there is nothing to show.
        colour: the average of the thumbnail, 0xRRGGBB.
        peaks: how loud each tenth of a second of the stretch is, 0 to 255; empty for pictures and silent videos.
    """

    kind: Kind
    segments: Sequence[Segment]
    metadata: Metadata
    thumbnail: bytes
    colour: int
    next_ms: int | None = None
    peaks: bytes = b""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that somebody says. `language` is ISO 639-1, or empty."""

    start_ms: int
    end_ms: int
    text: str
    language: str = ""


class Stage(StrEnum):
    """Where on the data path a file failed."""

    READ = "read"
    DECODE = "decode"
    EMBED = "embed"
    LISTEN = "listen"


class Reason(StrEnum):
    """Why a file failed; `Failure.sentence` says it to the user."""

    EMPTY = "empty"
    NOT_MEDIA = "not media"
    UNSUPPORTED = "unsupported"
    INCOMPLETE = "incomplete"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    DECODER_CRASHED = "decoder crashed"
    OUT_OF_MEMORY = "out of memory"
    UNREADABLE = "unreadable"
    CHANGED_WHILE_READING = "changed while reading"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed. `sentence` says what happened and what to do; `at` is Unix seconds."""

    file_id: FileId
    path: Path
    stage: Stage
    reason: Reason
    sentence: str
    at: float
    retryable: bool
