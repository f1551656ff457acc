"""What other libraries have, below the results: what is seen and said of it, and what cannot be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.show.others_view import OthersView
from app.window import Window
from core import Answer, Engine, Kind, Other, Outcome, Question, Settings, Strength, open_engine
from tests.app.conftest import WAIT_S
from tests.app.hands import shown, type_words, wait_for
from tests.core.store.milvus.steps import free_port, milvus_server

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of windows

DOG = Other("Studio", "dog.jpg", Kind.IMAGE, 0.999, Strength.STRONG)
ANSWER = Answer(Question("dog"), Outcome.NO_GOOD_MATCH)


@pytest.fixture
def view(qtbot: QtBot) -> OthersView:
    view = OthersView()
    qtbot.addWidget(view)
    return view


def test_nothing_is_shown_unless_there_is_something(view: OthersView) -> None:
    view.show_answer(ANSWER)
    assert view.isHidden()
    view.show_answer(replace(ANSWER, others=[DOG]))
    assert not view.isHidden()
    view.cover(covered=True)
    assert view.isHidden()
    view.cover(covered=False)
    assert not view.isHidden()
    view.clear()
    assert view.isHidden()


def test_it_is_said_where_a_file_is_and_by_a_sign_what_it_is(view: OthersView) -> None:
    view.show_answer(replace(ANSWER, others=[DOG, replace(DOG, name="purr.wav", kind=Kind.AUDIO)]))
    item = view.list.item(0)
    assert item.text() == "dog.jpg\nin the library “Studio” on another computer: open it there"
    heard = item.data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard.startswith("dog.jpg, photo, strong match, in the library “Studio”")
    assert view.title.text() == "In other libraries · 2"
    signs = [view.list.item(row).icon().pixmap(QSize(32, 32)).toImage() for row in range(2)]
    assert signs[0] != signs[1]


def test_it_can_be_walked_through_and_nothing_else(view: OthersView) -> None:
    view.show_answer(replace(ANSWER, others=[DOG] * 5))
    view.show()
    assert view.list.selectedItems() == []
    QTest.keyClick(view.list, Qt.Key.Key_Down)
    QTest.keyClick(view.list, Qt.Key.Key_Down)
    assert view.list.currentRow() == 1
    view.show_answer(replace(ANSWER, others=[DOG] * 4))  # the same question, asked anew while the library changes
    assert view.list.currentRow() == 1
    assert not view.list.dragEnabled()
    assert not view.list.item(0).flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert not view.list.item(0).flags() & Qt.ItemFlag.ItemIsEditable
    assert view.list.contextMenuPolicy() is Qt.ContextMenuPolicy.DefaultContextMenu
    assert view.list.actions() == []


def test_names_from_elsewhere_cannot_lie(view: OthersView) -> None:
    view.show_answer(replace(ANSWER, others=[replace(DOG, name="<b>a\u202egpj.exe\n", library="x\ny")]))
    text = view.list.item(0).text()
    assert text.count("\n") == 1
    assert "\u202e" not in text
    assert "<b>a" in text
    assert "\u202e" not in view.list.item(0).toolTip()


def test_why_others_could_not_be_asked(view: OthersView) -> None:
    view.show_answer(replace(ANSWER, others_note="The other libraries were not searched. The server is away."))
    assert not view.isHidden()
    assert view.note.text() == "The other libraries were not searched. The server is away."
    assert view.list.isHidden()
    assert view.title.text() == "In other libraries"


def test_two_libraries_on_one_server(
    qtbot: QtBot,
    open_window: Callable[[Engine], Window],
    photos: Path,
    model_cache: Path,
    tmp_path: Path,
) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus is not installed here; `pip install '.[milvus]'` adds it")
    port = free_port()
    chosen = Settings(
        decode_processes=1, sounds_model="", motion_model="", speech_model="", shared_search=True
    ).with_search_at(f"http://127.0.0.1:{port}")
    with (
        milvus_server(tmp_path / "server", port),
        open_engine(tmp_path / "studio", replace(chosen, shared_as="Studio")) as theirs,
        open_engine(tmp_path / "kitchen", chosen) as mine,
    ):
        for engine in (mine, theirs):
            engine.start(watch=False)
        theirs.add_folder(photos).result(WAIT_S)
        theirs.wait_idle().result(WAIT_S)
        mine.stores.connect().result(WAIT_S)
        window = open_window(mine)
        type_words(qtbot, window, "a cat")
        wait_for(qtbot, window.others.isVisible)
        assert "chelsea.png" in window.others.list.item(0).text()
        assert "“Studio”" in window.others.list.item(0).text()
        assert shown(window) == []
        window.grid.selectAll()
        assert window.grid.selected_results() == []
        theirs.change_settings(replace(theirs.settings, shared_search=False)).result(WAIT_S)

        def is_gone() -> bool:
            window.search.ask()
            return not window.others.isVisible()

        wait_for(qtbot, is_gone)
