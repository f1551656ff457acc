"""What makes a file the same file: its signature (cheap, from `lstat`) and its content hash (exact, from its bytes)."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import CancelledError

from blake3 import blake3

from core.errors import MediaError
from core.records import ContentHash, Reason, Signature
from core.unreadable import unreadable

_CHUNK_BYTES = 1 << 20
_CLOCK_GRAIN_NS = 20_000_000
"""File times advance in steps of at most a kernel tick (10 ms); a younger file may change and keep its times."""

# never wait for a pipe's writer, never follow a link put in the file's place; the last two are Windows' and absent here
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


def signature_from(status: os.stat_result) -> Signature:
    """The signature in what `lstat` or `fstat` returned."""
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def signature_of(path: bytes) -> Signature:
    """The signature of the file at `path` now; of a link, the link's own.

    Raises:
        MediaError: CHANGED_WHILE_READING, the file is gone; UNREADABLE, its folder cannot be read.
    """
    try:
        return signature_from(os.lstat(path))
    except OSError as error:
        raise unreadable(error) from error


def content_hash_of(data: bytes) -> ContentHash:
    """The hash that a file holding `data` has."""
    return ContentHash(blake3(data).digest())


def content_hash(path: bytes, expected: Signature, stop: Callable[[], bool] = lambda: False) -> ContentHash:
    """The BLAKE3 hash (32 bytes) of the whole file, read while its signature was `expected`.

    A video may take minutes: `stop` is asked all the while whether it is still wanted.

    Raises:
        CancelledError: `stop` said so.
        MediaError: CHANGED_WHILE_READING when the file is not, or does not stay, the one that was `expected`;
            UNREADABLE when it cannot be opened or read. Both may succeed later.
    """
    _outwait_clock_grain(expected)
    digest = blake3()
    done_bytes = 0
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            _require(os.fstat(descriptor), expected)
            while done_bytes <= expected.size_bytes and (chunk := os.read(descriptor, _CHUNK_BYTES)):
                if stop():
                    raise CancelledError
                digest.update(chunk)
                done_bytes += len(chunk)
            _require(os.fstat(descriptor), expected)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(error) from error
    return ContentHash(digest.digest())


def require_readable_size(signature: Signature, max_bytes: int) -> None:
    """Raises MediaError (TOO_LARGE) for a file that nothing is to read to its end."""
    if signature.size_bytes > max_bytes:
        raise MediaError(
            f"The file holds {signature.size_bytes / 1e6:,.0f} MB, more than the {max_bytes / 1e6:,.0f} MB allowed.",
            "The limit can be raised in the settings.",
            reason=Reason.TOO_LARGE,
        )


def require_unchanged(path: bytes, expected: Signature) -> None:
    """Raises MediaError (CHANGED_WHILE_READING) unless the file at `path` is still the one that was `expected`."""
    try:
        status = os.lstat(path)
    except OSError as error:
        raise _changed() from error
    _require(status, expected)


def _require(status: os.stat_result, expected: Signature) -> None:
    if not stat.S_ISREG(status.st_mode) or signature_from(status) != expected:
        raise _changed()


def _changed() -> MediaError:
    return MediaError(
        "The file changed while it was being read.",
        "It will be read again when it has settled.",
        reason=Reason.CHANGED_WHILE_READING,
        retryable=True,
    )


def _outwait_clock_grain(expected: Signature) -> None:
    """Waits, at most 20 ms, until another write would show in the file's times ("racy git")."""
    age_ns = time.time_ns() - max(expected.mtime_ns, expected.ctime_ns)
    if 0 <= age_ns < _CLOCK_GRAIN_NS:
        time.sleep((_CLOCK_GRAIN_NS - age_ns) / 1e9)
