"""The program from its start to its end, in a process of its own, closed at an awkward moment."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.garbage import Garbage
from tests.app.conftest import WAIT_MS, WAIT_S

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app import running

class Hurried(running.Session):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        QTimer.singleShot(int(sys.argv[1]), self.window.close)

running.Session = Hurried
sys.exit(running.run(Path(sys.argv[2]), [Path(path) for path in sys.argv[3:]]))
"""


def run(close_after_ms: int, library: Path, *paths: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(close_after_ms), library, *paths],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (library / ".open-since").exists(), "the library was not closed in the time there is for it"


@pytest.mark.parametrize("close_after_ms", [0, 60, 400, 2500])
def test_it_can_be_closed_at_any_moment(tmp_path: Path, photos: Path, model_cache: Path, close_after_ms: int) -> None:
    run(close_after_ms, tmp_path / "library", photos)
    assert (tmp_path / "library" / "window.ini").is_file()


def close_at_moments(times: int, latest_ms: int, library: Path, photos: Path) -> None:
    """Starts and closes it so often, at moments drawn by chance: while it imports, opens, scans, reads, or has done so.

    New photos come in between, so that there is always something to do.
    """
    seed = 20261126
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails
    chance = random.Random(seed)
    names = sorted(photos.glob("*.png"))
    folder = library.with_name("growing")
    folder.mkdir()
    for number in range(times):
        Image.open(chance.choice(names)).convert("RGB").resize((chance.randint(50, 900), 300)).save(
            folder / f"{number}.jpg"
        )
        run(int(chance.triangular(0, latest_ms, latest_ms / 8)), library, folder)


def test_it_can_be_closed_at_any_of_ten_moments(tmp_path: Path, photos: Path, model_cache: Path) -> None:
    close_at_moments(10, 2000, tmp_path / "library", photos)


@pytest.mark.slow
@pytest.mark.timeout(6000)
def test_it_can_be_closed_at_five_hundred_moments(tmp_path: Path, photos: Path, model_cache: Path) -> None:
    close_at_moments(500, 4000, tmp_path / "library", photos)


def test_a_library_in_use_is_said_on_a_page(tmp_path: Path, model_cache: Path, qapp: QApplication) -> None:
    from pytestqt.qtbot import QtBot

    from app.running import Session
    from core import open_engine

    with open_engine(tmp_path / "library") as other:
        other.opened.result(WAIT_S)
        session = Session(qapp, tmp_path / "library")
        session.window.show()
        QtBot(None).waitUntil(lambda: bool(session.window.stage.page.page.text), timeout=WAIT_MS)
        assert session.window.stage.page.page.title == "Likewise cannot open its library"
        session.close()
        session.window.close()
        session.deleteLater()


def test_files_named_at_the_start_make_one_question(tmp_path: Path, photos: Path, qapp: QApplication) -> None:
    from pytestqt.qtbot import QtBot

    from app.running import Session

    names = ["rocket.jpg", "coffee.png"]
    session = Session(qapp, tmp_path / "library", [photos / name for name in names])
    session.window.show()
    asked = session.window.question
    QtBot(None).waitUntil(lambda: [chip.label for chip in asked.asked.chips] == names, timeout=WAIT_MS)
    session.window.close()
    session.close()
    session.deleteLater()


class Node:
    def __init__(self) -> None:
        self.itself = self


def test_garbage_is_collected_between_frames_and_while_the_user_is_away(qapp: QApplication) -> None:
    garbage = Garbage(qapp)
    try:
        assert not gc.isenabled()
        young = weakref.ref(Node())
        many = [Node() for _ in range(3000)]
        garbage._collect_young()
        assert young() is None
        kept = weakref.ref(many[0])
        garbage.set_aside()
        many.clear()
        garbage._collect_young()
        assert kept() is not None  # set aside
        garbage._clean_while_away(Qt.ApplicationState.ApplicationInactive)
        assert kept() is None
    finally:
        garbage.stop()
    assert gc.isenabled()
