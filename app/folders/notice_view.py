"""The line over the results that asks about a folder that is not what it was. It waits; nothing depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import wording
from app.controls import Button, Label, Line
from app.folders.folders_model import FoldersModel
from app.theme import SPACE_PX
from app.whereabouts import name_of_away
from core import Folder, FolderState


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be decided about a folder: in words, and what the buttons say. Without `other` there is one way.

    With `look`, the files that it is about can be looked at first.
    """

    folder: Folder
    text: str
    way: str
    other: str = ""
    look: str = ""


def matter_of(folder: Folder) -> Matter | None:
    """What the user is asked about a folder, if anything."""
    name = f"“{wording.name_of(folder.path)}”"
    if folder.state is FolderState.CHANGED and folder.away is not None:
        return Matter(
            folder,
            f"Something else is where {name_of_away(folder.away)} was. Nothing of it is forgotten: it will be there"
            " again when it is back.",
            "Use what is there now",
        )
    if folder.asks:
        files, one = wording.count(folder.asks, "file"), folder.asks == 1
        return Matter(
            folder,
            f"{files} of {name} {'has' if one else 'have'} not been there for a month. What Likewise knows of"
            f" {'it' if one else 'them'} is kept until you say otherwise.",
            "Keep it",
            "Forget it" if one else "Forget them",
            "Show it" if one else "Show them",
        )
    return None


class NoticeView(QWidget):
    """Shows the first matter there is, in the order of the folders.

    Signals:
        accepted: the Folder that is to be taken for what it is now.
        settled: the Folder, and whether what is known of its lost files is kept.
        looked: the lost files that are asked about are to be shown.
    """

    accepted = Signal(object)
    settled = Signal(object, bool)
    looked = Signal()

    def __init__(self, model: FoldersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._matter: Matter | None = None
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAccessibleName("A folder has changed")
        self.text = Label(wraps=True)
        self.way = Button("")
        self.other = Button("", flat=True)
        self.look = Button("", flat=True)
        self.way.clicked.connect(self._go)
        self.look.clicked.connect(self.looked)
        self.other.clicked.connect(self._go_other)
        row = QHBoxLayout()
        row.setContentsMargins(2 * SPACE_PX, SPACE_PX, 2 * SPACE_PX, SPACE_PX)
        row.setSpacing(SPACE_PX)
        row.addWidget(self.text, 1)
        row.addWidget(self.look)
        row.addWidget(self.other)
        row.addWidget(self.way)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(Line())
        model.updated.connect(self._renew)
        self.hide()

    @Slot()
    def _renew(self) -> None:
        matters: list[Matter] = [matter for folder in self._model.folders if (matter := matter_of(folder))]
        self._matter = matters[0] if matters else None
        if self._matter is not None:
            self.text.setText(self._matter.text)
            matter = self._matter
            for button, words in ((self.way, matter.way), (self.other, matter.other), (self.look, matter.look)):
                button.setText(words)
                button.setAccessibleDescription(self._matter.text)
                button.setVisible(bool(words))
        self.setVisible(self._matter is not None)

    @Slot()
    def _go(self) -> None:
        if self._matter is None:
            return
        if self._matter.other:
            self.settled.emit(self._matter.folder, True)
        else:
            self.accepted.emit(self._matter.folder)

    @Slot()
    def _go_other(self) -> None:
        if self._matter is not None:
            self.settled.emit(self._matter.folder, False)
