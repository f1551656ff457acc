import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.records import Kind
from tests.conftest import REPOSITORY, WAIT_S

# imports come first, those that the code makes late too: nobody may not read our virtual environment, nor us
AS_NOBODY = """
import os, sys, time
from pathlib import Path
from core.records import Kind
from core.watch import changes
if sys.platform == "linux":
    from core.watch import inotify
from core.watch.scan import scan
from core.watch.watcher import Watcher
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""


def kind_of(name: bytes) -> Kind | None:
    return Kind.IMAGE if name.lower().endswith(b".jpg") else None


def run_python(code: str, cwd: Path, *, within: Sequence[str] = ()) -> None:
    """Runs `code` in a process of its own, its working directory `cwd`; the code's failure is the test's."""
    done = subprocess.run(
        [*within, sys.executable, "-c", code],
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def as_nobody(tmp_path: Path) -> Callable[[str], None]:
    """Runs code in `tmp_path` (its working directory) as a user to whom permissions apply, root or not."""
    tmp_path.chmod(0o755)
    return lambda code: run_python(AS_NOBODY + textwrap.dedent(code), tmp_path)


@pytest.fixture
def in_namespace(tmp_path: Path) -> Callable[[str, str], None]:
    """Runs a shell line, then code, in `tmp_path` in a namespace where mounts and limits are the test's own."""
    refused = subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True, text=True)
    if refused.returncode:
        pytest.skip(f"no namespaces of one's own here: {refused.stderr.strip()}")

    def run(shell: str, code: str) -> None:
        within = ["unshare", "-Urm", "sh", "-c", f'{shell} && exec "$@"', "sh"]
        run_python(textwrap.dedent(code), tmp_path, within=within)

    return run
