"""Brings the catalog's schema up to date: numbered steps, all in one transaction, after a copy was put aside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from core.durable import put_in_place
from core.errors import LibraryError, LibraryTooNewError
from core.store.database import LibraryDamagedError, errors_in_words, transaction

if TYPE_CHECKING:
    from sqlite_utils.db import Database

APPLICATION_ID = 0x4C696B65
"""Marks the file as ours ("Like") for `file` and for repair tools."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Traversable | None = None) -> None:
    """Applies the steps (`NNNN_name.sql` in `steps`; by default ours) that the database at `path` lacks.

    `PRAGMA user_version` is the number of the last one applied. Raises `LibraryTooNewError` when that is not ours,
    `LibraryError` when the disk does not allow the copy or the change; the database then is what it was.
    """
    known = sorted((steps or files("core.store.migrations")).iterdir(), key=lambda step: step.name)
    known = [step for step in known if step.name.endswith(".sql")]
    newest = int(known[-1].name[:4])
    with errors_in_words():
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise LibraryTooNewError(
            "This library was made by a newer version of Likewise.", "Update Likewise, or choose another library."
        )
    if version == newest:
        return
    if version > 0:
        copy = path.with_name(f"{path.stem}-before-{newest:04}.db")
        back_up(connection, copy)
        for older in path.parent.glob(f"{path.stem}-before-*.db*"):
            if older != copy:
                older.unlink(missing_ok=True)
    _apply(connection, known, newest)


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copies the database to `path` through its own connection, checks the copy, and only then gives it its name."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    with errors_in_words():
        copy = sqlite3.connect(temporary, isolation_level=None)
        try:
            connection.backup(copy, pages=256)
            copy.execute("PRAGMA journal_mode=DELETE")
            verdict = copy.execute("PRAGMA integrity_check").fetchone()
        finally:
            copy.close()
    if verdict != ("ok",):
        temporary.unlink()
        raise LibraryDamagedError(
            f"The library is damaged: {verdict[0]}.", "Start Likewise again to have it set aside."
        )
    try:
        put_in_place(temporary, path)
    except OSError as error:
        raise LibraryError(f"No copy of the library could be written to “{path}”: {error.strerror}.") from error


def _apply(connection: sqlite3.Connection, steps: list[Traversable], newest: int) -> None:
    from sqlite_utils import Migrations  # only a new or an old library pays for the import
    from sqlite_utils.db import Database

    migrations = Migrations("likewise")
    for step in steps:
        migrations(name=step.name)(_runner(step.read_text("utf-8")))
    database = Database(connection, recursive_triggers=False, execute_plugins=False)
    with transaction(connection):
        migrations.apply(database)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={newest}")


def _runner(script: str) -> Callable[[Database], None]:
    def run(database: Database) -> None:
        for statement in _statements(script):
            database.conn.execute(statement)

    run.__name__ = "run"
    return run


def _statements(script: str) -> Iterator[str]:
    """One by one, because `executescript` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
