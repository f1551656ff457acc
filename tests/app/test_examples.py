"""Asking by example: drop and paste pictures, from the library and from outside."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QEvent, QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ask.incoming import MAX_FILES
from app.window import Window
from core import Outcome
from tests.app.hands import answered, drag, local, select, shown, type_words, wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs


def test_a_dropped_picture_finds_itself_first(qtbot: QtBot, window: Window, photos: Path) -> None:
    assert drag(window, local(photos / "rocket.jpg"))
    wait_for(qtbot, lambda: [chip.label for chip in window.question.asked.chips] == ["rocket.jpg"])
    wait_for(qtbot, lambda: shown(window)[:1] == ["rocket.jpg"])


def test_a_picture_from_outside_the_library_finds_its_like(
    qtbot: QtBot, window: Window, sample_photos: list[Path]
) -> None:
    other_view = sample_photos[0].with_name("motorcycle_right.png")
    assert drag(window, local(other_view))
    wait_for(qtbot, lambda: shown(window)[:1] == ["motorcycle_left.png"])


def test_pasted_pixels_find_the_picture(qtbot: QtBot, window: Window, photos: Path) -> None:
    mime = QMimeData()
    mime.setData("image/png", QByteArray((photos / "chelsea.png").read_bytes()))
    QGuiApplication.clipboard().setMimeData(mime)
    window.field.edit.setFocus()
    QTest.keyClick(window.field.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, lambda: shown(window)[:1] == ["chelsea.png"])
    assert window.field.edit.text() == ""


def test_pasted_words_are_words(qtbot: QtBot, window: Window) -> None:
    QGuiApplication.clipboard().setText("a cat")
    window.grid.setFocus()
    QTest.keyClick(window.grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    answered(qtbot, window, "a cat")
    assert window.field.edit.text() == "a cat"


def test_find_similar_asks_with_the_selected_result(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "a cat")
    select(window)
    window.actions_["similar"].trigger()
    wait_for(qtbot, lambda: not window.field.edit.text() and shown(window)[:1] == ["chelsea.png"])
    assert window.results.answer is not None
    assert window.results.answer.outcome is Outcome.FOUND


def test_what_will_happen_is_said_while_dragging(window: Window, photos: Path) -> None:
    drag(window, local(photos / "rocket.jpg"), drop=False)
    assert window.drop_overlay.isVisible()
    assert window.drop_overlay.promise == "Find more like this, or add this folder"
    QApplication.sendEvent(window, QEvent(QEvent.Type.DragLeave))
    assert not window.drop_overlay.isVisible()


def test_what_cannot_be_used_is_said_and_changes_nothing(window: Window) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/cat.jpg")])
    drag(window, mime)
    assert window.question.is_empty
    assert window.note.isVisible()
    assert not drag(window, QMimeData())


def test_an_example_that_is_no_picture_is_said_in_a_sentence(qtbot: QtBot, window: Window, photos: Path) -> None:
    drag(window, local(photos / "broken.jpg"))
    wait_for(qtbot, lambda: "broken.jpg" in window.stage.page.page.text)
    assert window.stage.currentWidget() is window.stage.page


def test_of_many_files_the_first_are_taken(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    mime = QMimeData()
    paths = [tmp_path / f"{number}.jpg" for number in range(MAX_FILES + 5)]
    for path in paths:
        path.touch()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    drag(window, mime)
    wait_for(qtbot, lambda: len(window.question.asked.chips) == MAX_FILES)
    assert "the rest was left out" in window.note.text.text()


def test_a_dropped_folder_on_an_ailing_drive_is_told_why_it_is_not_added(
    qtbot: QtBot, window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ailing, stat, lstat = tmp_path / "Drive", os.stat, os.lstat
    ailing.mkdir()

    def fail(look: Callable[..., os.stat_result], path: object, *rest: object, **options: object) -> os.stat_result:
        if str(path) == str(ailing):
            raise OSError(errno.EIO, "Input/output error")
        return look(path, *rest, **options)

    monkeypatch.setattr(os, "stat", partial(fail, stat))
    monkeypatch.setattr(os, "lstat", partial(fail, lstat))
    drag(window, local(ailing))
    wait_for(qtbot, window.banner.isVisible)
    monkeypatch.undo()
    assert "Drive cannot be looked at: Input/output error." in window.banner.text.text()
