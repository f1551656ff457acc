"""The settings: a list of pages at one side, the page at the other. What is set is kept at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from app.controls import Line
from app.folders.folders_model import ROW_ROLE, Place, Row
from app.folders.row_delegate import RowDelegate
from app.messages import Messages
from app.models.models_model import ModelsModel
from app.models.models_view import ModelsView
from app.settings.backups_view import BackupsView
from app.settings.exclusions_view import ExclusionsView
from app.settings.fields import SettingField
from app.settings.pages import PageColumn, SettingsPage, make_note, make_privacy
from app.settings.store_view import StoreView
from app.settings.watching_view import WatchingView
from app.theme import SPACE_PX
from core import Settings, SettingSpec

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
        self._messages = messages
        self._shown = engine.settings
        self._changes: dict[str, Any] = {}
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.models = ModelsView(models)
        self.list = QListWidget()
        self._pages = QStackedWidget()
        makers: dict[SettingsPage, Callable[[], list[QWidget]]] = {
            SettingsPage.MODELS: self._make_models,
            SettingsPage.FOLDERS: self._make_folders,
            SettingsPage.PERFORMANCE: lambda: self._make_fields(SettingsPage.PERFORMANCE),
            SettingsPage.PRIVACY: lambda: [*make_privacy(engine.library.root), BackupsView(bridge, messages)],
            SettingsPage.ADVANCED: self._make_advanced,
        }
        for page, make in makers.items():
            item = QListWidgetItem(page.capitalize(), self.list)
            item.setData(ROW_ROLE, Row(Place.ALL, item.text(), page))
            self._pages.addWidget(PageColumn(page.capitalize(), make()))
        self._arrange()
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SILENCE_MS)
        self._silence.timeout.connect(self._keep)
        self.show_page(SettingsPage.MODELS)

    def show_page(self, page: SettingsPage) -> None:
        """Turns to a page."""
        self.list.setCurrentRow(list(SettingsPage).index(page))

    def _arrange(self) -> None:
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setMouseTracking(True)
        self.list.setFixedWidth(_LIST_PX)
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
        layout.addWidget(self._pages, 1)
        self.resize(_SIZE)
        self.list.setFocus()

    def _make_fields(self, page: SettingsPage) -> list[QWidget]:
        specs = [spec for spec in Settings.specs() if spec.page == page and spec.name not in _MOVED]
        fields = [self._make_field(spec) for spec in specs]
        return [*fields, make_note(_LATER[page])]

    def _make_advanced(self) -> list[QWidget]:
        return [*self._make_fields(SettingsPage.ADVANCED), StoreView(self._bridge, self._messages)]

    def _make_models(self) -> list[QWidget]:
        device = next(spec for spec in Settings.specs() if spec.name == _DEVICE)
        return [self._make_field(device), self.models]

    def _make_folders(self) -> list[QWidget]:
        specs = {spec.name: spec for spec in Settings.specs() if spec.page == SettingsPage.FOLDERS}
        exclusions = ExclusionsView(specs.pop(_EXCLUDE), self._bridge, self._messages)
        sizes = [self._make_field(spec) for spec in specs.values()]
        return [exclusions, *sizes, make_note(_LATER[SettingsPage.FOLDERS]), WatchingView(self._bridge)]

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
            self._bridge.call(kept, self._kept, self._messages.fail)

    def _kept(self, _nothing: None) -> None:
        """Nothing to say: the field shows it."""

    def done(self, result: int) -> None:
        if self._silence.isActive():
            self._silence.stop()
            self._keep()
        super().done(result)
