"""Starting Likewise while its window is open: the first window comes to the front, and takes what was named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.running import Session
from app.single_instance import hand_over
from core import log_folder
from tests.app.conftest import WAIT_S, SessionOpener
from tests.app.hands import wait_for
from tests.app.test_opening import KILLED
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of windows

RUNNING = """
import sys
from pathlib import Path
from app import running

class Telling(running.Session):
    def _begin(self, engine, opened):
        super()._begin(engine, opened)
        print("open", flush=True)

    def _fail(self, error):
        super()._fail(error)
        self._knock.ended.connect(self.window.close)

running.Session = Telling
sys.exit(running.run(Path(sys.argv[1]), []))
"""


def is_open(session: Session) -> bool:
    return session.bridge.engine is not None


def test_a_second_start_brings_the_first_window_to_the_front(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, photos: Path
) -> None:
    library = tmp_path / "library"
    assert not hand_over(library, [photos])
    session = open_session(library)
    wait_for(qtbot, lambda: is_open(session))
    session.window.showMinimized()
    assert hand_over(library, [photos, photos / "rocket.jpg"])
    assert not session.window.isMinimized()
    assert session.window.isVisible()
    wait_for(qtbot, lambda: [folder.path for folder in session.window.folders_model.folders] == [photos])
    wait_for(qtbot, lambda: [chip.label for chip in session.window.question.asked.chips] == ["rocket.jpg"])
    assert hand_over(library, []), "a third is told the same"


def test_of_two_starts_in_one_moment_one_window_stays(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path
) -> None:
    pair = [open_session(tmp_path / "library") for _ in range(2)]
    wait_for(qtbot, lambda: sum(session.window.isVisible() for session in pair) == 1)
    (left,) = (session for session in pair if session.window.isVisible())
    assert is_open(left)


def test_the_real_program_comes_forward_in_time_and_after_a_crash(tmp_path: Path, model_cache: Path) -> None:
    library = tmp_path / "library"
    crashed = subprocess.run([sys.executable, "-c", KILLED, library], cwd=REPOSITORY, check=False)
    assert crashed.returncode == -signal.SIGKILL
    assert (library / ".window").exists(), "as a crash leaves it"
    with subprocess.Popen(
        [sys.executable, "-c", RUNNING, library], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        second = subprocess.run(
            [sys.executable, "-m", "app", "--library", library],
            cwd=REPOSITORY,
            timeout=WAIT_S,
            capture_output=True,
            check=False,
        )
        assert (second.returncode, second.stdout, second.stderr) == (0, b"", b"")
        assert first.poll() is None
        os.kill(first.pid, signal.SIGSTOP)
        stuck = subprocess.run([sys.executable, "-c", RUNNING, library], cwd=REPOSITORY, timeout=WAIT_S, check=False)
        assert stuck.returncode == 0
        assert "it does not answer" in (log_folder() / "likewise.log").read_text("utf-8")
        first.kill()
