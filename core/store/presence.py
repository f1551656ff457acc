"""Files that are not found where they were: missing at first, then lost, forgotten only after a long while.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from core.records import FileId, FolderId

CONFIRM_AFTER_S = 60.0
"""A file is lost when two scans so far apart did not find it."""
KEPT_S = 30 * 86400.0
KEPT_SCANS = 3
"""A lost file is forgotten when it was missing for so long, and in so many scans."""
MASS_SHARE = 0.2
MASS_FILES = 500
"""More lost files of a folder than this are not forgotten unless the user says so."""
LONGEST_STEP_S = 7 * 86400.0
"""Whatever the clock says, no more time than this passes between two scans."""
_COUNT = (
    """UPDATE file SET missing_at = coalesce(missing_at, ?2), missing_scans = missing_scans + 1
       WHERE missing_scans < ?3 AND id IN (SELECT value FROM json_each(?1))""",
    """UPDATE lost SET missing_scans = missing_scans + 1
       WHERE missing_scans < ?3 AND id IN (SELECT value FROM json_each(?1))""",
)
_LOSE = (
    """INSERT OR REPLACE INTO lost (id, folder_id, path, name_key, stem_key, kind, signature, size_bytes, mtime, state,
           attempts, item_id, date_key, later, missing_at, missing_scans)
       SELECT id, folder_id, path, name_key, stem_key, kind, signature, size_bytes, mtime, state,
           attempts, item_id, date_key, later, missing_at, missing_scans
       FROM file WHERE missing_at <= ?2 AND id IN (SELECT value FROM json_each(?1))""",
    "DELETE FROM file WHERE missing_at <= ?2 AND id IN (SELECT value FROM json_each(?1))",
)
_NOW_S = "(SELECT lived_s FROM life)"
DUE = f"NOT kept AND missing_scans >= {KEPT_SCANS} AND missing_at + {KEPT_S} <= {_NOW_S}"
"""Of a lost file: it may be forgotten, unless there are so many that the user is asked first."""
_DUE = " ".join(("SELECT id FROM lost WHERE", DUE, "AND id IN (SELECT value FROM json_each(?))"))
_RETURN = (  # the item comes with an update of its own: that it has a file again is told by a trigger
    # one that was found elsewhere, while another has its place, is on its way: no path holds a zero byte
    """INSERT INTO file (id, folder_id, path, name_key, stem_key, kind, signature, size_bytes, mtime, state, attempts,
           date_key, later)
       SELECT id, folder_id,
           CASE WHEN path IN (SELECT path FROM file) THEN CAST(char(0) || 'back ' || id AS BLOB) ELSE path END,
           name_key, stem_key, kind, signature, size_bytes, mtime, 'waiting', attempts, date_key, later
       FROM lost WHERE id IN (SELECT value FROM json_each(?))""",
    """UPDATE file SET item_id = lost.item_id, state = CASE lost.state WHEN 'done' THEN 'done' ELSE 'waiting' END
       FROM lost WHERE lost.id = file.id AND lost.id IN (SELECT value FROM json_each(?))""",
    "DELETE FROM lost WHERE id IN (SELECT value FROM json_each(?))",
    """UPDATE file SET missing_at = NULL, missing_scans = 0
       WHERE missing_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))""",
)
_ANY_AWAY = "SELECT EXISTS (SELECT 1 FROM lost) OR EXISTS (SELECT 1 FROM file WHERE missing_at IS NOT NULL)"
_LOST_AND_THERE = """SELECT (SELECT count(*) FROM lost WHERE folder_id=?1 AND NOT kept),
                            (SELECT count(*) FROM file WHERE folder_id=?1)"""
_SETTLE = {
    True: "UPDATE lost SET kept=1 WHERE folder_id=?",
    False: " ".join(("DELETE FROM lost WHERE folder_id=? AND", DUE)),
}


def pass_time(connection: sqlite3.Connection, now_s: float) -> None:
    """Lets the library's life go on to `now_s`: not at all if the clock was set back, a week if it was set forward."""
    connection.execute(
        "UPDATE life SET lived_s = lived_s + min(max(0.0, ?1 - at), ?2), at = ?1", (now_s, LONGEST_STEP_S)
    )


def lived_s(connection: sqlite3.Connection) -> float:
    """How long the library has lived."""
    return float(connection.execute("SELECT lived_s FROM life").fetchone()[0])


def bring_back(connection: sqlite3.Connection, file_ids: Collection[FileId]) -> None:
    """Makes files that were missing or lost what they were before."""
    if file_ids and connection.execute(_ANY_AWAY).fetchone()[0]:
        for statement in _RETURN:
            connection.execute(statement, (json.dumps(list(file_ids)),))


def note_missing(connection: sqlite3.Connection, folder_id: FolderId, file_ids: Collection[FileId]) -> None:
    """Takes down that a scan did not find files; loses and forgets those for which that is proof enough."""
    asks = 0
    if file_ids:
        ids, now_s = json.dumps(list(file_ids)), lived_s(connection)
        for statement in _COUNT:
            connection.execute(statement, (ids, now_s, KEPT_SCANS))
        for statement in _LOSE:
            connection.execute(statement, (ids, now_s - CONFIRM_AFTER_S))
        due = connection.execute(_DUE, (ids,)).fetchall()
        lost, there = connection.execute(_LOST_AND_THERE, (folder_id,)).fetchone()
        if lost > MASS_FILES or lost > MASS_SHARE * (lost + there):
            asks = len(due)
        else:
            connection.executemany("DELETE FROM lost WHERE id=?", due)
    connection.execute("UPDATE folder SET asks=?1 WHERE id=?2 AND asks<>?1", (asks, folder_id))


def settle_lost(connection: sqlite3.Connection, folder_id: FolderId, *, keep: bool) -> None:
    """What is asked about is forgotten; or all that is lost now is kept until the user removes the folder."""
    connection.execute(_SETTLE[keep], (folder_id,))
    connection.execute("UPDATE folder SET asks=0 WHERE id=?", (folder_id,))
