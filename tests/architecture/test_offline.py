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
SOME = (
    "tests/core/test_engine.py::test_a_picture_from_outside_finds_its_like",
    "tests/app/test_results.py::test_details_show_the_picture_and_what_is_known",
)
"""Photos are indexed, found by words and by likeness, and shown in the window."""
MORE = (
    "tests/core/test_engine.py",
    "tests/core/test_indexing.py",
    "tests/core/cli/test_commands.py",
    "tests/core/search",
    "tests/app/test_window.py",
    "tests/app/test_media.py",
)
"""Sounds are listened to, videos taken apart, and all of it asked for in the engine, terminal and window."""


@pytest.mark.parametrize("chosen", [SOME, pytest.param(MORE, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_it_works_without_a_network(model_cache: Path, chosen: tuple[str, ...]) -> None:
    if shutil.which("unshare") is None or subprocess.run([*WITHOUT_NETWORK, "true"], check=False).returncode:
        pytest.skip("this system gives no namespace without a network (unshare -Urn)")
    links = subprocess.run([*WITHOUT_NETWORK, "cat", "/proc/net/dev"], check=True, capture_output=True, text=True)
    interfaces = [line.split(":")[0].strip() for line in links.stdout.splitlines() if ":" in line]
    assert interfaces == ["lo"]

    done = subprocess.run(
        [*WITHOUT_NETWORK, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
        cwd=REPOSITORY,
        env={**os.environ, "LIKEWISE_MODEL_CACHE": str(model_cache)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
