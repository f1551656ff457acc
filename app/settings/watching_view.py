"""What is not taken in of each watched folder, and where changes are not noticed at once, with what to do about it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import Button, Label
from app.folders.remarks import skipped_lines, unwatched_line
from app.theme import SPACE_PX
from core import Event, Folder, FoldersChanged, Unwatched, WatchingChanged


class WatchingView(QWidget):
    """Follows the engine."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.skipped = Label(wraps=True)
        self._remarks = QVBoxLayout()
        self._remarks.setSpacing(SPACE_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(Label("Not taken in", bold=True))
        layout.addWidget(self.skipped)
        layout.addWidget(Label("Live watching", bold=True))
        layout.addLayout(self._remarks)
        bridge.happened.connect(self._hear)
        self._ask()
        if bridge.engine is not None:
            self._show_unwatched(bridge.engine.unwatched)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, FoldersChanged):
            self._ask()
        elif isinstance(event, WatchingChanged):
            self._show_unwatched(event.unwatched)

    def _ask(self) -> None:
        if (engine := self._bridge.engine) is not None:
            self._bridge.call(engine.folders(), self._show, lane="not taken in")

    def _show(self, folders: list[Folder]) -> None:
        lines = [
            f"{wording.place_of(folder.path)}: {'; '.join(skipped_lines(folder))}"
            for folder in folders
            if folder.skipped
        ]
        self.skipped.setText("\n".join(lines) or "Every photo, sound and video in the watched folders is taken in.")

    def _show_unwatched(self, unwatched: tuple[Unwatched, ...]) -> None:
        while (item := self._remarks.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for remark in unwatched or [None]:
            self._remarks.addWidget(_Remark(remark))


class _Remark(QWidget):
    """Why not all changes in a folder are noticed at once, and the command that mends it, to be copied."""

    def __init__(self, unwatched: Unwatched | None) -> None:
        super().__init__()
        text = Label("Changes are noticed at once." if unwatched is None else unwatched_line(unwatched), wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(text)
        if unwatched is None or not unwatched.remedy:
            return
        how = Label(
            "This command allows more; type it into a terminal. Likewise notices by itself.", dim=True, wraps=True
        )
        name = wording.name_of(unwatched.path)
        command = QLineEdit(unwatched.remedy)
        command.setReadOnly(True)
        command.setCursorPosition(0)
        command.setAccessibleName(f"Command that lets more folders be watched, for {name}")
        copy = Button("Copy", icon_name="copy")
        copy.setAccessibleName(f"Copy the command, for {name}")
        copy.clicked.connect(_Copier(unwatched.remedy, self).copy)
        row = QHBoxLayout()
        row.addWidget(command, 1)
        row.addWidget(copy)
        layout.addWidget(how)
        layout.addLayout(row)


class _Copier(QObject):
    """Puts a text on the clipboard."""

    def __init__(self, text: str, parent: QObject) -> None:
        super().__init__(parent)
        self._text = text

    @Slot()
    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
