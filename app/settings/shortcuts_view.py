"""The sheet of shortcuts, made from the table of actions."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.actions import ACTIONS, ActionSpec
from app.controls import Label
from app.theme import SPACE_PX

_MORE = (
    ("Results", "Walk through the results", "Arrows, Home, End, Page Up, Page Down"),
    ("Results", "Select several", "Shift or Ctrl with arrows or mouse"),
    ("Results", "Walk through the moments in quick look", "Shift with left or right"),
    ("Library", "Remove a folder", "Delete in the sidebar"),
    ("View", "Zoom", "Ctrl with the wheel"),
)


class ShortcutsView(QDialog):
    """What each key does, in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX)
        columns.setSpacing(5 * SPACE_PX)
        left, right = QVBoxLayout(), QVBoxLayout()
        for place, (section, specs) in enumerate(groupby(ACTIONS, key=_section)):
            (left if place < 2 else right).addLayout(_make_section(section, list(specs)))
        for column in (left, right):
            column.setSpacing(2 * SPACE_PX)
            column.addStretch()
            columns.addLayout(column)


def _section(spec: ActionSpec) -> str:
    return spec.section


def _make_section(section: str, specs: list[ActionSpec]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * SPACE_PX)
    grid.setVerticalSpacing(6)
    grid.addWidget(Label(section, bold=True), 0, 0, 1, 2)
    lines = [(spec.text.rstrip("…"), _keys(spec)) for spec in specs]
    lines += [(text, keys) for name, text, keys in _MORE if name == section]
    for row, (text, keys) in enumerate(lines, start=1):
        grid.addWidget(Label(text), row, 0)
        shown = Label(keys, dim=True)
        shown.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(shown, row, 1)
    grid.setColumnStretch(0, 1)
    return grid


def _keys(spec: ActionSpec) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    shown = dict.fromkeys(QKeySequence(key).toString(native).replace("Return", "Enter") for key in spec.keys)
    return " or ".join(shown)
