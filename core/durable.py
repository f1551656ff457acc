"""Files and names that outlive a power failure: a file that was synced, a name whose folder was synced, too."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_NOT_TO_BE_HAD = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP}
"""What a folder answers that we may add to but not read, or whose file system knows no such thing."""


def put_in_place(written: Path, path: Path) -> None:
    """Gives a file that was written beside it the name `path`: from now on that one is there, and never half of it."""
    with written.open("rb+") as file:
        _sync(file.fileno())
    written.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes what was made, renamed and removed in `folder` survive a power failure."""
    if os.name == "nt":
        return  # folders cannot be opened there; NTFS journals renames itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Makes `folder`, and those above it, unless it is there: so that what is put into it can be safe at all."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    try:
        sync_folder(folder.parent)
    except OSError as error:
        if error.errno not in _NOT_TO_BE_HAD:
            raise


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync leaves it in the drive's own memory there
        except OSError:  # not every file system knows it
            os.fsync(descriptor)
    else:
        os.fsync(descriptor)
