"""Libraries that do not open: what the window says, and the ways on. Starts after crashes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QSpinBox
from pytestqt.qtbot import QtBot

from app.messages import CrashDialog
from app.running import Session
from app.settings.settings_view import SettingsView
from app.show.pages import Way
from core import Engine, Settings, Standing, open_engine
from tests.app.conftest import WAIT_S, SessionOpener
from tests.app.hands import shown, wait_for
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs


def ways(qtbot: QtBot, session: Session) -> list[Way]:
    """Those that the page of a library that did not open offers."""
    page = session.window.stage.page
    wait_for(qtbot, lambda: page.page.title == "Likewise cannot open its library")
    assert [button.text() for button in page.buttons()] == [way.value for way in page.page.ways]
    return list(page.page.ways)


def press(session: Session, way: Way) -> None:
    (button,) = (button for button in session.window.stage.page.buttons() if button.text() == way.value)
    button.click()


def choose(qtbot: QtBot, session: Session, folder: Path) -> None:
    wait_for(qtbot, lambda: bool(session.window.findChildren(QFileDialog)))
    (dialog,) = session.window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(folder))
    dialog.close()


def make_library(folder: Path, photos: Path) -> Path:
    with open_engine(folder, Settings(decode_processes=1)) as engine:
        engine.start(watch=False)
        engine.add_folder(photos).result(WAIT_S)
        engine.wait_idle().result(WAIT_S)
    return folder


def test_a_library_in_use_can_be_looked_at(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, photos: Path, model_cache: Path
) -> None:
    library = make_library(tmp_path / "library", photos)
    with open_engine(library) as other:
        other.opened.result(WAIT_S)
        session = open_session(library)
        assert ways(qtbot, session) == [Way.LOOK_ONLY, Way.OTHER_LIBRARY]
        press(session, Way.LOOK_ONLY)
        wait_for(qtbot, lambda: len(shown(session.window)) == 6)
        assert "Nothing new is read" in session.window.note.text.text()


def test_a_library_of_a_newer_version_is_left_alone_for_another(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    open_engine(library).close()
    with closing(sqlite3.connect(library / "catalog.db")) as database:
        database.execute("PRAGMA user_version=9999")
    session = open_session(library)
    assert ways(qtbot, session) == [Way.OTHER_LIBRARY]
    assert "newer version" in session.window.stage.page.page.text
    press(session, Way.OTHER_LIBRARY)
    choose(qtbot, session, tmp_path / "other")
    wait_for(qtbot, lambda: session.bridge.engine is not None)
    wait_for(qtbot, lambda: session.window.stage.page.page.title == "Find photos, sounds and videos")
    assert (tmp_path / "other" / "catalog.db").exists()


def test_a_library_kept_in_step_can_be_used_all_the_same(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path
) -> None:
    library = tmp_path / "Dropbox" / "library"
    session = open_session(library)
    assert ways(qtbot, session) == [Way.OTHER_LIBRARY, Way.ANY_DISK]
    assert "Dropbox" in session.window.stage.page.page.text
    press(session, Way.ANY_DISK)
    wait_for(qtbot, lambda: session.bridge.engine is not None)
    wait_for(qtbot, (library / "settings.json").exists)
    again = Settings.parse((library / "settings.json").read_text())
    assert again is not None
    assert again.library_disk == "any"


def test_a_mistake_of_ours_while_opening_leaves_a_way_on(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("core.engine.open_storage", lambda *_: 1 / 0)
        session = open_session(tmp_path / "library")
        assert ways(qtbot, session) == [Way.OTHER_LIBRARY]
    (dialog,) = session.window.findChildren(CrashDialog)
    dialog.accept()
    assert "mistake in Likewise" in session.window.stage.page.page.text
    press(session, Way.OTHER_LIBRARY)
    choose(qtbot, session, tmp_path / "other")
    wait_for(qtbot, lambda: session.bridge.engine is not None)


KILLED = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app import running

class Crashing(running.Session):
    def _begin(self, engine, opened):
        super()._begin(engine, opened)
        os.kill(os.getpid(), 9)

running.Session = Crashing
running.run(Path(sys.argv[1]), [])
"""


def test_after_two_crashes_at_the_start_files_are_left_alone(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, photos: Path, model_cache: Path
) -> None:
    library = make_library(tmp_path / "library", photos)
    for _ in range(2):
        process = subprocess.run(
            [sys.executable, "-c", KILLED, library], cwd=REPOSITORY, env={**os.environ}, check=False
        )
        assert process.returncode == -9
    shutil.copy(photos / "rocket.jpg", photos / "new.jpg")
    try:
        (photos / "new.jpg").write_bytes((photos / "new.jpg").read_bytes() + b"more")
        session = open_session(library)
        banner = session.window.banner
        wait_for(qtbot, banner.isVisible)
        assert "ended unexpectedly twice" in banner.text.text()
        wait_for(qtbot, lambda: len(shown(session.window)) == 6)
        wait_for(qtbot, lambda: session.window.status.text.text().startswith("Paused"))
        engine = session.bridge.engine
        assert engine is not None
        engine.rescan().result(WAIT_S)
        assert engine.standings().result(WAIT_S)[Standing.WAITING] == 1, "it was seen, and left alone"
        assert "new.jpg" not in shown(session.window)
        assert banner.button.text() == "Read files again"
        banner.button.click()
        wait_for(qtbot, lambda: "new.jpg" in shown(session.window))
    finally:
        (photos / "new.jpg").unlink()


def test_one_crash_changes_nothing(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, model_cache: Path
) -> None:
    process = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "library"], cwd=REPOSITORY, env={**os.environ}, check=False
    )
    assert process.returncode == -9
    session = open_session(tmp_path / "library")
    wait_for(qtbot, lambda: session.bridge.engine is not None)
    assert session.window.banner.isHidden()


# backups


def values(dialog: SettingsView) -> dict[str, int]:
    return {box.accessibleName(): box.value() for box in dialog.findChildren(QSpinBox)}


def test_backups_are_listed_made_and_gone_back_to(
    open_session: SessionOpener, qtbot: QtBot, tmp_path: Path, photos: Path, model_cache: Path
) -> None:
    from app.settings.backups_view import BackupsView
    from app.settings.pages import SettingsPage

    library = make_library(tmp_path / "library", photos)
    session = open_session(library)
    wait_for(qtbot, lambda: len(shown(session.window)) == 6)
    engine = session.bridge.engine
    assert isinstance(engine, Engine)
    session.window.actions_["settings"].trigger()
    (dialog,) = session.window.findChildren(SettingsView)
    dialog.show_page(SettingsPage.PRIVACY)
    (view,) = dialog.findChildren(BackupsView)
    wait_for(qtbot, lambda: view.list.count() == 1)
    text = view.list.item(0).text()
    assert text.startswith("Today, ")
    assert "“Photos”" in text
    engine.change_settings(Settings(decode_processes=1, batch_size=5)).result(WAIT_S)
    view.create_button.click()
    wait_for(qtbot, lambda: view.list.count() == 2)
    assert "other settings: Files read at once, Batch size" in view.list.item(0).text()

    engine.remove_folder(engine.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)
    wait_for(qtbot, lambda: not session.window.folders_model.folders)
    view.list.setCurrentRow(1)
    view.restore_button.click()
    wait_for(qtbot, lambda: len(shown(session.window)) == 6)
    wait_for(qtbot, lambda: dialog.backups.list.count() == 3)
    wait_for(qtbot, lambda: engine.settings.batch_size == 16)
    wait_for(qtbot, lambda: "Went back to your folders and settings of Today" in dialog.note.text.text())
    wait_for(qtbot, lambda: values(dialog)["Batch size"] == 16)
    QTest.mouseClick(dialog.note.button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, lambda: not session.window.folders_model.folders)
    wait_for(qtbot, lambda: "again as they were" in dialog.note.text.text())
    wait_for(qtbot, lambda: values(dialog)["Batch size"] == 5)
    assert engine.settings.batch_size == 5
