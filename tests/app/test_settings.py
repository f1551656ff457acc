"""The settings' pages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.messages import Banner
from app.settings.fields import SettingField
from app.settings.pages import PageColumn, SettingsPage, what_leaves
from app.settings.settings_view import SettingsView
from app.window import Window
from core import Engine, Settings
from tests.app.conftest import WAIT_S
from tests.app.hands import wait_for

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs


@pytest.fixture
def dialog(qtbot: QtBot, window: Window) -> SettingsView:
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    wait_for(qtbot, lambda: "starter" in dialog.models.rows)
    return dialog


def shown(dialog: SettingsView) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel) if label.isVisibleTo(dialog)]


def test_the_keyboard_walks_through_the_pages(dialog: SettingsView, indexed: Engine) -> None:
    seen = []
    for _ in range(5):
        seen.append(shown(dialog))
        QTest.keyClick(dialog.list, Qt.Key.Key_Down)
    models, folders, performance, privacy, advanced = seen
    assert "What is said" in models
    assert "Leave out" in folders
    assert "Batch size" in performance
    assert any(str(indexed.library.root) in text for text in privacy)
    assert "Most pixels" in advanced


def test_every_setting_is_on_a_page_or_among_the_models(dialog: SettingsView) -> None:
    titles = {part.text() for kind in (QLabel, QCheckBox) for part in dialog.findChildren(kind)}
    chosen_by_rows = {spec.title for spec in Settings.specs() if spec.name.endswith("_model")}
    assert {spec.title for spec in Settings.specs()} - chosen_by_rows <= titles


def test_tab_leads_from_the_pages_to_the_models_and_brings_them_into_sight(dialog: SettingsView) -> None:
    dialog.activateWindow()
    dialog.list.setFocus()
    reached: list[QWidget] = []
    for _ in range(60):
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        widget = dialog.focusWidget()
        assert widget is not None
        reached.append(widget)
        if widget is dialog.models.hub_id:
            break
    assert dialog.models.hub_id in reached
    assert not dialog.models.hub_id.visibleRegion().isEmpty()
    downloads = [widget.text() for widget in reached if isinstance(widget, QAbstractButton)]
    sizes = ["Download 610 MB", "Download 1.7 GB", "Download 815 MB", "Download 103 MB"]
    assert [text for text in downloads if text in sizes] == sizes, "from top to bottom"


def test_whatever_can_be_changed_has_a_name_of_its_own(dialog: SettingsView) -> None:
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QListWidget)
    controls = [widget for kind in kinds for widget in dialog.findChildren(kind) if widget.objectName()[:3] != "qt_"]
    offered = [widget for widget in controls if widget.isVisibleTo(widget.parentWidget())]
    names = [widget.accessibleName() for widget in offered if not isinstance(widget.parentWidget(), Banner)]
    assert len(names) > 20
    assert all(names)
    assert len(set(names)) == len(names)


def test_the_wheel_scrolls_the_page_and_changes_no_setting(qtbot: QtBot, dialog: SettingsView, indexed: Engine) -> None:
    before = indexed.settings
    dialog.show_page(SettingsPage.PERFORMANCE)
    dialog.resize(700, 240)
    page = next(page for page in dialog.findChildren(PageColumn) if page.isVisible())
    fields = [field for field in page.findChildren(SettingField) if not isinstance(field.control, QCheckBox)]
    assert len(fields) >= 4
    wait_for(qtbot, lambda: page.verticalScrollBar().maximum() > 0)
    for field in fields:
        page.ensureWidgetVisible(field.control)
        before_px = page.verticalScrollBar().value()
        place = field.control.mapTo(dialog, field.control.rect().center())
        QTest.wheelEvent(dialog.windowHandle(), place, QPoint(0, 120 if before_px else -120))
        wait_for(qtbot, lambda: page.verticalScrollBar().value() != before_px)  # noqa: B023 - waited for here
        assert not field.control.hasFocus()
    dialog.done(0)
    assert indexed.settings == before


def test_a_click_on_a_title_sets_it_and_choices_have_words(qtbot: QtBot, dialog: SettingsView, indexed: Engine) -> None:
    dialog.show_page(SettingsPage.PERFORMANCE)
    (mains,) = (box for box in dialog.findChildren(QCheckBox) if box.text() == "Only on mains power")
    words = QPoint(mains.fontMetrics().horizontalAdvance(mains.text()) - 10, mains.height() // 2)
    try:
        QTest.mouseClick(mains, Qt.MouseButton.LeftButton, pos=words)
        (device,) = (box for box in dialog.findChildren(QComboBox) if box.accessibleName() == "Compute device")
        assert [device.itemText(place) for place in range(2)] == ["Automatic", "Processor"]
        QTest.keyClick(device, Qt.Key.Key_Down)
        wait_for(qtbot, lambda: indexed.settings.only_on_mains and indexed.settings.device == "cpu")
    finally:
        before = replace(indexed.settings, only_on_mains=False, device="auto")
        indexed.change_settings(before).result(WAIT_S)
    raw = {value for spec in Settings.specs() for value in spec.choices}
    titles = {box.itemText(place) for box in dialog.findChildren(QComboBox) for place in range(box.count())}
    assert titles
    assert not titles & raw
    assert all(spec.description[:1].isupper() for spec in Settings.specs())


def test_what_leaves_the_computer_is_said_as_it_is() -> None:
    for here, there in (("", None), ("/data/vectors.db", None), ("", "/data/vectors.db")):
        assert what_leaves(here, there).startswith("Nothing of yours leaves this computer.")
    for here, there in (("https://milvus.example", None), ("", "http://10.0.0.5:19530"), ("http://10.0.0.5:19530", "")):
        text = what_leaves(here, there)
        assert text.startswith("What is needed to search there is sent to the Milvus server at “http")
        assert "Nothing of yours" not in text


def test_enter_in_a_number_presses_no_button(dialog: SettingsView) -> None:
    pressed: list[str] = []
    dialog._messages.note("Went back to your folders and settings.", "Undo", lambda: pressed.append("undo"))
    dialog.show_page(SettingsPage.PERFORMANCE)
    (size,) = (box for box in dialog.findChildren(QSpinBox) if box.accessibleName() == "Batch size")
    size.setFocus()
    QTest.keyClick(size, Qt.Key.Key_Return)
    assert pressed == []
    QTest.mouseClick(dialog.note.button, Qt.MouseButton.LeftButton)
    assert pressed == ["undo"]
    size.setFocus()
    assert [button.text() for button in dialog.findChildren(QPushButton) if button.isDefault()] == []
