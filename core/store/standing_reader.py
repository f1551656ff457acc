"""How it is with every file of the library, in numbers and one by one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from core.records import KINDS_OF, RULE_SENTENCES, FileId, FileStanding, Role, Rule, Standing
from core.store.presence import DUE
from core.store.word_reader import WordReader

_STANDING = """CASE
    WHEN file.state = 'failed' THEN 'failed'
    WHEN folder.state = 'changed' THEN 'exchanged'
    WHEN folder.state <> 'online' THEN 'offline'
    WHEN missing_at IS NOT NULL THEN 'missing'
    WHEN file.state = 'done' THEN 'indexed'
    WHEN item_id IS NULL THEN 'waiting'
    WHEN later THEN 'listening'
    WHEN EXISTS (SELECT 1 FROM space WHERE space.state <> 'retired'
                 AND role || '/' || file.kind IN (SELECT value FROM json_each(?1))
                 AND NOT EXISTS (SELECT 1 FROM understood
                                 WHERE understood.item_id = file.item_id AND space_id = space.id)) THEN 'outdated'
    ELSE 'waiting' END"""
"""Of a file and its folder, the first that holds. A further standing is a line here and its words in `core.records`."""
_LOOKED_AT = json.dumps(
    [f"{role}/{kind}" for role, kinds in KINDS_OF.items() if role is not Role.SPEECH for kind in sorted(kinds)]
)
_NAMED_BY_A_RULE = (Standing.BEING_WRITTEN, Standing.SKIPPED)
_LOST = f"FROM lost JOIN folder ON folder.id = folder_id WHERE asks AND {DUE}"
_COUNT_LOST, _LIST_LOST = f"SELECT count(*) {_LOST}", f"SELECT lost.path {_LOST} ORDER BY lost.path LIMIT ?"


class StandingReader(WordReader):
    """See `SpaceReader` for how it is used."""

    def standings(self) -> dict[Standing, int]:
        """How many files have each standing."""
        parts = ("SELECT", _STANDING, ", count(*) FROM file JOIN folder ON folder.id = folder_id GROUP BY 1")
        counted = dict(self._rows(" ".join(parts), _LOOKED_AT))
        ((counted[Standing.LOST],),) = self._rows(_COUNT_LOST)
        for rule, amount in self._rows("SELECT rule, sum(files + folders) FROM skipped GROUP BY rule"):
            standing = _standing_by(Rule(rule))
            counted[standing] = counted.get(standing, 0) + amount
        return {standing: counted.get(standing, 0) for standing in Standing}

    def files_standing(self, standing: Standing | None = None, limit: int = -1) -> list[FileStanding]:
        """The files of one standing (None: all), those that failed last first, then the newest known; all for -1."""
        if standing is Standing.LOST:
            return self._lost_files(limit)
        if standing in _NAMED_BY_A_RULE:
            return [file for file in self._skipped_files() if file.standing is standing]
        parts = (
            "SELECT file.id, file.path,",
            _STANDING,
            """AS standing, sentence
               FROM file JOIN folder ON folder.id = folder_id LEFT JOIN failure ON failure.file_id = file.id
               WHERE ?2 IS NULL OR standing = ?2 ORDER BY at DESC, file.id DESC LIMIT ?3""",
        )
        files = [
            FileStanding(FileId(file_id), Path(os.fsdecode(path)), Standing(found), why or Standing(found).sentence)
            for file_id, path, found, why in self._rows(" ".join(parts), _LOOKED_AT, standing, limit)
        ]
        return files if standing is not None else files + self._lost_files(limit) + self._skipped_files()

    def _lost_files(self, limit: int) -> list[FileStanding]:
        """Those that the user is asked about, by path."""
        return [
            FileStanding(None, Path(os.fsdecode(path)), Standing.LOST, Standing.LOST.sentence)
            for (path,) in self._rows(_LIST_LOST, limit)
        ]

    def _skipped_files(self) -> list[FileStanding]:
        """Some of those that are not in the library."""
        return [
            FileStanding(
                None,
                Path(path),
                _standing_by(Rule(rule)),
                RULE_SENTENCES[Rule(rule)].format(pattern=os.fsdecode(pattern)),
            )
            for rule, pattern, examples in self._rows("SELECT rule, pattern, examples FROM skipped ORDER BY rule")
            for path in json.loads(examples)
        ]


def _standing_by(rule: Rule) -> Standing:
    return Standing.BEING_WRITTEN if rule is Rule.BEING_WRITTEN else Standing.SKIPPED
