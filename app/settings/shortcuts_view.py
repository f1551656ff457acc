"""The sheet of shortcuts, made from the table of actions."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import ACTIONS, ActionSpec
from app.bars import SlimScrollBar
from app.controls import Button, letters_px
from app.theme import SPACE_PX

_LETTERS, _HIGH_PX = 96, 640
_MORE = (
    ("Ask", "Remove the last chip, in an empty field", "Backspace"),
    ("Ask", "Ask for more or for less like it, on a chip", "+ or −"),
    ("Ask", "Remove a chip, on it", "Delete"),
    ("Results", "Walk through the results", "Arrows, Home, End, Page Up and Down"),
    ("Results", "Select several", "Shift or Ctrl with arrows or mouse"),
    ("Results", "Walk through the moments in quick look", "Shift with left or right"),
    ("Library", "Remove a folder, in the sidebar", "Delete"),
    ("View", "Zoom", "Ctrl with the wheel"),
)


class ShortcutsView(QDialog):
    """What each key does: one list to walk through, by section."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setItemsExpandable(False)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setVerticalScrollBar(SlimScrollBar())
        self.list.setAccessibleName(self.windowTitle())
        for section, specs in groupby(ACTIONS, key=_section):
            self._add_section(section, list(specs))
        self.list.expandAll()
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        close = Button("Close", primary=True)
        close.clicked.connect(self.accept)
        bottom = QHBoxLayout()
        bottom.addStretch()
        bottom.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        layout.setSpacing(2 * SPACE_PX)
        layout.addWidget(self.list, 1)
        layout.addLayout(bottom)
        self.resize(QSize(letters_px(self, _LETTERS), _HIGH_PX).boundedTo(self.screen().availableSize()))
        self.list.setCurrentIndex(self.list.model().index(0, 0))
        self.list.setFocus()

    def _add_section(self, section: str, specs: list[ActionSpec]) -> None:
        heading = QTreeWidgetItem(self.list, [section])
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        heading.setFont(0, font)
        heading.setSizeHint(0, QSize(0, self.fontMetrics().height() + 2 * SPACE_PX))
        heading.setFirstColumnSpanned(True)
        lines = [(spec.text.rstrip("…"), _keys(spec)) for spec in specs]
        lines += [(text, keys) for name, text, keys in _MORE if name == section]
        for text, keys in lines:
            line = QTreeWidgetItem(heading, [text, keys])
            line.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{text}: {keys}")
            line.setSizeHint(0, QSize(0, self.fontMetrics().height() + SPACE_PX))
            line.setTextAlignment(1, Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)


def _section(spec: ActionSpec) -> str:
    return spec.section


def _keys(spec: ActionSpec) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    shown = dict.fromkeys(QKeySequence(key).toString(native).replace("Return", "Enter") for key in spec.keys)
    return " or ".join(shown)
