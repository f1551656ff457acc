"""Why the system would not give us a file, in words; the same whoever asked for it."""

from __future__ import annotations

import errno

from core.errors import MediaError
from core.records import Reason

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def unreadable(error: OSError) -> MediaError:
    """The system would not give us the file's bytes; perhaps it does later."""
    if error.errno in _ABSENT:
        advice = "Moved within watched folders, it is found by itself."
        return MediaError("The file is no longer there.", advice, reason=Reason.CHANGED_WHILE_READING, retryable=True)
    if error.errno == errno.ENXIO:  # a socket
        return MediaError("This is no ordinary file.", "It is left out of search.", reason=Reason.NOT_MEDIA)
    if error.errno in _FORBIDDEN:
        what, advice = "You have no permission to read the file.", "Change its permissions."
    elif error.errno == errno.ELOOP:
        what, advice = "The file is a link to another one.", "Add the folder that it links to."
    else:
        what = f"The file could not be read ({error.strerror})."
        advice = "Check that its drive is connected, then try again."
    return MediaError(what, advice, reason=Reason.UNREADABLE, retryable=error.errno != errno.ELOOP)
