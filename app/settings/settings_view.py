"""The settings, made from the engine's declarations: a field for each, kept at once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import wording
from app.bridge import Bridge
from app.controls import Label
from app.messages import Messages
from app.theme import SPACE_PX
from core import Settings, SettingSpec

_SILENCE_MS = 400
_MAX_INT = 2**31 - 1


class SettingsView(QDialog):
    """Every setting with its explanation. There is no OK: what is set counts."""

    def __init__(self, bridge: Bridge, settings: Settings, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._settings = settings
        self._messages = messages
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page = QWidget()
        form = QVBoxLayout(page)
        form.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 2 * SPACE_PX)
        form.setSpacing(2 * SPACE_PX)
        for spec in Settings.specs():
            if not spec.page:
                form.addWidget(self._make_setting(spec))
        form.addWidget(self._make_note())
        form.addStretch()
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self.resize(520, 560)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SILENCE_MS)
        self._silence.timeout.connect(self._keep)

    def _make_setting(self, spec: SettingSpec) -> QWidget:
        part = QWidget()
        field = self._make_field(spec)
        title = Label(spec.title, bold=True)
        title.setBuddy(field)
        description = Label(spec.description, dim=True)
        description.setWordWrap(True)
        field.setAccessibleName(spec.title)
        field.setAccessibleDescription(spec.description)
        field.setMinimumWidth(140)
        layout = QGridLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(3 * SPACE_PX)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(0, 1)
        layout.addWidget(title, 0, 0)
        layout.addWidget(description, 1, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(field, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
        return part

    def _make_field(self, spec: SettingSpec) -> QWidget:
        value = getattr(self._settings, spec.name)
        suffix = f" {spec.unit}" if spec.unit else ""
        if spec.choices:
            choice = QComboBox()
            choice.addItems(list(spec.choices))
            choice.setCurrentText(value)
            choice.currentTextChanged.connect(partial(self._change, spec))
            return choice
        if spec.kind is int:
            whole = QSpinBox()
            whole.setRange(int(spec.low or 0), int(spec.high if spec.high is not None else _MAX_INT))
            whole.setValue(value)
            whole.setSuffix(suffix)
            whole.valueChanged.connect(partial(self._change, spec))
            return whole
        if spec.kind is float:
            decimal = QDoubleSpinBox()
            decimal.setRange(spec.low or 0.0, spec.high if spec.high is not None else float(_MAX_INT))
            decimal.setDecimals(1)
            decimal.setValue(value)
            decimal.setSuffix(suffix)
            decimal.valueChanged.connect(partial(self._change, spec))
            return decimal
        line = QLineEdit(value)
        line.textEdited.connect(partial(self._change, spec))
        return line

    def _make_note(self) -> QWidget:
        engine = self._bridge.engine
        root = wording.safe(str(engine.library.root)) if engine is not None else ""
        note = Label(
            f"Numbers of processes, limits and the device count from the next start. Everything Likewise knows is "
            f"kept in {root}; deleting that folder deletes it all and none of your files.",
            dim=True,
        )
        note.setWordWrap(True)
        note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return note

    def _change(self, spec: SettingSpec, value: object) -> None:
        changed: Any = {spec.name: value}  # of the type that the setting's declaration says
        self._settings = replace(self._settings, **changed)
        self._silence.start()

    @Slot()
    def _keep(self) -> None:
        if self._bridge.engine is not None:
            kept = self._bridge.engine.change_settings(self._settings)
            self._bridge.call(kept, self._kept, self._messages.fail)

    def _kept(self, _nothing: None) -> None:
        """Nothing to say: the field shows it."""

    def done(self, result: int) -> None:
        if self._silence.isActive():
            self._silence.stop()
            self._keep()
        super().done(result)
