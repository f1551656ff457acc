"""What a user's hands do with the window, and what the eyes see."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.window import Window
from tests.app.conftest import WAIT_MS


def shown(window: Window) -> list[str]:
    return [window.results.result(row).path.name for row in range(window.results.rowCount())]


def wait_for(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=WAIT_MS)


def type_words(qtbot: QtBot, window: Window, words: str) -> None:
    """Types into the field and waits for the answer."""
    window.field.edit.setFocus()
    QTest.keyClicks(window.field.edit, words)
    answered(qtbot, window, words)


def answered(qtbot: QtBot, window: Window, words: str) -> None:
    def is_answered() -> bool:
        answer = window.results.answer
        return answer is not None and answer.question.text == words

    wait_for(qtbot, is_answered)


def local(path: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def drag(target: QWidget, mime: QMimeData, *, drop: bool = True) -> bool:
    """Drags `mime` over `target`, and drops it there if it is accepted."""
    copy, button, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Qt 6.12 has a newer way that 6.11 has not
        enter = QDragEnterEvent(QPoint(300, 300), copy, mime, button, none)
    QApplication.sendEvent(target, enter)
    if drop and enter.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(300, 300), copy, mime, button, none))
    return enter.isAccepted()


def select(window: Window, row: int = 0) -> None:
    window.grid.setFocus()
    window.grid.setCurrentIndex(window.results.index(row))


class Opener(QObject):
    """Stands where the system's applications would be, and notes what it is asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.urls.append(QUrl(url))

    @property
    def paths(self) -> list[Path]:
        return [Path(url.toLocalFile()) for url in self.urls]
