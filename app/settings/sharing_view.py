"""Whether the libraries on one server are found in one another, in the settings, and as what this one is seen."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import cast

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from app.bridge import Bridge
from app.messages import Messages
from app.settings.fields import SettingField
from app.theme import SPACE_PX
from core import Settings

_WIDE_PX = 300
_SILENCE_MS = 400
_LONGEST_TITLE = 80


class SharingView(QWidget):
    """What is chosen counts at once.

    Signals:
        changed: something else is chosen.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._messages = messages
        specs = {spec.name: spec for spec in Settings.specs()}
        now = Settings() if bridge.engine is None else bridge.engine.settings
        shares = SettingField(specs["shared_search"], now.shared_search)
        called = SettingField(specs["shared_as"], now.shared_as)
        self.shared, self.called = cast("QCheckBox", shares.control), cast("QLineEdit", called.control)
        self.called.setPlaceholderText(platform.node())
        self.called.setMaxLength(_LONGEST_TITLE)
        self.called.setMinimumWidth(_WIDE_PX)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SILENCE_MS)
        self._silence.timeout.connect(self._keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        for field in (shares, called):
            layout.addWidget(field)
            field.changed.connect(self._change)

    def set_available(self, available: bool) -> None:
        """Whether there is a server with others on it."""
        self.shared.setEnabled(available)
        self.called.setEnabled(available and self.shared.isChecked())

    def chosen(self, settings: Settings) -> Settings:
        """A copy of `settings` with what is chosen here."""
        return replace(settings, shared_search=self.shared.isChecked(), shared_as=self.called.text().strip())

    def hideEvent(self, event: QHideEvent) -> None:
        if self._silence.isActive():
            self._silence.stop()
            self._keep()
        super().hideEvent(event)

    @Slot(str, object)
    def _change(self, _name: str, _value: object) -> None:
        self._silence.start()
        self.changed.emit()

    @Slot()
    def _keep(self) -> None:
        if (engine := self._bridge.engine) is not None:
            kept = engine.change_settings(self.chosen(engine.settings))
            self._bridge.call(kept, failure=self._messages.fail)
