"""A setting with its explanation and the control that changes it, made from its declaration."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QLineEdit, QSpinBox, QWidget

from app.controls import Check, Label
from app.theme import SPACE_PX
from core import SettingSpec

_MAX_INT = 2**31 - 1


class SettingField(QWidget):
    """One setting.

    Attributes:
        control: what changes it.

    Signals:
        changed: the setting's name and its new value, of the type that its declaration says.
    """

    changed = Signal(str, object)

    def __init__(self, spec: SettingSpec, value: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control = self._make_control(spec, value)
        title: QWidget = control  # a check box says its title itself
        if not isinstance(control, QCheckBox):
            title = label = Label(spec.title, bold=True)
            label.setBuddy(control)
        description = Label(spec.description, dim=True, wraps=True)
        control.setAccessibleName(spec.title)
        control.setAccessibleDescription(spec.description)
        control.setMinimumWidth(140)
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(self)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(3 * SPACE_PX)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(0, 1)
        layout.addWidget(title, 0, 0)
        layout.addWidget(description, 1, 0, Qt.AlignmentFlag.AlignTop)
        if title is not control:
            layout.addWidget(control, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not self.control.hasFocus():
            event.ignore()  # who scrolls the page means the page
            return True
        return super().eventFilter(watched, event)

    def _make_control(self, spec: SettingSpec, value: object) -> QWidget:
        self._name = spec.name
        tell = partial(self.changed.emit, spec.name)
        if spec.kind is bool:
            check = Check(spec.title)
            font = check.font()
            font.setWeight(font.Weight.DemiBold)
            check.setFont(font)
            check.setChecked(bool(value))
            check.toggled.connect(tell)
            return check
        if spec.choices:
            choice = QComboBox()
            for each, title in spec.choices.items():
                choice.addItem(title, each)
            choice.setCurrentIndex(choice.findData(value))
            choice.currentIndexChanged.connect(self._tell_choice)
            return choice
        if spec.kind is str:
            line = QLineEdit(str(value))
            line.textEdited.connect(tell)
            return line
        number = QSpinBox() if spec.kind is int else QDoubleSpinBox()
        high = spec.high if spec.high is not None else _MAX_INT
        if isinstance(number, QDoubleSpinBox):
            number.setDecimals(1)
        number.setRange(spec.kind(spec.low or 0), spec.kind(high))
        number.setValue(spec.kind(value))
        number.setSuffix(f" {spec.unit}" if spec.unit else "")
        number.valueChanged.connect(tell)
        return number

    @Slot(int)
    def _tell_choice(self, place: int) -> None:
        control = self.control
        if isinstance(control, QComboBox):
            self.changed.emit(self._name, control.itemData(place))
