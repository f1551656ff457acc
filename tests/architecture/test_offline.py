"""Everything but the download of a model works on a computer without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

WITHOUT_NETWORK = ["unshare", "-Urn"]
CHOSEN = (
    "tests/core/test_engine.py::test_words_find_the_photo",
    "tests/core/test_engine.py::test_a_picture_from_outside_finds_its_like",
    "tests/core/test_indexing.py::test_listening_is_said_while_only_that_is_left",
    "tests/core/cli/test_command_line.py",
    "tests/app/test_window.py",
)
"""Photos and sounds are indexed and listened to, found by words and by likeness, in the engine, terminal and window."""


@pytest.mark.timeout(600)
def test_it_works_without_a_network(model_cache: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run([*WITHOUT_NETWORK, "true"], check=False).returncode:
        pytest.skip("this system gives no namespace without a network (unshare -Urn)")
    links = subprocess.run([*WITHOUT_NETWORK, "cat", "/proc/net/dev"], check=True, capture_output=True, text=True)
    interfaces = [line.split(":")[0].strip() for line in links.stdout.splitlines() if ":" in line]
    assert interfaces == ["lo"]

    done = subprocess.run(
        [*WITHOUT_NETWORK, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHOSEN],
        cwd=REPOSITORY,
        env={**os.environ, "LIKEWISE_MODEL_CACHE": str(model_cache)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
