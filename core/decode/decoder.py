"""What a decoder is, which there are, and which files are theirs. Imports nothing heavy: a scan asks for every file."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol, cast

from core.records import Kind, Metadata, Picture, Wanted

DECODERS: dict[Kind, str] = {
    Kind.IMAGE: "core.decode.image:ImageDecoder",
    Kind.AUDIO: "core.decode.audio:AudioDecoder",
    Kind.VIDEO: "core.decode.video:VideoDecoder",
}
"""Where each kind's decoder is; resolved in the decode process alone."""

_EXTENSIONS: dict[Kind, str] = {
    Kind.IMAGE: "jpg jpeg jpe jfif mpo png webp gif bmp dib tif tiff avif heic heif hif",
    Kind.AUDIO: "wav wave mp3 flac ogg oga opus m4a m4b aac wma aif aiff aifc amr mka",
    Kind.VIDEO: "mp4 m4v mov mkv webm avi mpg mpeg mts m2ts 3gp ogv wmv flv",
}
_KINDS = {extension.encode(): kind for kind, names in _EXTENSIONS.items() for extension in names.split()}


def kind_of(name: bytes) -> Kind | None:
    """The kind of a file named `name`, going by its extension; None if it is none of ours.

    Only says which files are worth opening: what is in them decides how they are read.
    """
    stem, _, extension = name.rpartition(b".")
    if not stem or name.startswith(b"._"):  # macOS keeps a picture's attributes in "._picture.jpg" on foreign drives
        return None
    return _KINDS.get(extension.lower())


class TooLargeTogether(Exception):  # noqa: N818 - not an error: the file is decoded when no other large one is
    """The file needs so much memory that it must be decoded while no other such file is."""


class OtherKind(Exception):  # noqa: N818 - not an error: another decoder reads the file
    """The file holds media of `kind`, whatever its name says."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a file, and within which bounds. Not `alone`: refuse what needs a lot of memory.

    Sounds and videos are read from `from_ms` on, to `until_ms` if that is not None, one stretch a call.
    """

    wanted: Wanted
    max_pixels: int
    from_ms: int = 0
    until_ms: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment as it leaves the decode process, before numpy (whose import takes 0.1 s) makes arrays of it.

    Attributes:
        views: `crop_px * crop_px * 3` bytes of sRGB for each wanted view; empty for a window of sound.
        sound: 16-bit samples, little-endian, mono, at SOUND_RATE_HZ.
        frames: a clip's CLIP_FRAMES frames of `CLIP_PX * CLIP_PX * 3` bytes of sRGB; empty if there is no clip.
        clip_sound: the clip's CLIP_SAMPLES samples, 16-bit, little-endian, mono, at CLIP_RATE_HZ.
    """

    views: Sequence[bytes] = ()
    sound: bytes = b""
    frames: bytes = b""
    clip_sound: bytes = b""
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RawDecoded:
    """A file, or a stretch of it, as it leaves the decode process; see `records.Decoded`."""

    segments: Sequence[RawSegment]
    metadata: Metadata
    thumbnail: bytes
    colour: int
    next_ms: int | None = None
    peaks: bytes = b""


class Decoder(Protocol):
    """Turns untrusted bytes into pixels and samples, in a process that may die of it.

    May raise anything; `problems.explain` says what it means to the user.
    """

    kind: Kind

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """All that indexing needs of the file (of sounds and videos: of a stretch of it), read once."""
        ...

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """The file as a picture, longer side at most `max_px`, never enlarged; a video at `from_ms`."""
        ...


def make_decoder(kind: Kind) -> Decoder:
    """The decoder for `kind`, importing what it needs."""
    module, _, name = DECODERS[kind].partition(":")
    return cast("Decoder", getattr(importlib.import_module(module), name)())
