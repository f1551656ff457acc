"""The guard of tests/conftest.py: a test that leaves something running fails, and is told what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import GRACE_S, REPOSITORY

LEAVES_A_THREAD = """
import threading, time
def test_it():
    threading.Thread(target=time.sleep, args=(1000,), name="forgotten", daemon=True).start()
"""
LEAVES_A_PROCESS = """
import atexit, subprocess, sys
left = []
def test_it():
    left.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)  # forgotten"]))
    atexit.register(left[0].kill)
"""
CLEANS_UP_LATE = """
import threading, time
def test_it():
    threading.Thread(target=time.sleep, args=(0.05,), daemon=True).start()
"""
RUNS_IN_A_WIDER_FIXTURE = """
import threading, pytest
@pytest.fixture(scope="module")
def engine():
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()
def test_one(engine): ...
def test_two(engine): ...
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest on `code` with our conftest, its patience cut short."""
    conftest = (REPOSITORY / "tests" / "conftest.py").read_text("utf-8")
    assert f"GRACE_S = {GRACE_S}" in conftest
    (folder / "conftest.py").write_text(conftest.replace(f"GRACE_S = {GRACE_S}", "GRACE_S = 1.0"), "utf-8")
    (folder / "test_it.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:pytest-qt", "test_it.py"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}  # for what the conftest imports
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        pytest.param(LEAVES_A_THREAD, "thread 'forgotten'", id="thread"),
        pytest.param(
            LEAVES_A_PROCESS,
            "time.sleep(1000)  # forgotten",
            id="process",
            marks=pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
        ),
    ],
)
def test_what_is_left_running_fails_the_test_and_is_named(code: str, what: str, tmp_path: Path) -> None:
    done = run(tmp_path, code)
    assert done.returncode == 1
    assert "left running after the test" in done.stdout
    assert what in done.stdout


@pytest.mark.parametrize("code", [CLEANS_UP_LATE, RUNS_IN_A_WIDER_FIXTURE])
def test_what_ends_or_is_shared_is_no_leak(code: str, tmp_path: Path) -> None:
    done = run(tmp_path, code)
    assert done.returncode == 0, done.stdout
