"""What was dropped or pasted, and what it will be used for. The outside world is not trusted here.

Only files and folders of this computer are taken, and image data; nothing is fetched, and no picture is decoded by
this process: its bytes go to the engine as they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QImage, QImageWriter

MAX_FILES = 12
"""More examples than this say no more, and do not fit into the field."""
MAX_BYTES = 64 * 1024 * 1024
_FORMATS = ("png", "jpeg", "webp", "avif", "heic", "tiff", "bmp", "gif")
_QT_IMAGE = "application/x-qt-image"


@dataclass(frozen=True, slots=True)
class Incoming:
    """Paths of photos, sounds, videos or folders, or else the bytes of a picture; neither if nothing can be used."""

    paths: tuple[Path, ...] = ()
    picture: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.paths or self.picture)


def may_hold_media(mime: QMimeData) -> bool:
    """Whether `mime` is of a sort that `read_mime` could take, by its formats alone."""
    return mime.hasUrls() or _may_hold_picture(mime)


def promise_of(mime: QMimeData) -> str:
    """What dropping `mime` will do, by its formats and addresses alone; empty when it can do nothing.

    Which of its files are folders is asked when they are dropped: a drive that is slow to say so must not hold up
    the drag.
    """
    count = sum(_is_local(url) for url in mime.urls()[: MAX_FILES * 4])
    if count == 1:
        return "Find more like this, or add this folder"
    if count:
        return "Find more like these, or add these folders"
    return "Find more like this" if _may_hold_picture(mime) else ""


def _may_hold_picture(mime: QMimeData) -> bool:
    return mime.hasFormat(_QT_IMAGE) or any(mime.hasFormat(f"image/{name}") for name in _FORMATS)


def _is_local(url: QUrl) -> bool:
    return url.scheme() == "file" and not (url.host() or url.hasQuery() or url.hasFragment())


def read_mime(mime: QMimeData) -> Incoming:
    """What of `mime` can be used: files and folders first, else the image data itself. Touches no drive."""
    paths = tuple(path for url in mime.urls()[: MAX_FILES * 4] if (path := local_path(url)) is not None)
    return Incoming(paths) if paths else Incoming(picture=_image_bytes(mime))


def local_path(url: QUrl) -> Path | None:
    """The path on this computer that `url` names, whatever is there; None for any other address."""
    if not _is_local(url):
        return None
    encoded = bytes(url.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data())
    raw = unquote_to_bytes(encoded.removeprefix(b"file://"))
    if not raw.startswith(b"/") or raw.startswith(b"//") or b"\0" in raw:
        return None
    return Path(os.fsdecode(raw))


def _image_bytes(mime: QMimeData) -> bytes:
    for name in _FORMATS:
        data = bytes(mime.data(f"image/{name}").data()) if mime.hasFormat(f"image/{name}") else b""
        if 0 < len(data) <= MAX_BYTES:
            return data
    if mime.hasFormat(_QT_IMAGE) and not any(name.lower().startswith("image/") for name in mime.formats()):
        image = mime.imageData()  # pixels; where bytes of an image are offered, Qt would decode those here
        if isinstance(image, QImage) and 0 < image.sizeInBytes() <= MAX_BYTES:
            return _png(image)
    return b""


def _png(image: QImage) -> bytes:
    array = QByteArray()
    buffer = QBuffer(array)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(array.data())
