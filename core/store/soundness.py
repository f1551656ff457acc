"""Whether the catalog still is what SQLite wrote: looked through wholly once a week of the library's own time."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress

from core.paths import LibraryPaths
from core.store.database import LibraryDamagedError, connect_reader, damage_mark, damage_remembered, errors_in_words

log = logging.getLogger(__name__)

CHECK_AFTER_S = 7 * 86400.0
_STEPS = 20_000
"""So many of SQLite's steps, a few milliseconds, pass between two looks at whether something else is to be done."""


def check_if_due(library: LibraryPaths, go_on: Callable[[], bool]) -> None:
    """Reads all of the catalog, unless that was done less than a week ago; breaks off when `go_on()` turns false.

    On a connection of its own, on any thread. Raises LibraryDamagedError if the catalog is damaged: there is a mark for
    the next start then, and no further check before that.
    """
    if damage_mark(library.catalog).exists():
        return
    with damage_remembered(library.catalog), closing(connect_reader(library.catalog)) as connection:
        with errors_in_words():
            ((lived_s,),) = connection.execute("SELECT lived_s FROM life")
        if 0 <= lived_s - _checked_s(library) < CHECK_AFTER_S:
            return
        connection.set_progress_handler(lambda: not go_on(), _STEPS)
        try:
            with errors_in_words():
                ((verdict,),) = connection.execute("PRAGMA integrity_check(1)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return
            raise
        if verdict != "ok":
            log.error("the catalog is damaged: %s", verdict)
            raise LibraryDamagedError(
                f"The library in “{library.root}” is damaged.",
                "Close Likewise and start it again: it will mend what it can. If that is not all, it sets the damaged"
                " file aside, brings back your folders and settings from the newest backup, and reads your files anew.",
            )
    with suppress(OSError):  # then it is checked again an hour later
        library.checked.write_text(repr(lived_s), "utf-8")


def _checked_s(library: LibraryPaths) -> float:
    """How long the library had lived when it was last checked; if that is not known, it never was."""
    try:
        return float(library.checked.read_text("utf-8"))
    except (OSError, ValueError):
        return float("-inf")
