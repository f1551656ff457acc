"""What a decoder is, which there are, and which files are theirs. Imports nothing heavy: a scan asks for every file."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol, cast

from core.records import ImageView, Kind, Metadata, Picture

DECODERS: dict[Kind, str] = {
    Kind.IMAGE: "core.decode.image:ImageDecoder",
}
"""Where each kind's decoder is; resolved in the decode process alone."""

_EXTENSIONS: dict[Kind, str] = {
    Kind.IMAGE: "jpg jpeg jpe jfif mpo png webp gif bmp dib tif tiff avif heic heif hif",
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


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a file, and within which bounds. Not `alone`: refuse what needs a lot of memory."""

    views: tuple[ImageView, ...]
    max_pixels: int
    alone: bool = False


@dataclass(frozen=True, slots=True)
class RawDecoded:
    """A file as it leaves the decode process, before numpy (whose import takes 0.1 s) makes `records.Decoded` of it.

    `views` holds `crop_px * crop_px * 3` bytes of sRGB for each view of the order; `colour` is 0xRRGGBB.
    """

    views: Sequence[bytes]
    metadata: Metadata
    thumbnail: bytes
    colour: int


class Decoder(Protocol):
    """Turns untrusted bytes into pixels and samples, in a process that may die of it.

    May raise anything; `problems.explain` says what it means to the user.
    """

    kind: Kind

    def decode(self, file: IO[bytes], order: Order) -> RawDecoded:
        """All that indexing needs of the file, read once."""
        ...

    def preview(self, file: IO[bytes], order: Order, max_px: int) -> Picture:
        """The file as a picture, longer side at most `max_px`, never enlarged."""
        ...


def make_decoder(kind: Kind) -> Decoder:
    """The decoder for `kind`, importing what it needs."""
    module, _, name = DECODERS[kind].partition(":")
    return cast("Decoder", getattr(importlib.import_module(module), name)())
