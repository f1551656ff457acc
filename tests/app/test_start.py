"""How the program starts, and what it says when it cannot."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from app import __main__ as program
from app import preflight
from app.hooks import Hooks
from app.messages import Messages
from app.preferences import DEFAULT_CELL_PX, MAX_CELL_PX, Preferences
from app.theme import Look, Theme, contrast, is_dark
from core import FolderError

HEAVY = ("numpy", "torch", "PIL", "openvino", "transformers", "hnswlib", "sqlite3", "watchdog", "core.engine")


def test_nothing_heavy_is_imported_before_the_window_is_there(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from app.running import Session\n"
        "application = QApplication([])\n"
        "session = Session(application, Path(sys.argv[1]))\n"
        "session.window.show()\n"
        f"sys.exit(','.join(name for name in {HEAVY!r} if name in sys.modules) or 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_a_display_it_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert program.run_gui() == 1
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "no display" in said


def test_without_a_system_library_it_says_which_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "packaging").mkdir()
    check = Path(preflight.__file__).parent.parent / "packaging" / "check.py"
    (tmp_path / "packaging" / "check.py").write_text(check.read_text("utf-8"), "utf-8")
    (tmp_path / "packaging" / "apt.txt").write_text("liblikewise9 library liblikewise.so.9\n", "utf-8")
    (tmp_path / "app").mkdir()
    monkeypatch.setattr(preflight, "__file__", str(tmp_path / "app" / "preflight.py"))
    assert program.run_gui() == 3
    said = capfd.readouterr().err
    assert "liblikewise.so.9" in said
    assert said.count("\n") == 1


def test_this_system_lacks_nothing() -> None:
    assert preflight.missing_libraries() == ""


def test_preferences_come_back_and_nonsense_is_as_if_never_written(tmp_path: Path) -> None:
    path = tmp_path / "not yet" / "window.ini"
    preferences = Preferences(path)
    assert (preferences.cell_px, preferences.look, preferences.question) == (DEFAULT_CELL_PX, Look.SYSTEM, {})
    preferences.cell_px, preferences.look, preferences.question = 200, Look.DARK, {"text": "dog, “cat”"}
    preferences.set_shows("sidebar", shown=False)
    preferences.save()
    again = Preferences(path)
    assert (again.cell_px, again.look, again.question) == (200, Look.DARK, {"text": "dog, “cat”"})
    assert not again.shows("sidebar")
    assert again.shows("details")
    path.write_text("[grid]\ncell_px=99999\n[window]\nlook=pink\ngeometry=1\n[ask]\nquestion=[1\n", "utf-8")
    broken = Preferences(path)
    assert (broken.cell_px, broken.look, broken.question) == (MAX_CELL_PX, Look.SYSTEM, {})
    assert broken.geometry.isEmpty()


@pytest.mark.parametrize("look", [Look.LIGHT, Look.DARK])
def test_text_can_be_read_in_light_and_dark(qapp: QApplication, look: Look) -> None:
    theme = Theme(qapp)
    theme.set_look(look)
    palette = qapp.palette()
    assert is_dark(palette) is (look is Look.DARK)
    role = QPalette.ColorRole
    pairs = [
        (front, back)
        for front in (role.WindowText, role.Text, role.PlaceholderText, role.Link)
        for back in (role.Window, role.Base, role.AlternateBase)
    ]
    pairs += [
        (role.HighlightedText, role.Highlight),
        (role.ButtonText, role.Button),
        (role.ToolTipText, role.ToolTipBase),
    ]
    weak = {(front.name, back.name): contrast(palette.color(front), palette.color(back)) for front, back in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    theme.set_look(Look.SYSTEM)


@pytest.mark.qt_no_exception_capture
def test_what_nobody_caught_is_reported_and_logged(tmp_path: Path) -> None:
    reported: list[str] = []
    level = logging.getLogger().level
    hooks = Hooks(tmp_path / "log", reported.append)
    try:
        error = ValueError("a bug")
        sys.excepthook(type(error), error, None)
        logging.getLogger("core").warning("a file: %r", "a\nb")
        qWarning("from Qt")
    finally:
        hooks.remove()
        logging.getLogger().setLevel(level)
    assert "ValueError: a bug" in reported[0]
    log = (tmp_path / "log" / "likewise.log").read_text("utf-8")
    assert "a file: 'a\\nb'" in log
    assert "from Qt" in log


def test_logs_are_short_lines_in_few_files(tmp_path: Path) -> None:
    """A name cannot write a line of its own, and years of use do not fill the disk."""
    level = logging.getLogger().level
    hooks = Hooks(tmp_path, lambda _: None)
    try:
        Messages().fail(FolderError("/a\n2026-01-01 ERROR forged does not exist."))
        for _ in range(40):
            logging.getLogger("core").warning("x" * 1_000_000)
    finally:
        hooks.remove()
        logging.getLogger().setLevel(level)
    files = sorted(tmp_path.glob("likewise.log*"))
    assert len(files) == 5
    assert sum(file.stat().st_size for file in files) < 26 << 20
    hooks = Hooks(tmp_path / "new", lambda _: None)
    try:
        Messages().fail(FolderError("/a\n2026-01-01 ERROR forged does not exist."))
    finally:
        hooks.remove()
        logging.getLogger().setLevel(level)
    (line,) = (tmp_path / "new" / "likewise.log").read_text("utf-8").splitlines()
    assert "told the user: '/a\\n2026-01-01 ERROR forged" in line
