"""Which spaces answer, which are being built to take over from them, and which are to be deleted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.records import KINDS_OF, EncoderSpec, Role, SpaceId

_ROWS_PER_STATEMENT = 2000
_REQUEUE = """
    UPDATE file SET state = 'waiting', attempts = CASE state WHEN 'done' THEN 0 ELSE attempts END, later = ?1
    WHERE state IN ('done', 'waiting') AND kind IN (SELECT value FROM json_each(?2)) AND item_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM space WHERE name IN (SELECT value FROM json_each(?3)) AND NOT EXISTS
                (SELECT 1 FROM understood WHERE understood.item_id = file.item_id AND space_id = space.id))"""


@dataclass(frozen=True, slots=True)
class SpacePlan:
    """`active` spaces answer; `building` ones will, when they know what the active ones of their role know."""

    active: frozenset[SpaceId]
    building: frozenset[SpaceId]


def plan_spaces(
    connection: sqlite3.Connection,
    wanted: Sequence[EncoderSpec],
    chosen: Mapping[Role, str],
    able: Collection[SpaceId],
) -> SpacePlan:
    """Makes the spaces of `wanted` encoders known and lets what they lack wait. Runs inside the caller's transaction.

    Args:
        wanted: the encoders to be used from now on, at most one a role.
        chosen: the model that the user chose for each role. It is not among `wanted` while its weights are away; what
            it understood is kept for their return.
        able: spaces of encoders that were in use before and can still answer, until the wanted ones have caught up.
    """
    names = {space.space_id for spec in wanted for space in spec.spaces}
    encoders = {spec.encoder_id for spec in wanted}
    active = {name for (name,) in connection.execute("SELECT name FROM space WHERE state = 'active'")}
    catching_up = {spec.role for spec in wanted if not {space.space_id for space in spec.spaces} <= active}
    for number, name, encoder, role, state in connection.execute(
        "SELECT id, name, encoder, role, state FROM space WHERE state <> 'retired'"
    ).fetchall():
        is_rival = state == "active" and role in catching_up and name in able
        is_away = encoder not in encoders and chosen.get(Role(role)) == encoder
        if name not in names and not is_rival and not is_away:
            _retire(connection, number)
    for spec in wanted:
        rivals = connection.execute(
            """SELECT 1 FROM space WHERE role = ? AND state = 'active' AND encoder <> ?
               AND name IN (SELECT value FROM json_each(?))""",
            (spec.role, spec.encoder_id, json.dumps(sorted(able))),
        ).fetchone()
        for space in spec.spaces:
            connection.execute(
                """INSERT INTO space (name, dim, encoder, role, state) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (name) DO UPDATE SET encoder = ?3, role = ?4, state = ?5 WHERE state <> 'active'""",
                (space.space_id, space.dim, spec.encoder_id, spec.role, "building" if rivals else "active"),
            )
    for spec in sorted(wanted, key=lambda spec: spec.role is not Role.SPEECH):  # what comes last decides `later`
        _requeue(connection, spec)
    return read_plan(connection)


def active_spaces(connection: sqlite3.Connection) -> dict[SpaceId, str]:
    """The spaces that answer, and the model that each belongs to."""
    rows = connection.execute("SELECT name, encoder FROM space WHERE state = 'active' ORDER BY id")
    return {SpaceId(name): encoder for name, encoder in rows}


def shares(connection: sqlite3.Connection) -> dict[str, float]:
    """Of each model that is catching up, the share (0..1) it knows of what the one in use in its role knows."""
    rows = connection.execute(
        """SELECT encoder, role, state, count(item_id) FROM space LEFT JOIN understood ON space_id = space.id
           WHERE state <> 'retired' GROUP BY space.id"""
    ).fetchall()
    most: dict[str, int] = {}
    for _, role, state, count in rows:
        if state == "active":
            most[role] = max(most.get(role, 1), count)
    return {encoder: min(1.0, count / most.get(role, 1)) for encoder, role, state, count in rows if state == "building"}


def read_plan(connection: sqlite3.Connection) -> SpacePlan:
    """The plan as it stands."""
    states: dict[str, set[SpaceId]] = {"active": set(), "building": set(), "retired": set()}
    for name, state in connection.execute("SELECT name, state FROM space"):
        states[state].add(SpaceId(name))
    return SpacePlan(frozenset(states["active"]), frozenset(states["building"]))


def switch_spaces(connection: sqlite3.Connection) -> bool:
    """Lets spaces take over that have caught up; whether any did. Runs inside the caller's transaction."""
    switched = False
    for (role,) in connection.execute("SELECT DISTINCT role FROM space WHERE state = 'building'").fetchall():
        if not _lacks_anything(connection, Role(role)):
            for (number,) in connection.execute(
                "SELECT id FROM space WHERE role = ? AND state = 'active'", (role,)
            ).fetchall():
                _retire(connection, number)
            connection.execute("UPDATE space SET state = 'active' WHERE role = ? AND state = 'building'", (role,))
            switched = True
    return switched


def drop_retired(connection: sqlite3.Connection) -> bool:
    """Deletes some of what retired spaces hold; whether there is more. Runs inside the caller's transaction."""
    row = connection.execute("SELECT id FROM space WHERE state = 'retired' LIMIT 1").fetchone()
    if row is None:
        return False
    deleted = connection.execute(
        "DELETE FROM embedding WHERE id IN (SELECT id FROM embedding WHERE space_id = ? LIMIT ?)",
        (row[0], _ROWS_PER_STATEMENT),
    ).rowcount
    if deleted < _ROWS_PER_STATEMENT:
        connection.execute("DELETE FROM space WHERE id = ?", row)
    return True


def _retire(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("UPDATE space SET state = 'retired' WHERE id = ?", (number,))
    connection.execute("DELETE FROM understood WHERE space_id = ?", (number,))


def _requeue(connection: sqlite3.Connection, spec: EncoderSpec) -> None:
    """Lets files wait whose content one of the encoder's spaces has not understood."""
    values = (
        spec.role is Role.SPEECH,
        json.dumps(sorted(spec.kinds)),
        json.dumps([space.space_id for space in spec.spaces]),
    )
    for statement in _REQUEUE, _REQUEUE.replace("UPDATE file", "UPDATE lost AS file"):  # those wait when they are back
        connection.execute(statement, values)


def _lacks_anything(connection: sqlite3.Connection, role: Role) -> bool:
    """Whether a file that can be found waits to be understood by a space that is being built."""
    return bool(
        connection.execute(
            """SELECT 1 FROM file JOIN space ON space.role = ?1 AND space.state = 'building'
               WHERE file.state IN ('waiting', 'working') AND item_id IS NOT NULL
               AND kind IN (SELECT value FROM json_each(?2)) AND NOT EXISTS
                   (SELECT 1 FROM understood WHERE understood.item_id = file.item_id AND space_id = space.id)
               LIMIT 1""",
            (role, json.dumps(sorted(KINDS_OF[role]))),
        ).fetchone()
    )
