"""The real window, full of names, titles and words that try to be more than text. They stay text, everywhere."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6 import QtGui
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QAccessible, QDesktopServices, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QMenu,
    QMessageBox,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ask.incoming import local_path
from app.desktop import make_mime, open_media, url_of
from app.messages import CrashDialog
from app.problems.health_view import HealthView
from app.settings.exclusions_view import ExclusionsView
from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.window import Window
from core import CoreError, Engine, FolderError, Line, ModelError, NoticePosted
from tests.app.hands import Opener, drag, local, select, shown, type_words, wait_for
from tests.core.decode.media import noise, write_sound
from tests.core.steps import index, knowing
from tests.hostile import names

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of popups and dialogs

MARK = "<b>evil<img src=x.png>"
HOSTILE = f"{MARK} 50%d &amp; \u202egpj\u2069.\n\x1b[31mشكرا"
TEXTS = (
    "text",
    "title",
    "toolTip",
    "statusTip",
    "whatsThis",
    "accessibleName",
    "accessibleDescription",
    "windowTitle",
    "placeholderText",
    "toPlainText",
    "currentText",
)
ROLES = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.EditRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.StatusTipRole,
    Qt.ItemDataRole.WhatsThisRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.AccessibleDescriptionRole,
)
RICH_IF_IT_LOOKS_SO = {"toolTip", "whatsThis", "ToolTipRole", "WhatsThisRole"}
"""What Qt reads as HTML when it looks like it, and nobody can forbid."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample_photos: list[Path]) -> Path:
    folder = tmp_path_factory.mktemp("media") / HOSTILE
    (folder / HOSTILE).mkdir(parents=True)
    said = Image.Exif()
    said[0x010F], said[0x0110] = MARK, f"{MARK} \u202ecamera"
    with Image.open(sample_photos[1]) as photo:
        photo.save(folder / f"{HOSTILE}.jpg", exif=said)
        photo.save(folder / HOSTILE / f"{HOSTILE} copy.jpg", exif=said)
    tags = {"title": f"{MARK}</b><script>", "artist": HOSTILE.replace("\n", " ")}
    write_sound(folder / f"{HOSTILE}.mp3", noise(3), "libmp3lame", tags=tags)
    (folder / f"{HOSTILE} broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, folder: Path, model_cache: Path) -> Iterator[Engine]:
    other = folder.with_name(f"other {HOSTILE}")
    other.mkdir()
    with knowing(folder, tmp_path_factory.mktemp("library") / HOSTILE, speech_model="", motion_model="") as engine:
        index(engine, other)
        yield engine


@pytest.fixture
def window(open_window: Callable[[Engine], Window], engine: Engine) -> Window:
    return open_window(engine)


def said_by(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Everything that a widget has to say, and where."""
    for name in TEXTS:
        say = getattr(widget, name, None)
        if callable(say):
            text = say()
            if isinstance(text, str) and text:
                yield name, text
    for action in widget.actions():
        yield from (("action", text) for text in (action.text(), action.toolTip(), action.statusTip()) if text)
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        yield from said_by_model(widget.model(), QModelIndex())
    interface = QAccessible.queryAccessibleInterface(widget)
    if interface is not None:
        for kind in (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Help):
            if text := interface.text(kind):
                yield "accessible", text


def said_by_model(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[tuple[str, str]]:
    for row in range(model.rowCount(parent)):
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)):
            index = model.index(row, column, parent)
            for role in ROLES:
                if isinstance(text := model.data(index, role), str) and text:
                    yield role.name, text


def as_read(place: str, text: str) -> str:
    """What the user gets to read there."""
    if place in RICH_IF_IT_LOOKS_SO and QtGui.Qt.mightBeRichText(text):
        document = QTextDocument()
        document.setHtml(text)
        return document.toPlainText()
    return text


def examine() -> list[tuple[str, str]]:
    """Looks at every widget there is; returns where the mark was read, letter by letter."""
    marked = []
    for widget in QApplication.allWidgets():
        assert not isinstance(widget, QTextEdit | QMessageBox), type(widget)
        for place, text in said_by(widget):
            where = f"{type(widget).__name__}.{place}"
            read = as_read(place, text)
            if "evil" in text:
                assert MARK in read or MARK.replace("&", "&&") in read or "…" in read, (where, text)
                marked.append((where, read))
                if isinstance(widget, QLabel):
                    assert widget.textFormat() == Qt.TextFormat.PlainText, where
            acting = {one for one in read if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}}
            assert acting <= {"\n", "\u200c", "\u200d", "\u2068", "\u2069"}, (where, text)
            assert read.count("\u2068") == read.count("\u2069"), (where, text)
    return marked


def places(marked: list[tuple[str, str]]) -> set[str]:
    return {where for where, _ in marked}


def test_results_details_and_quick_look(qtbot: QtBot, window: Window) -> None:
    for row in range(window.results.rowCount()):
        select(window, row)
        wait_for(qtbot, lambda: bool(window.details.rows["Size"].text()))
        QTest.keyClick(window.grid, Qt.Key.Key_Space)
        assert window.quick_look.isVisible()
        window.grab()
        found = places(examine())
        assert {"Label.text", "Label.toolTip", "GridView.DisplayRole", "GridView.ToolTipRole"} <= found
        QTest.keyClick(window.quick_look, Qt.Key.Key_Space)
    details = {title: row.text() for title, row in window.details.rows.items()}
    assert "evil" in details["Folder"]


def test_camera_title_and_copies(qtbot: QtBot, window: Window) -> None:
    read = ""
    for row in range(window.results.rowCount()):
        select(window, row)
        wait_for(qtbot, lambda: bool(window.details.rows["Size"].text()))
        examine()
        read += "\n".join(f"{title}: {row.text()}" for title, row in window.details.rows.items() if row.text()) + "\n"
    assert f"Camera: {MARK}" in read
    assert f"{MARK}</b><script>" in read
    assert "Copies: " in read


def test_a_transcript(qtbot: QtBot, window: Window) -> None:
    select(window, next(row for row, name in enumerate(shown(window)) if name.endswith(".mp3")))
    wait_for(qtbot, lambda: window.details._details is not None)
    details = window.details._details
    assert details is not None
    line = Line(0, 1000, f"{HOSTILE} and <a href='file:x'>press me</a>", "en")
    result = replace(window.grid.current_result(), line=line.text, start_ms=0, end_ms=1000, reason="says")
    window.details._show_details(replace(details, result=result, transcript=(line, line)))
    window.details.show_results(result, 1)
    window.grab()
    assert {"TranscriptView.toPlainText", "Label.text"} <= places(examine())


def test_chips_and_answers_to_hostile_words(qtbot: QtBot, window: Window) -> None:
    select(window)
    window.commands.more_like()
    wait_for(qtbot, lambda: bool(window.question.asked.chips))
    window.field.edit.setFocus()
    window.question.set_text(f"{MARK} without {MARK}")
    wait_for(qtbot, lambda: window.results.answer is not None and MARK in window.results.answer.question.text)
    window.grab()
    assert any(where.startswith("Chip") for where in places(examine()))


def test_problems_places_and_filters(qtbot: QtBot, window: Window) -> None:
    window.actions_["problems"].trigger()
    (failures,) = window.findChildren(HealthView)
    wait_for(qtbot, lambda: failures.list.model().rowCount() == 1)
    failures.list.setCurrentIndex(failures.list.model().index(0, 0))
    window.grab()
    marked = places(examine())
    assert {"QListView.DisplayRole", "QListView.AccessibleTextRole"} <= marked or len(marked) >= 4
    for menu in window.findChildren(QMenu):
        menu.aboutToShow.emit()
    texts = [action.text() for menu in window.findChildren(QMenu) for action in menu.actions()]
    assert any(MARK in text for text in texts), "the folders are offered as filters"
    examine()


def test_settings_models_and_shortcuts(qtbot: QtBot, window: Window) -> None:
    window.actions_["shortcuts"].trigger()
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    for page in SettingsPage:
        dialog.show_page(page)
        dialog.grab()
    dialog.models.hub_id.setText(MARK)
    window.models.add_answered.emit(f"{HOSTILE} is no model.")
    window.models._fail("clip", ModelError(f"The folder {HOSTILE} holds no weights."))
    wait_for(qtbot, lambda: "evil" in dialog.models.rows["clip"].state.text())
    assert "evil" in dialog.models.added.text()
    (exclusions,) = dialog.findChildren(ExclusionsView)
    exclusions.edit.setPlainText(f"*evil*\n{MARK}*")
    wait_for(qtbot, lambda: "leaves out" in exclusions.preview.text())
    assert MARK in exclusions.preview.text(), "the files that would be left out are named"
    assert "Label.text" in places(examine()), "the library is at a hostile place"
    dialog.reject()


@pytest.mark.parametrize(
    "error",
    [
        FolderError(f"{HOSTILE} does not exist.", "Choose a folder that holds photos."),
        CoreError(HOSTILE),
    ],
)
def test_messages(qtbot: QtBot, window: Window, error: CoreError) -> None:
    window._messages.fail(error)
    assert "Label.text" in places(examine())
    window._messages.hear(NoticePosted(HOSTILE))
    assert "Label.text" in places(examine())
    window.quick_look._say(error)
    window.details._say(error)
    window.stage.show_refusal(error)
    window.grab()
    examine()


def test_a_bugs_details_are_text(qtbot: QtBot, window: Window) -> None:
    dialog = CrashDialog(f"ValueError: {MARK}", window)
    dialog.show()
    dialog.grab()
    assert "QPlainTextEdit.toPlainText" in places(examine())
    dialog.close()


def test_words_typed_find_by_name(qtbot: QtBot, window: Window) -> None:
    type_words(qtbot, window, "img src")
    assert any("evil" in name for name in shown(window))
    examine()


def test_dropping_a_file_of_such_a_name_asks_with_it(qtbot: QtBot, window: Window, folder: Path) -> None:
    assert drag(window, local(folder / f"{HOSTILE}.jpg"))
    wait_for(qtbot, lambda: bool(window.question.asked.chips))
    assert window.question.asked.chips[0].example.path == folder / f"{HOSTILE}.jpg"
    examine()


def test_whatever_its_name_the_file_itself_is_opened(qapp: object, tmp_path: Path) -> None:
    """The system is handed the bytes of the name, and a file that is dropped comes back as itself."""
    opened = Opener()
    QDesktopServices.setUrlHandler("file", opened, "open")
    try:
        for name in names():
            path = tmp_path / os.fsdecode(name)
            path.touch()
            assert open_media(path)
            assert local_path(url_of(path)) == path
            assert local_path(opened.urls[-1]) == path
            assert [local_path(url) for url in make_mime([path]).urls()] == [path]
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert len(opened.urls) == len(names())
