"""A long run takes no more of anything at its end than when it had warmed up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SEED = 7
MINUTES = 5
MOST_MB_H = 60
"""In so few minutes the allocator's own ups and downs look like this; what leaks with every event is far beyond it."""


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_threads_processes_and_files_stay_as_many_and_memory_as_much(shared: Path, model_cache: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown where the test fails
    options = ("--minutes", str(MINUTES), "--seed", str(SEED), "--most", str(MOST_MB_H))
    ended = subprocess.run(
        [sys.executable, "benchmarks/soak.py", *options],
        cwd=REPOSITORY,
        env={**os.environ, "LIKEWISE_SHARED": str(shared), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
