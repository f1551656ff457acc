"""The settings: a list of pages at one side, the page at the other. What is set is kept at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.bridge import Bridge
from app.controls import Label, Line, letters_px
from app.folders.folders_model import ROW_ROLE, Place, Row
from app.folders.row_delegate import RowDelegate
from app.messages import Banner, Messages
from app.models.models_model import ModelsModel
from app.models.models_view import ModelsView
from app.settings.backups_view import BackupsView, when
from app.settings.exclusions_view import ExclusionsView
from app.settings.fields import SettingField
from app.settings.pages import PageColumn, SettingsPage, make_privacy
from app.settings.store_view import StoreView
from app.settings.watching_view import WatchingView
from app.theme import SPACE_PX
from core import Backup, Settings, SettingSpec

if TYPE_CHECKING:
    from core import Engine

_SILENCE_MS = 400
_SIZE = QSize(860, 640)
_LIST_PX = 168
_DEVICE = "device"
_EXCLUDE = "exclude"
_MOVED = ("vector_store", "milvus_uri", "shared_search", "shared_as")
_LATER = {
    SettingsPage.FOLDERS: "The largest sizes count from the next start.",
    SettingsPage.PERFORMANCE: "The batch size counts from the next start, all else at once.",
    SettingsPage.ADVANCED: "These count from the next start.",
}


class SettingsView(QDialog):
    """Every setting with its explanation. There is no OK: what is set counts."""

    def __init__(
        self, bridge: Bridge, engine: Engine, models: ModelsModel, messages: Messages, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._engine = engine
        self._models = models
        self._outer = messages
        self._messages = Messages(self)  # what is said in the window stands behind the settings
        self._messages.bug_found.connect(messages.bug_found)
        self._changes: dict[str, Any] = {}
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.banner = Banner(self._messages, stays=True)
        self.note = Banner(self._messages, stays=False)
        self.list = QListWidget()
        self._pages = QStackedWidget()
        for page in SettingsPage:
            item = QListWidgetItem(page.capitalize(), self.list)
            item.setData(ROW_ROLE, Row(Place.ALL, item.text(), page))
        self._arrange()
        self._fill()
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SILENCE_MS)
        self._silence.timeout.connect(self._keep)
        self.show_page(SettingsPage.MODELS)

    def show_page(self, page: SettingsPage) -> None:
        """Turns to a page."""
        self.list.setCurrentRow(list(SettingsPage).index(page))

    def _fill(self) -> None:
        """Makes all pages, of the settings as they are now."""
        self._shown = self._engine.settings
        self.models = ModelsView(self._models)
        self.backups = BackupsView(self._bridge, self._messages)
        self.backups.chosen.connect(self._restore)
        parts: dict[SettingsPage, list[QWidget]] = {
            SettingsPage.MODELS: self._make_models(),
            SettingsPage.FOLDERS: self._make_folders(),
            SettingsPage.PERFORMANCE: self._make_fields(SettingsPage.PERFORMANCE),
            SettingsPage.PRIVACY: [*make_privacy(self._bridge, self._engine), self.backups],
            SettingsPage.ADVANCED: self._make_advanced(),
        }
        while (former := self._pages.widget(0)) is not None:
            self._pages.removeWidget(former)
            former.deleteLater()
        for page in SettingsPage:
            self._pages.addWidget(PageColumn(page.capitalize(), parts[page]))
        self._pages.setCurrentIndex(max(0, self.list.currentRow()))

    def _arrange(self) -> None:
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setMouseTracking(True)
        self.list.setFixedWidth(max(_LIST_PX, letters_px(self.list, 18)))
        self.list.setAccessibleName("Pages")
        self.list.viewport().setAutoFillBackground(False)
        self.list.currentRowChanged.connect(self._pages.setCurrentIndex)
        side = QVBoxLayout()
        side.setContentsMargins(0, SPACE_PX, 0, SPACE_PX)
        side.addWidget(self.list)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(side)
        layout.addWidget(Line(Qt.Orientation.Vertical))
        column = QVBoxLayout()
        column.setSpacing(0)
        for part in (self.banner, self.note, self._pages):
            column.addWidget(part, 1 if part is self._pages else 0)
        layout.addLayout(column, 1)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self.list.setFocus()

    def _make_fields(self, page: SettingsPage) -> list[QWidget]:
        specs = [spec for spec in Settings.specs() if spec.page == page and spec.name not in _MOVED]
        fields = [self._make_field(spec) for spec in specs]
        return [*fields, Label(_LATER[page], dim=True, wraps=True)]

    def _make_advanced(self) -> list[QWidget]:
        return [*self._make_fields(SettingsPage.ADVANCED), StoreView(self._bridge, self._messages)]

    def _make_models(self) -> list[QWidget]:
        device = next(spec for spec in Settings.specs() if spec.name == _DEVICE)
        return [self._make_field(device), self.models]

    def _make_folders(self) -> list[QWidget]:
        specs = {spec.name: spec for spec in Settings.specs() if spec.page == SettingsPage.FOLDERS}
        exclusions = ExclusionsView(specs.pop(_EXCLUDE), self._bridge, self._messages)
        sizes = [self._make_field(spec) for spec in specs.values()]
        return [
            exclusions,
            *sizes,
            Label(_LATER[SettingsPage.FOLDERS], dim=True, wraps=True),
            WatchingView(self._bridge),
        ]

    def _make_field(self, spec: SettingSpec) -> QWidget:
        field = SettingField(spec, getattr(self._shown, spec.name))
        field.changed.connect(self._change)
        return field

    @Slot(str, object)
    def _change(self, name: str, value: object) -> None:
        self._changes[name] = value
        self._silence.start()

    @Slot()
    def _keep(self) -> None:
        engine, changes, self._changes = self._bridge.engine, self._changes, {}
        if engine is not None:  # only what was changed here: the models that are used may be others meanwhile
            kept = engine.change_settings(replace(engine.settings, **changes))
            self._bridge.call(kept, failure=self._messages.fail)

    @Slot(object)
    def _restore(self, backup: Backup) -> None:
        """Goes back to a backup. It does not ask: one of how it was before undoes it."""
        self._go_back(backup, partial(self._restored, backup))

    def _restored(self, backup: Backup, before: Backup) -> None:
        text = f"Went back to your folders and settings of {when(backup)}."
        self._messages.note(text, "Undo", partial(self._go_back, before, self._undone))
        self._show_anew()

    def _undone(self, _before: Backup) -> None:
        self._messages.note("Your folders and settings are again as they were.")
        self._show_anew()

    def _go_back(self, backup: Backup, done: Callable[[Backup], None]) -> None:
        self._keep_now()
        self._bridge.call(self._engine.backups.restore(backup.number), done, self._messages.fail)

    def _show_anew(self) -> None:
        was_here = self._pages.isAncestorOf(self.focusWidget() or self)
        self._fill()
        if was_here:
            self.backups.list.setFocus()

    def _keep_now(self) -> None:
        if self._silence.isActive():
            self._silence.stop()
            self._keep()

    def done(self, result: int) -> None:
        self._messages.said.connect(self._outer.said)  # what is said from now on would not be seen here
        self._keep_now()
        super().done(result)
