"""A file that one process at a time has locked. The system drops the lock when its holder dies, however it dies."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import IO

_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
"""What systems say of a file that another has locked, the last two Windows."""


def lock_file(path: Path) -> IO[bytes] | None:
    """Locks `path` until what this returns is closed; None when another has it.

    Raises OSError where files cannot be locked at all: some network drives.
    """
    file = path.open("ab")
    try:
        _lock(file)
    except OSError as error:
        file.close()
        if error.errno in _BUSY:
            return None
        raise OSError(error.errno, error.strerror, str(path)) from error
    return file


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
