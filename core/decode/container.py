"""Opens the file of a sound or video, so that nothing but this one file is read, whatever is in it.

A playlist names other files and addresses, and FFmpeg would fetch them. So it gets no way to open anything (it reads
through our own open file), and of its readers only those whose files hold the media themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import av
from av.stream import Discard, Disposition

from core.decode.formats import is_cut_short
from core.decode.problems import media_error
from core.errors import MediaError
from core.records import Kind, Reason

if TYPE_CHECKING:
    from av.audio import AudioStream
    from av.container import InputContainer
    from av.video import VideoStream

_READERS = (
    "mov,matroska,avi,asf,flv,mpegts,mpeg,mpegvideo,m4v,"  # of videos
    "wav,w64,mp3,flac,ogg,aac,aiff,amr,ac3,caf,au"  # of sounds
)
_OPTIONS = {"format_whitelist": _READERS, "protocol_whitelist": "none"}
_READ_BYTES = 1 << 17
_RATES_HZ = range(1000, 768_001)
_HEAD_BYTES = 1024
_STARTS = (b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"0&\xb2u\x8ef\xcf\x11", b"#!AMR", b"FLV\1", b".snd", b"caff")
_STREAM_STARTS = (b"\0\0\1\xb3", b"\0\0\1\xba", b"\0\0\1\xb0", b"\x0b\x77", b"riff\x2e\x91\xcf\x11")
_CHUNKS = {b"RIFF": (b"WAVE", b"AVI "), b"RIFX": (b"WAVE",), b"RF64": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC")}
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TRANSPORT = ((0, 188), (4, 192))
"""Where a transport stream's packets start, which begin with a G, and how long they are."""


@dataclass(frozen=True, slots=True)
class Media:
    """An opened file with its sound and its picture, as far as it has them. Times count from where playing starts."""

    container: InputContainer
    sound: AudioStream | None
    picture: VideoStream | None
    cover: VideoStream | None

    @property
    def kind(self) -> Kind:
        """Whether there is a moving picture, which cover art is not."""
        return Kind.AUDIO if self.picture is None else Kind.VIDEO

    @property
    def start_s(self) -> float:
        """The timestamp at which playing starts."""
        return (self.container.start_time or 0) / av.time_base

    @property
    def duration_ms(self) -> int:
        """How long it says that it is; 0 if it does not."""
        return max(0, (self.container.duration or 0) * 1000 // av.time_base)

    def read_only(self, stream: AudioStream | VideoStream) -> None:
        """Lets the packets of all other streams be skipped unread."""
        for other in self.container.streams:
            other.discard = Discard.default if other.index == stream.index else Discard.all

    def seek(self, at_s: float) -> bool:
        """Goes on reading somewhere at or before `at_s`. False if that cannot be done, and the place is unknown."""
        try:
            self.container.seek(round((at_s + self.start_s) * av.time_base), backward=True)
        except (av.FFmpegError, OverflowError):
            return False
        return True


@contextmanager
def open_media(file: IO[bytes]) -> Iterator[Media]:
    """The sound or video in `file`; its start is read. Several may be open on one file.

    Raises:
        MediaError: NOT_MEDIA, UNSUPPORTED, or why FFmpeg can read no more, whenever that is.
    """
    try:
        with av.open(
            _Reading(file), "r", options=_OPTIONS, metadata_errors="replace", buffer_size=_READ_BYTES
        ) as container:
            yield _choose(container)
    except av.FFmpegError as error:
        raise _problem(error, file) from error


def nothing_read(file: IO[bytes]) -> MediaError:
    """Why there was nothing to decode in `file`, as far as can be told."""
    if not _is_media(file):
        return media_error(Reason.NOT_MEDIA)
    return media_error(Reason.INCOMPLETE if is_cut_short(file) else Reason.DAMAGED)


class _Reading:
    """A file's bytes with a place of their own in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0

    def read(self, size: int) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        start = self._at if whence == 1 else self._file.seek(0, 2) if whence == 2 else 0
        if start + offset < 0:
            return -1  # FFmpeg believed what a damaged file says of itself: its own mistake, not the drive's
        self._at = self._file.seek(start + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def _choose(container: InputContainer) -> Media:
    videos = [stream for stream in container.streams.video if stream.codec_context]  # None for an unknown codec
    covers = [stream for stream in videos if Disposition.attached_pic in stream.disposition]
    pictures = [stream for stream in videos if stream not in covers and stream.width and stream.height]
    sounds = [stream for stream in container.streams.audio if stream.codec_context and stream.sample_rate in _RATES_HZ]
    if not pictures and not sounds:
        if container.streams.audio or container.streams.video:
            raise media_error(Reason.UNSUPPORTED)
        raise media_error(Reason.NOT_MEDIA, "The file holds neither sound nor moving pictures.")
    return Media(
        container,
        sounds[0] if sounds else None,
        max(pictures, key=lambda stream: stream.width * stream.height, default=None),
        covers[0] if covers else None,
    )


def _problem(error: av.FFmpegError, file: IO[bytes]) -> MediaError:
    if isinstance(error, MemoryError):
        return media_error(Reason.OUT_OF_MEMORY)
    if not _is_media(file):
        return media_error(Reason.NOT_MEDIA)
    if isinstance(error, LookupError | NotImplementedError | av.error.PatchWelcomeError):
        return media_error(Reason.UNSUPPORTED)
    if isinstance(error, EOFError):
        return media_error(Reason.INCOMPLETE)
    return nothing_read(file)


def _is_media(file: IO[bytes]) -> bool:
    """Whether the first bytes are those of a format that we read."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if head.startswith(_STARTS + _STREAM_STARTS) or head[8:12] in _CHUNKS.get(head[:4], ()) or head[4:8] in _BOXES:
        return True
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08:  # MPEG audio, AAC
        return True
    return any(head[start:][: 5 * length : length] == b"G" * 5 for start, length in _TRANSPORT)
