"""Everything that can go wrong in the world (not in our code), in one tree.

A `CoreError` carries a sentence for the user: what happened, to which file, and what to do. Front ends show
`str(error)`; anything that is no `CoreError` is a bug and goes to the crash dialog with its traceback.
"""

from __future__ import annotations


class CoreError(Exception):
    """What happened and what to do, in words a user understands."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()


class QuestionError(CoreError):
    """The question cannot be answered as asked."""


class LibraryError(CoreError):
    """The library cannot be opened or written."""


class LibraryBusyError(LibraryError):
    """Another Likewise has this library open."""


class LibraryTooNewError(LibraryError):
    """The library was written by a newer version of Likewise."""


class LibraryReadOnlyError(LibraryError):
    """The library's folder or disk cannot be written; what is there may still be looked at."""


class LibraryPlaceError(LibraryError):
    """The library lies where a database comes to harm: on a network drive, or in a folder that is kept in step."""


class DiskAlmostFullError(LibraryError):
    """So little room is left that nothing more is indexed."""


class FolderError(CoreError):
    """A folder cannot be watched as asked (absent, nested in another, or our own data)."""


class OverloadError(CoreError):
    """The computer has too little memory, or too many processes, to do more just now. Costs no file."""


class ModelError(CoreError):
    """An encoder's weights are absent, do not match their digest, or do not load."""


class MediaError(CoreError):
    """One file could not be turned into what search needs. Costs that file, nothing else.

    Args:
        reason: one of `records.Reason`'s values.
        retryable: whether the same bytes might succeed later (file was locked, drive was gone).
    """

    def __init__(self, what: str, advice: str = "", *, reason: str, retryable: bool = False) -> None:
        super().__init__(what, advice)
        self.reason = reason
        self.retryable = retryable
