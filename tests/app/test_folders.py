"""Folders come, go and come back; files that fail are listed and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.folders.folders_model import Place
from app.show.pages import Way
from app.window import Window
from core import Activity, Engine, FolderState, ProgressChanged
from tests.app.conftest import WAIT_S
from tests.app.hands import answered, drag, local, shown, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_a_file_that_failed_is_listed_with_its_reason(qtbot: QtBot, window: Window) -> None:
    wait_for(qtbot, lambda: window.folders_model.failed == 1)
    window.sidebar.list.setCurrentIndex(window.folders_model.index_of(Place.PROBLEMS))
    assert window.stage.currentWidget() is window.health
    model = window.health.list.model()
    wait_for(qtbot, lambda: model.rowCount() == 1)
    assert model.index(0, 0).data() == "broken.jpg"
    window.health.list.setCurrentIndex(model.index(0, 0))
    assert window.health.retry_button.isEnabled()
    (failure,) = window.health.selected()
    assert failure.sentence
    type_words(qtbot, window, "a cat")
    assert window.stage.currentWidget() is window.grid


def test_a_mended_file_is_found_after_trying_again(
    qtbot: QtBot,
    open_window: Callable[[Engine], Window],
    fresh: Engine,
    tmp_path: Path,
    sample_photos: list[Path],
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = folder / "photo.jpg"
    photo.write_bytes(b"not yet")
    window = open_window(fresh)
    fresh.add_folder(folder).result(WAIT_S)
    wait_for(qtbot, lambda: window.folders_model.failed == 1)
    shutil.copy(sample_photos[-1], photo)
    window.actions_["problems"].trigger()
    wait_for(qtbot, lambda: window.health.list.model().rowCount() == 1)
    window.health.retry_all_button.click()
    wait_for(qtbot, lambda: shown(window) == ["photo.jpg"] and window.folders_model.failed == 0)


def test_from_the_welcome_page_to_the_first_results(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine
) -> None:
    window = open_window(fresh)
    assert window.stage.page.page.title == "Find photos, sounds and videos"
    assert not window.details.isVisible()
    said: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, ProgressChanged):
            said.append(window.status.text.text())

    window._bridge.happened.connect(listen)
    (samples,) = [button for button in window.stage.page.buttons() if button.text() == Way.SAMPLES.value]
    samples.click()
    wait_for(qtbot, lambda: window.results.rowCount() > 0)
    assert window.stage.currentWidget() is window.grid
    wait_for(qtbot, lambda: window.results.rowCount() == 17)
    assert any(text.startswith(("Looking for media", "Finding new media")) for text in said)
    assert window.details.isVisible()
    fresh.wait_idle().result(WAIT_S)


def test_a_removed_folder_comes_back_by_undo(
    qtbot: QtBot, open_window: Callable[[Engine], Window], fresh: Engine, photos: Path
) -> None:
    window = open_window(fresh)
    assert drag(window, local(photos))
    wait_for(qtbot, lambda: window.results.rowCount() == 6)
    fresh.wait_idle().result(WAIT_S)
    (folder,) = window.folders_model.folders
    window.sidebar.remove_asked.emit(folder)
    wait_for(qtbot, lambda: window.stage.page.page.title == "No folders")
    assert "not touched" in window.note.text.text()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, lambda: window.results.rowCount() == 6)


def test_a_folder_that_cannot_be_added_is_said(qtbot: QtBot, window: Window, photos: Path) -> None:
    window.commands.add_folder_at(photos / "no such folder")
    wait_for(qtbot, window.banner.isVisible)
    assert "no such folder" in window.banner.text.text()


def test_search_works_while_indexing_runs(
    qtbot: QtBot,
    open_window: Callable[[Engine], Window],
    fresh: Engine,
    tmp_path: Path,
    sample_photos: list[Path],
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(120):
        photo = sample_photos[number % len(sample_photos)]
        (folder / f"{number:03}{photo.suffix}").write_bytes(photo.read_bytes() + bytes([number]))
    window = open_window(fresh)
    fresh.add_folder(folder).result(WAIT_S)
    wait_for(qtbot, lambda: fresh.progress.done > 0)
    at_work: list[bool] = []
    window.search.answered.connect(lambda: at_work.append(fresh.progress.activity is Activity.INDEXING))
    window.question.set_text("a cat")
    answered(qtbot, window, "a cat")
    assert at_work[0]
    fresh.wait_idle().result(WAIT_S)
    wait_for(qtbot, lambda: window.results.answer is not None and len(window.results.answer.results) == 120)


def test_a_lost_drive_is_said(window: Window) -> None:
    from dataclasses import replace

    folders = window.folders_model.folders
    window.folders_model._show([replace(folder, state=FolderState.OFFLINE) for folder in folders])
    assert "cannot be reached" in window.note.text.text()
    row = window.folders_model.row(window.folders_model.index_of(Place.FOLDER))
    assert row is not None
    assert row.icon_name == "folder-offline"
