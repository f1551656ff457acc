"""The power fails at any moment: no database is damaged, nothing that was acknowledged is lost, everything goes on.

Real work is recorded call by call. Of the record hundreds of states are made that a disk may be in when the power comes
back, and a library is opened in each. A whole engine's record is another one each time, and so is what its seeds bring
about; those of the other scenes bring back the same state.
"""

from __future__ import annotations

import copy
import math
import os
import random
import re
import shutil
from pathlib import Path

import pytest

from tests.faults.power import Disk, read_journal
from tests.forks import Forks

STATES = {
    "Living": 200,
    **dict.fromkeys(("Making", "Indexing", "Snapshots", "Migrating", "Replacing", "GoingBack"), 50),
}
"""In each scene the power fails so many times, half a thousand in all; one time in twenty of it in the quick run."""
SHARE = 1 / 20
FINISHED = 10
"""After one outage of so many all the work is then finished as well."""
LIES = {
    "Living": (b"catalog.db-wal", b"/settings.tmp", b"/backups/", b"/backups$", b"/library$", b"/disk$"),
    "Snapshots": (b"/stores/", b"/stores$"),
    "Replacing": (b"/quarantine", b"catalog-new.db"),
}
"""Patterns of names, of files and of folders. A disk that only says that it synced these must lose something, or else
nothing is shown."""
ENOUGH = 200
"""After so many outages at the latest."""


class Outages:
    """A scene that was recorded, and the disks that an outage in it may leave."""

    def __init__(self, forks: Forks, scene: str, recorder: Path, folder: Path) -> None:
        self._forks, self._scene, self._crashed = forks, scene, folder / "crashed"
        disk, journal = folder / "disk", folder / "journal"
        disk.mkdir()
        forks.run("prepare", scene, disk / "library")
        assert forks.status == 0
        self._before = Disk(disk)
        self._names = {path.stat().st_ino: os.fsencode(path) for path in (disk, *disk.rglob("*"))}
        said = forks.run("record", scene, recorder, disk / "library", journal)
        assert forks.status == 0, said
        self._journal = list(read_journal(journal))
        everything = copy.deepcopy(self._before)
        for record in self._journal:
            everything.apply(record)
        assert everything.files() == Disk(disk).files(), "whatever was written is in the journal"
        self._names |= {record.inode: record.first for record in self._journal if record.what in "cd"}

    def fail(self, seed: int, lie: bytes | None = None) -> list[str]:
        """Opens the library after an outage; answers what is wrong then.

        Files and folders in whose name `lie` is found were not synced though the disk said so.
        """
        rng, disk = random.Random(seed), copy.deepcopy(self._before)
        until = rng.randrange(len(self._journal) + 1)
        for record in self._journal[:until]:
            if record.what != "s" or lie is None or not re.search(lie, self._names.get(record.inode, b"")):
                disk.apply(record)
        shutil.rmtree(self._crashed, ignore_errors=True)
        disk.lose_power(rng, self._crashed)
        library = self._crashed / "library"
        said = self._forks.run("survive", self._scene, library, *self._acknowledged(until))
        if self._forks.status == 0 and seed % FINISHED == 0:
            said += self._forks.run("finish", self._scene, library)
        return [f"{self._scene}, seed {seed}, {until} of {len(self._journal)} calls", *said] * bool(self._forks.status)

    def _acknowledged(self, until: int) -> list[str]:
        """What was said by then; and what the user had made then, or was just making."""
        said = [record.first.decode() for record in self._journal[:until] if record.what == "m"]
        to_come = [record.first.decode() for record in self._journal[until:] if record.what == "m"]
        states = [line for line in said if line.startswith("state ")][-1:]
        if states and next(line for line in reversed(said) if line.startswith(("state ", "begin ")))[0] == "b":
            states += [line for line in to_come if line.startswith("state ")][:1]
        return [line for line in said if not line.startswith("state ")] + states


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", [SHARE, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize("scene", STATES)
def test_what_was_acknowledged_outlives_the_power(
    tmp_path: Path, recorder: Path, model_cache: Path, scene: str, share: float
) -> None:
    seeds = range(math.ceil(share * STATES[scene]))
    print(f"seeds {seeds.start} to {seeds.stop - 1}")
    with Forks("tests.faults.outages", {"LD_PRELOAD": str(recorder)}) as forks:
        outages = Outages(forks, scene, recorder, tmp_path)
        wrong = [problem for seed in seeds if (problem := outages.fail(seed))]
        assert not wrong, f"{len(wrong)} of {len(seeds)}\n" + "\n".join(map("\n".join, wrong[:3]))
        for lie in LIES.get(scene, ()):
            found = any(outages.fail(seed, lie) for seed in range(ENOUGH))
            assert found, f"nobody would notice if {lie!r} were not synced"
