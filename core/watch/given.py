"""What is at the paths that somebody gave us."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from core.records import Given

_REFUSALS = {errno.EACCES, errno.EIO, errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT}
"""What a drive answers that ails, or a folder that is not for us."""


def look_at(paths: Sequence[Path]) -> Given:
    """Which of `paths` are regular files and which folders, with links followed. A drive may be slow to answer.

    What cannot be looked at counts as a folder, for whoever adds that is told why.
    """
    files, folders = [], []
    for path in paths:
        try:
            real = os.path.realpath(path, strict=True)
            mode = os.lstat(real).st_mode
        except OSError as error:
            if error.errno in _REFUSALS:
                folders.append(path)
            continue
        if stat.S_ISREG(mode):
            files.append(Path(real))
        elif stat.S_ISDIR(mode):
            folders.append(Path(real))
    return Given(tuple(files), tuple(folders))
