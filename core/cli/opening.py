"""The engine on a library that did open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.cli.table import say
from core.engine import Engine, open_engine
from core.errors import CoreError, LibraryBusyError, LibraryReadOnlyError
from core.events import Event, NoticePosted
from core.settings import Settings


@contextmanager
def opened(library: Path | None, settings: Settings | None = None, *, reading: bool = False) -> Iterator[Engine]:
    """The engine on a library that did open. What the user should know of it is said at the end.

    Who is only `reading` may do so while the library is open elsewhere, and where it cannot be written. `settings` are
    the library's own if none are given.
    """
    notices: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, NoticePosted):
            notices.append(event.text)

    with _open(library, settings, reading=reading) as engine:
        engine.events.subscribe(hear)
        yield engine
    for notice in notices:
        say(notice)


def _open(library: Path | None, settings: Settings | None, *, reading: bool) -> Engine:
    engine = open_engine(library, settings)
    try:
        engine.opened.result()
    except CoreError as error:
        engine.close()
        if not (reading and isinstance(error, LibraryBusyError | LibraryReadOnlyError)):
            raise
        engine = open_engine(library, settings, read_only=True)
        engine.opened.result()
    return engine
