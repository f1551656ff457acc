"""Where vectors are searched, in the settings: moving there, the token, and what is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.settings.store_view import StoreView, sent, state
from app.window import Window
from core import Engine, Settings, StoreStatus, log_folder
from core.store.facts import FACTS
from core.store.vectors.remote import server as servers
from tests.app.hands import wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs

NO_SERVER = "http://127.0.0.1:1"
TOKEN = "SECRET-TOKEN"


@pytest.fixture
def needs_milvus() -> None:
    pytest.importorskip("pymilvus", reason="Milvus is not installed here; `pip install '.[milvus]'` adds it")


@pytest.fixture
def window(open_window: Callable[[Engine], Window], fresh: Engine) -> Window:
    return open_window(fresh)


@pytest.fixture
def page(window: Window) -> StoreView:
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    dialog.show_page(SettingsPage.ADVANCED)
    (page,) = dialog.findChildren(StoreView)
    return page


def choose(page: StoreView, uri: str, token: str = "") -> None:
    page.kind.setCurrentText("Milvus")
    page.address.clear()
    QTest.keyClicks(page.address, uri)
    QTest.keyClicks(page.token, token)


def press_move(page: StoreView) -> None:
    assert page.move_button.isEnabled()
    QTest.mouseClick(page.move_button, Qt.MouseButton.LeftButton)


def test_page_says_what_is_sent_where(page: StoreView) -> None:
    assert page.sent.text() == "Nothing is sent anywhere."
    choose(page, "/tmp/milvus.db")
    assert page.sent.text().startswith("Nothing leaves this computer.")
    choose(page, "https://in01.zillizcloud.com")
    text = page.sent.text()
    assert "vectors, their ids" in text
    facts = dict(zip(FACTS, ("kind", "folder as a number", "day", "length"), strict=True))
    assert all(said in text for said in facts.values())
    assert "Never media, names, paths" in text
    assert "not encrypted" not in text
    choose(page, "http://studio:19530")
    assert "not encrypted" in page.sent.text()


def test_page_says_what_sharing_adds_and_keeps_it_at_once(qtbot: QtBot, page: StoreView, fresh: Engine) -> None:
    sharing = page.sharing
    assert not sharing.shared.isEnabled()
    choose(page, "/tmp/milvus.db")
    assert not sharing.shared.isEnabled()
    choose(page, "http://studio:19530")
    assert sharing.shared.isEnabled()
    assert not sharing.shared.isChecked()
    assert not sharing.called.isEnabled()
    assert "Never media, names, paths" in page.sent.text()
    QTest.mouseClick(sharing.shared, Qt.MouseButton.LeftButton, pos=QPoint(8, sharing.shared.height() // 2))
    QTest.keyClicks(sharing.called, "Ana's <b>studio</b>")
    text = page.sent.text()
    assert "the names of your files without their folders" in text
    assert "“Ana's <b>studio</b>”" in text
    assert "Never media, paths, words" in text
    assert "Never media, names" not in text
    wait_for(qtbot, lambda: fresh.settings.shared_as == "Ana's <b>studio</b>")
    assert fresh.settings.shared_search
    assert fresh.settings.seen_as == "", "it is not on that server yet"
    QTest.mouseClick(sharing.shared, Qt.MouseButton.LeftButton, pos=QPoint(8, sharing.shared.height() // 2))
    page.window().close()  # what was just clicked counts
    wait_for(qtbot, lambda: not fresh.settings.shared_search)
    fresh.close()
    kept = Settings.parse(fresh.library.settings.read_text("utf-8")) or Settings()
    assert (kept.shared_search, kept.shared_as) == (False, "Ana's <b>studio</b>")


def test_only_a_server_gets_a_token_and_nobody_reads_it(page: StoreView) -> None:
    assert not page.token.isEnabled()
    choose(page, "/tmp/milvus.db", TOKEN)
    assert not page.token.isEnabled()
    assert page.token.text() == ""
    choose(page, "https://in01.zillizcloud.com", TOKEN)
    assert page.token.echoMode() is QLineEdit.EchoMode.Password
    assert page.token.displayText() != TOKEN == page.token.text()
    assert "keyring" in page.token.accessibleDescription()


def test_typing_moves_nothing(page: StoreView, fresh: Engine) -> None:
    choose(page, NO_SERVER)
    page.window().close()
    assert fresh.settings.searched_at == ""
    assert fresh.stores.status == StoreStatus("")
    assert not fresh.library.settings.exists()


def test_installation_without_milvus_is_said_on_the_page(
    qtbot: QtBot, page: StoreView, fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _: None)
    choose(page, NO_SERVER)
    press_move(page)
    wait_for(qtbot, page.problem.isVisible)
    assert "likewise[milvus]" in page.problem.text()
    assert page.state.text().startswith("Searched in this program. It stays so until all has moved")
    choose(page, "x")
    assert not page.problem.isVisible()


def test_token_is_in_the_keyring_and_nowhere_else(
    qtbot: QtBot,
    page: StoreView,
    fresh: Engine,
    needs_milvus: None,
    passwords: dict[tuple[str, str], str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    choose(page, f"{NO_SERVER}/", TOKEN)
    assert page.token.placeholderText() == ""
    press_move(page)
    wait_for(qtbot, lambda: "cannot be reached" in page.state.text())
    assert passwords == {("Likewise", NO_SERVER): TOKEN}
    assert page.token.text() == ""
    assert page.address.text() == NO_SERVER
    assert "keyring" in page.token.placeholderText()
    assert "Moving" in page.state.text()
    wait_for(qtbot, page.stop_button.isVisible)
    QTest.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    wait_for(qtbot, lambda: page.state.text().startswith("Searched in this program."))
    fresh.backups.create().result()
    kept = [path for folder in (fresh.library.root, log_folder()) for path in folder.rglob("*") if path.is_file()]
    assert fresh.library.catalog in kept
    assert [path for path in kept if TOKEN.encode() in path.read_bytes()] == []
    shown = capfd.readouterr()
    assert TOKEN not in "".join([caplog.text, shown.out, shown.err])


def test_another_token_for_where_it_is(
    qtbot: QtBot, page: StoreView, needs_milvus: None, passwords: dict[tuple[str, str], str]
) -> None:
    choose(page, NO_SERVER, "one")
    press_move(page)
    wait_for(qtbot, lambda: page.token.text() == "" and not page.move_button.isVisible())
    QTest.keyClicks(page.token, "two")
    assert page.move_button.text() == "Keep the token"
    press_move(page)
    wait_for(qtbot, lambda: page.token.text() == "")
    assert passwords == {("Likewise", NO_SERVER): "two"}


def test_system_without_a_keyring_is_said_and_nothing_moves(
    qtbot: QtBot, page: StoreView, fresh: Engine, needs_milvus: None, no_keyring: None
) -> None:
    choose(page, NO_SERVER, TOKEN)
    press_move(page)
    wait_for(qtbot, page.problem.isVisible)
    assert "The token cannot be kept: the system has no keyring" in page.problem.text()
    assert TOKEN not in page.problem.text()
    assert fresh.stores.status == StoreStatus("")


def test_library_moves_from_the_window(
    qtbot: QtBot, page: StoreView, fresh: Engine, photos: Path, tmp_path: Path, needs_milvus: None
) -> None:
    fresh.add_folder(photos).result()
    fresh.wait_idle().result()
    seen: list[str] = []
    page.state.setText = lambda text, say=page.state.setText: (seen.append(text), say(text))  # type: ignore[method-assign]
    choose(page, str(tmp_path / "milvus.db"))
    press_move(page)
    wait_for(qtbot, lambda: page.state.text() == f"Searched in Milvus at “{tmp_path / 'milvus.db'}”.")
    assert any("vectors are in Milvus" in text and "found meanwhile" in text for text in seen)
    assert not page.progress.isVisible()
    assert not page.move_button.isVisible()
    assert (Settings.parse(fresh.library.settings.read_text("utf-8")) or Settings()).vector_store == "milvus"


def test_where_a_move_is_in_words() -> None:
    assert state(StoreStatus("", "/m.db", 1200, 5000)) == (
        "Moving: 1,200 of 5,000 vectors are in Milvus at “/m.db”. Everything is found meanwhile."
    )
    assert state(StoreStatus("/m.db", "", 1, 2, "It is away.")).endswith("meanwhile. It is away.")
    assert state(StoreStatus("", "", 2, 2)) == "Searched in this program. What was left behind is being deleted."
    assert sent("") == "Nothing is sent anywhere."
