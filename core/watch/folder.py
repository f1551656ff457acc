"""Which folders can be watched."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from core.errors import FolderError

_ADVICE = "Choose a folder that holds photos, sounds or videos."


def watchable(path: Path, library: Path, watched: Sequence[Path], *, again: bool = False) -> Path:
    """The real, absolute path under which `path` is to be watched.

    Raises FolderError when there is no such folder, it cannot be looked at, it belongs to the library, it lies in a
    watched folder, or a watched folder lies in it (each file has one folder, so that removing a folder is clear). A
    folder that is watched already is answered as it is. One that is watched `again` may be away.
    """
    try:
        real = path.expanduser().resolve()
        is_folder = again or stat.S_ISDIR(real.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, RuntimeError) as error:  # the last: links in a circle
        raise FolderError(f"{path} does not exist.", _ADVICE) from error
    except OSError as error:
        advice = "Check that its drive is connected and that you may open it."
        raise FolderError(f"{path} cannot be looked at: {error.strerror}.", advice) from error
    if not is_folder:
        raise FolderError(f"{path} is not a folder.", _ADVICE)
    if real == library or library in real.parents:
        raise FolderError(f"{path} holds Likewise's own data.", _ADVICE)
    for other in watched:
        if other in real.parents:
            raise FolderError(f"{path} is already being watched, as part of {other}.")
        if real in other.parents:
            raise FolderError(f"{path} contains {other}, which is being watched.", "Remove that folder first.")
    return real
