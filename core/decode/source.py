"""Opens a stranger's file without being held up by it: no link, pipe or device, nothing too large, nothing moving."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from core.decode.problems import media_error
from core.errors import MediaError
from core.records import Reason
from core.unreadable import unreadable


@contextmanager
def open_source(path: bytes, max_bytes: int | None, expected: Sequence[int] | None = None) -> Iterator[IO[bytes]]:
    """The bytes of the regular file at `path`, for reading; they are one file's, start to end, or an error is raised.

    With `expected`, a `Signature`'s fields, they are that file's, even if another took its path and gave it back.

    Raises:
        MediaError: EMPTY, NOT_MEDIA (no regular file), TOO_LARGE, UNREADABLE; CHANGED_WHILE_READING at the end.
    """
    try:
        # O_NONBLOCK: opening a pipe must not wait for somebody to write to it
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise unreadable(error) from error
    before = os.fstat(descriptor)
    try:
        _check_ordinary(before, max_bytes)
        if expected is not None and _signature(before) != tuple(expected):
            raise media_error(Reason.CHANGED_WHILE_READING, retryable=True)
    except MediaError:
        os.close(descriptor)
        raise
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        try:
            yield file
        finally:  # a file that was being written explains whatever the decoder found wrong with it
            _check_unchanged(path, before, os.fstat(descriptor))


def _check_ordinary(status: os.stat_result, max_bytes: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise media_error(Reason.NOT_MEDIA, "This is no ordinary file.")
    if status.st_size == 0:
        raise media_error(Reason.EMPTY)
    if max_bytes is not None and status.st_size > max_bytes:
        size, limit = (round(number / 1e6) for number in (status.st_size, max_bytes))
        raise media_error(Reason.TOO_LARGE, f"The file has {size:,} MB; up to {limit:,} are read.")


def _check_unchanged(path: bytes, before: os.stat_result, after: os.stat_result) -> None:
    try:
        there = os.lstat(path)
    except OSError as error:
        raise unreadable(error) from error
    if not _signature(before) == _signature(after) == _signature(there):
        raise media_error(Reason.CHANGED_WHILE_READING, retryable=True)


def _signature(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
