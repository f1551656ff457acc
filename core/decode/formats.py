"""Tells a picture's format by its first bytes and opens it with that format's reader alone."""

from __future__ import annotations

import importlib
from typing import IO

from PIL import Image, ImageFile

from core.decode.problems import media_error
from core.records import Reason

_HEAD_BYTES = 512
_THREADS = 1  # several processes decode side by side

# how a file starts → Pillow's name for the format
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\x28\0\0\0", "DIB"),
    (b"\x6c\0\0\0", "DIB"),
    (b"\x7c\0\0\0", "DIB"),
)
_PLUGINS = {
    "JPEG": "PIL.JpegImagePlugin",
    "PNG": "PIL.PngImagePlugin",
    "GIF": "PIL.GifImagePlugin",
    "BMP": "PIL.BmpImagePlugin",
    "DIB": "PIL.BmpImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
}
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})

# how a file starts → what it is, for formats that we know and do not read
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"8BPS", "a Photoshop document"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"\0\0\1\0", "an icon"),
    (b"DDS ", "a texture"),
    (b"qoif", "a QOI picture"),
)


def open_picture(file: IO[bytes]) -> ImageFile.ImageFile:
    """The picture in `file`, its pixels not read yet. No reader but the one its first bytes name is asked.

    Raises:
        MediaError: NOT_MEDIA or UNSUPPORTED.
        Exception: whatever the reader makes of hostile bytes; Pillow's DecompressionBombError or -Warning.
    """
    head = file.read(_HEAD_BYTES)
    name = _identify(head)
    _register(name)
    return Image.open(file, formats=(name,))


def is_cut_short(file: IO[bytes]) -> bool:
    """Whether a WebP or ISO base media file announces more bytes than there are; other readers notice themselves."""
    size = file.seek(0, 2)
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:8], "little") + 8 > size
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or not head[4:8].isalnum():
            return False
        at += length
    return at > size


def _identify(head: bytes) -> str:
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _identify_boxes(head)
    for start, what in _FOREIGN:
        if head.startswith(start):
            raise _unsupported(what)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        raise _unsupported("a drawing (SVG)")
    raise media_error(Reason.NOT_MEDIA)


def _identify_boxes(head: bytes) -> str:
    """ISO base media: the major brand, then the compatible ones, say what is inside (ISO/IEC 23008-12)."""
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    raise _unsupported("a video or camera file")


def _register(name: str) -> None:
    """Makes Pillow know the format; a reader is imported when the first file needs it."""
    if name in Image.OPEN:
        return
    if name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(
            decode_threads=_THREADS, thumbnails=False, depth_images=False, aux_images=False
        )
    elif name == "AVIF":
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS
    else:
        importlib.import_module(_PLUGINS[name])


def _unsupported(what: str) -> Exception:
    return media_error(Reason.UNSUPPORTED, f"This is {what}, which cannot be read.")
