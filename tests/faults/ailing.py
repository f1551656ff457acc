"""A folder of the user's on a drive that answers with errors. What forks call."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from app.folders.remarks import skipped_lines
from core import Engine, FileId, FolderError, FolderState, ItemId, Reason, Rule, Settings, Standing, open_engine
from core.runtime import clock
from tests.core.steps import WAIT_S, ask, index, rescan
from tests.core.unmounting import DAY_S, Counted

ASKED_FOR, LISTED, OPENED, READ = 1, 2, 4, 8
ERRORS = (errno.EIO, errno.ESTALE, errno.ENODEV)


def known(engine: Engine) -> dict[Path, tuple[FileId, ItemId]]:
    return {result.path: (result.file_id, result.item_id) for result in ask(engine).results if not result.missing}


def fall_ill(library: str, photos: str, faults: str) -> None:
    """What is known stays as it is while folder, folder in it, or file cannot be looked at, and after that."""
    now_s = [clock.steady_s()]
    clock.steady_s = lambda: now_s[0]
    counted, drive, root = Counted(), ctypes.CDLL(faults), Path(photos)
    with open_engine(Path(library), Settings(decode_processes=1)) as engine:
        engine.start(watch=False)
        index(engine, root)
        before = known(engine)
        assert counted.take() >= len(before) == 3
        for number, patient in enumerate((root, root / "deep", root / "deep" / "b.png", root / "a.png")):
            what, symptoms = ("file", (ASKED_FOR, OPENED | READ)) if patient.suffix else ("folder", (ASKED_FOR, LISTED))
            for error in ERRORS:
                for symptom in symptoms:
                    told = f"{patient.name}, {os.strerror(error)}, {symptom}"
                    drive.fault_ill(os.fsencode(patient), symptom, error)
                    for later_s in (0.0, 61.0, 40 * DAY_S, 40 * DAY_S):
                        now_s[0] += later_s
                        rescan(engine)
                        assert known(engine) == before, told
                    (folder,) = engine.folders().result(WAIT_S)
                    unreadable = [skipped.examples for skipped in folder.skipped if skipped.rule is Rule.UNREADABLE]
                    assert folder.state is (FolderState.OFFLINE if number == 0 else FolderState.ONLINE), told
                    assert unreadable == [(str(patient),)] * (number > 0 and symptom <= LISTED), told
                    said = f"1 {what} that cannot be looked at now: {patient.name}"
                    assert skipped_lines(folder) == [said] * len(unreadable), told
                    drive.fault_ill(b"", 0, 0)
                    rescan(engine)
                    (folder,) = engine.folders().result(WAIT_S)
                    assert (folder.state, folder.lost, folder.skipped) == (FolderState.ONLINE, 0, ()), told
                    assert known(engine) == before, told
                    assert counted.take() == 0, f"opened or decoded again after {told}"
        drive.fault_ill(os.fsencode(root), ASKED_FOR, errno.EIO)
        refused = engine.add_folder(root / "deep").exception(WAIT_S)
        assert isinstance(refused, FolderError)
        assert os.strerror(errno.EIO) in str(refused)
        drive.fault_ill(b"", 0, 0)
        fail_to_read(engine, drive, root / "deep" / "b.png")


def fail_to_read(engine: Engine, drive: ctypes.CDLL, changed: Path) -> None:
    """A file that is to be read anew and cannot be is found by what it was, and can be tried again."""
    before = known(engine)
    changed.write_bytes((changed.parent.parent / "a.png").read_bytes())
    drive.fault_ill(os.fsencode(changed), READ, errno.EIO)
    rescan(engine)
    (failure,) = engine.failures().result(WAIT_S)
    assert failure.reason is Reason.UNREADABLE
    assert failure.retryable
    assert os.strerror(errno.EIO) in failure.sentence
    assert known(engine) == before
    drive.fault_ill(b"", 0, 0)
    engine.retry().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    after = known(engine)
    assert after[changed][1] == after[changed.parent.parent / "a.png"][1], "the same content"
    assert engine.standings().result(WAIT_S)[Standing.FAILED] == 0
