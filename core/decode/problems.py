"""Everything that can be wrong with a file, said so that a user knows what to do."""

from __future__ import annotations

import errno
import re

from core.errors import MediaError
from core.records import Reason
from core.unreadable import unreadable

_SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.EMPTY: ("The file is empty.", "Copy it again from where it came from."),
    Reason.NOT_MEDIA: ("The file is no picture, sound or video, whatever its name says.", "It is left out of search."),
    Reason.UNSUPPORTED: (
        "Files of this format cannot be read.",
        "Save it in a common format: JPEG or PNG, MP3 or WAV, MP4.",
    ),
    Reason.INCOMPLETE: ("The file ends too early.", "Copy it again from where it came from."),
    Reason.DAMAGED: ("The file is damaged.", "Copy it again, or save it anew with the program that made it."),
    Reason.TOO_LARGE: ("The file is too large.", "Raise the limit in the settings, or save a smaller copy."),
    Reason.TOO_SLOW: ("Reading the file took too long.", "Try again, or raise the time limit in the settings."),
    Reason.DECODER_CRASHED: (
        "The file could not be read: it made the reader crash.",
        "Save it anew with another program.",
    ),
    Reason.OUT_OF_MEMORY: ("There was not enough memory to read the file.", "Save a smaller copy of it."),
    Reason.UNREADABLE: ("The file could not be read.", "Check that its drive is connected, then try again."),
    Reason.CHANGED_WHILE_READING: ("The file changed while it was being read.", "It will be read again."),
}
_OVER_THE_LIMIT = re.compile(r"security limit", re.IGNORECASE)
_NO_MEMORY = re.compile(r"memory alloc|out of memory|cannot allocate", re.IGNORECASE)
_NOT_READ_BY_US = re.compile(r"unsupported|not supported|not implemented", re.IGNORECASE)
_CUT_SHORT = re.compile(r"truncated|unexpected end|end of file|premature|not enough (image )?data", re.IGNORECASE)


def media_error(reason: Reason, what: str = "", advice: str = "", *, retryable: bool = False) -> MediaError:
    """The error for `reason`, in its usual words unless others are given."""
    usual_what, usual_advice = _SENTENCES[reason]
    return MediaError(what or usual_what, advice or usual_advice, reason=reason, retryable=retryable)


def explain(error: Exception) -> MediaError:
    """What `error`, raised by a decoder, means to the user."""
    if isinstance(error, MediaError):
        return error
    if isinstance(error, MemoryError):
        return media_error(Reason.OUT_OF_MEMORY)
    if isinstance(error, OSError) and error.errno and error.errno != errno.EINVAL:  # that: a nonsensical place in it
        return unreadable(error)
    if _OVER_THE_LIMIT.search(str(error)):  # the library's own, which no setting raises
        return media_error(Reason.TOO_LARGE, "The file holds more than can be read.", "Save a smaller copy of it.")
    if _NO_MEMORY.search(str(error)):
        return media_error(Reason.OUT_OF_MEMORY)
    if isinstance(error, EOFError) or _CUT_SHORT.search(str(error)):
        return media_error(Reason.INCOMPLETE)
    if _NOT_READ_BY_US.search(str(error)):
        return media_error(Reason.UNSUPPORTED)
    return media_error(Reason.DAMAGED)


def too_many_pixels(error: Exception, max_pixels: int) -> MediaError:
    """Pillow's refusal of a decompression bomb, which names the number of pixels."""
    found = re.search(r"\d+", str(error))
    size = f" has {int(found[0]) / 1e6:,.0f} megapixels;" if found else " is too large;"
    return media_error(Reason.TOO_LARGE, f"The picture{size} up to {max_pixels / 1e6:,.0f} are read.")
