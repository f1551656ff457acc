"""What other libraries on the same server have: a list below the results, of things that cannot be opened here."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.controls import Label, Line
from app.icons import KIND_ICONS, icon
from app.theme import SPACE_PX
from core import Answer, Other

_ICON_PX = 32
_MOST_ROWS = 3
_TITLE = "In other libraries"


class OthersView(QWidget):
    """Apart from the results, so that nothing that is done with these can touch what is not there.

    Hidden while there is nothing to show.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._covered = False
        self.title = Label(bold=True)
        self.note = Label(dim=True, wraps=True)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.list.setAccessibleName(_TITLE)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setVerticalScrollBar(SlimScrollBar(QPalette.ColorRole.Base))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.title.setBuddy(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(Line())
        inner = QVBoxLayout()
        inner.setContentsMargins(2 * SPACE_PX, 0, 2 * SPACE_PX, 0)
        inner.setSpacing(SPACE_PX // 2)
        for part in (self.title, self.note, self.list):
            inner.addWidget(part)
        layout.addLayout(inner)
        self.hide()

    @Slot(object)
    def show_answer(self, answer: Answer) -> None:
        """Shows what others have that answers, and why they could not be asked."""
        others = answer.others
        chosen = self.list.currentRow()
        self.title.setText(f"{_TITLE} · {wording.number(len(others))}" if others else _TITLE)
        self.note.setText(wording.safe(answer.others_note))
        self.note.setVisible(bool(answer.others_note))
        self.list.clear()
        for other in others:
            self._add(other)
        self.list.setVisible(bool(others))
        if others:
            self.list.setCurrentRow(min(chosen, len(others) - 1))
            row_px = self.list.sizeHintForRow(0)
            self.list.setFixedHeight(min(len(others), _MOST_ROWS) * row_px + 2 * self.list.frameWidth())
        self._show()

    @Slot()
    def clear(self) -> None:
        """There is no answer."""
        self.list.clear()
        self.note.clear()
        self._show()

    @Slot(bool)
    def cover(self, covered: bool) -> None:
        """Whether something else is shown than results."""
        self._covered = covered
        self._show()

    def _add(self, other: Other) -> None:
        name, where = wording.isolated(wording.safe(other.name)), place_of(other)
        item = QListWidgetItem(icon(KIND_ICONS[other.kind]), f"{name}\n{where}", self.list)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        item.setToolTip(wording.tip([name, where]))
        said = (name, wording.kind_name(other.kind), f"{other.strength} match", where)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(said))

    def _show(self) -> None:
        self.setVisible(not self._covered and bool(self.list.count() or self.note.text()))


def place_of(other: Other) -> str:
    """Where a file of another library is, and what can be done about it."""
    library = wording.isolated(wording.safe(other.library))
    return f"in the library “{library}” on another computer: open it there"
