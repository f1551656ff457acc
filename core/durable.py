"""Names that outlive a power failure. A file that was synced is safe; its name is when the folder it is in was, too."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NOT_TO_BE_HAD = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP}
"""What a folder answers that we may add to but not read, or whose file system knows no such thing."""


def sync_folder(folder: Path) -> None:
    """Makes what was made, renamed and removed in `folder` survive a power failure."""
    if os.name == "nt":
        return  # folders cannot be opened there; NTFS journals renames itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
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
