"""Every call on a write path fails once, or is the last: nothing crashes, nothing is lost, everything goes on."""

from __future__ import annotations

import errno
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.scenes import KILL, SCENES
from tests.forks import Forks

OF_AN_ENGINE = 3
"""So many calls of a whole engine fail in the quick run."""

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, KILL)
WAYS = ("some", "full", "broken", "forbidden", "killed")
QUICK = 16
"""In each scene so many of its calls fail in the quick run, each in one way; in the slow ones all do, in every way."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("only", [None, *(pytest.param(error, marks=pytest.mark.slow) for error in ERRORS)], ids=WAYS)
@pytest.mark.parametrize("scene", SCENES)
def test_no_failing_call_leaves_anything_wrong(tmp_path: Path, faults: Path, scene: str, only: int | None) -> None:
    prepared, root = tmp_path / "prepared", tmp_path / "library"
    with Forks("tests.faults.scenes", {"LD_PRELOAD": str(faults)}) as forks:
        forks.run("prepare", scene, prepared)
        calls = int(forks.run("strike", scene, faults, prepared, root, 0, 0)[-1])
        assert forks.status == 0
        assert calls > 3, "calls are seen"
        strikes = [(nth, only) for nth in range(1, calls + 1) if only is not None]
        if only is None:
            rng = random.Random(scene)
            chosen = rng.sample(range(1, calls + 1), min(QUICK, calls))
            strikes = [(nth, ERRORS[number % len(ERRORS)]) for number, nth in enumerate(chosen)]
        told = 0
        for nth, error in strikes:
            shutil.rmtree(root, ignore_errors=True)
            said = forks.run("strike", scene, faults, prepared, root, nth, error)
            what = f"call {nth} of {calls}, error {error}: {said}"
            assert forks.status == (-9 if error == KILL else 0), what
            told += sum(line.startswith("told:") for line in said)
            if error == KILL:
                forks.run("acknowledged", root, *(line for line in said if line.startswith("saved ")))
                assert forks.status == 0, what
                forks.run("recover", scene, root)
                assert forks.status == 0, what
    print(f"{scene}: {calls} calls, {len(strikes)} struck, {told} sentences")


def test_a_library_that_could_not_be_opened_can_be_opened_again(
    tmp_path: Path, faults: Path, model_cache: Path
) -> None:
    with Forks("tests.faults.outages", {"LD_PRELOAD": str(faults)}) as forks:
        said = forks.run("open_again", faults, tmp_path / "library")
        assert forks.status == 0
        assert int(said[-1]) > 0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("strikes", [OF_AN_ENGINE, pytest.param(150, marks=pytest.mark.slow)])
def test_a_whole_engine_goes_on_whatever_fails_once(
    tmp_path: Path, faults: Path, model_cache: Path, strikes: int
) -> None:
    """Its threads make no two runs the same, so calls are taken at random."""
    rng = random.Random(strikes)
    print(f"seed {strikes}")
    with Forks("tests.faults.outages", {"LD_PRELOAD": str(faults)}) as forks:

        def strike(nth: int, error: int) -> list[str]:
            shutil.rmtree(tmp_path / "disk", ignore_errors=True)
            (tmp_path / "disk").mkdir()
            return forks.run("strike", faults, library, nth, error)

        library = tmp_path / "disk" / "library"
        forks.run("prepare", "Living", library)
        calls = int(strike(0, 0)[-1])
        for number in range(strikes):
            error, nth = ERRORS[-1 - number % len(ERRORS)], rng.randrange(1, calls)
            said = strike(nth, error)
            what = f"call {nth} of {calls}, error {error}: {said}"
            assert forks.status in ((-9, 0) if error == KILL else (0,)), what
            if forks.status == -9:
                forks.run("survive", "Living", library, *acknowledged(said))
                assert forks.status == 0, what
                forks.run("finish", "Living", library)
                assert forks.status == 0, what


def acknowledged(said: Sequence[str]) -> list[str]:
    """What was said before the end; what the user had made only if nothing was being made just then."""
    done = [line for line in said if line.startswith(("saved ", "backed up "))]
    return done + [line for line in said if line.startswith(("begin ", "state "))][-1:]
