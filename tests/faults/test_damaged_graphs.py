"""Whatever is damaged in the files that make search fast: nothing crashes, and no answer is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.forks import Forks


@pytest.mark.timeout(900)
@pytest.mark.parametrize("damages", [15, pytest.param(300, marks=pytest.mark.slow)])
def test_no_damage_to_a_graph_crashes_or_answers_wrongly(tmp_path: Path, damages: int) -> None:
    prepared, root = tmp_path / "prepared", tmp_path / "library"
    with Forks("tests.faults.scenes") as forks:
        forks.run("prepare", "Snapshots", prepared)
        forks.run("act", "Snapshots", prepared)
        assert len(list((prepared / "stores").iterdir())) == 1
        for seed in range(damages):
            shutil.rmtree(root, ignore_errors=True)
            forks.run("damage_a_graph", prepared, root, seed)
            assert forks.status == 0, f"seed {seed}"
