"""Backups in the settings: which there are, one more now, and going back to one."""

from __future__ import annotations

from dataclasses import asdict

from PySide6.QtCore import QDateTime, QLocale, Signal, Slot
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import Button, Label
from app.flow import FlowRow
from app.folders.folders_model import ROW_ROLE, Place, Row
from app.folders.row_delegate import RowDelegate
from app.messages import Messages
from app.theme import SPACE_PX
from core import Backup, Settings

_MOST_ROWS = 5
_NAMED = 4


class BackupsView(QWidget):
    """The list, newest first.

    Signals:
        chosen: the Backup to go back to.
    """

    chosen = Signal(object)

    def __init__(self, bridge: Bridge, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._messages = messages
        self._backups: list[Backup] = []
        title = Label("Backups", bold=True)
        explanation = Label(
            "Your folders and settings, kept by themselves every half hour of use in which they changed. What was "
            "understood of your files is not among them: it can be had from the files again.",
            dim=True,
            wraps=True,
        )
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setMouseTracking(True)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setAccessibleName(title.text())
        self.list.setAccessibleDescription(explanation.text())
        self.list.currentRowChanged.connect(self._offer)
        self.restore_button = Button("Go back to this")
        self.restore_button.setAccessibleName("Go back to the chosen backup")
        self.restore_button.clicked.connect(self._restore)
        self.create_button = Button("Back up now")
        self.create_button.setAccessibleName("Back up your folders and settings now")
        self.create_button.clicked.connect(self._create)
        buttons = FlowRow(spacing_px=SPACE_PX)
        buttons.flow.addWidget(self.restore_button)
        buttons.flow.addWidget(self.create_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        for part in (title, explanation, self.list, buttons):
            layout.addWidget(part)
        self._offer()
        self._ask()

    def _ask(self) -> None:
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.backups.all(), self._show, self._messages.fail, lane="backups")

    def _show(self, backups: list[Backup]) -> None:
        kept = self._chosen()
        self._backups = backups
        self.list.clear()
        for backup, older in zip(backups, [*backups, None][1:], strict=True):
            item = QListWidgetItem(described(backup, older), self.list)
            item.setData(ROW_ROLE, Row(Place.ALL, item.text(), "undo"))
            item.setToolTip(wording.tip([item.text()]))
        self.list.setFixedHeight(self.list.sizeHintForRow(0) * min(len(backups), _MOST_ROWS) if backups else 0)
        numbers = [backup.number for backup in backups]
        self.list.setCurrentRow(numbers.index(kept.number) if kept is not None and kept.number in numbers else 0)

    def _chosen(self) -> Backup | None:
        row = self.list.currentRow()
        return self._backups[row] if 0 <= row < len(self._backups) else None

    @Slot()
    def _offer(self) -> None:
        self.restore_button.setEnabled(self._chosen() is not None)

    @Slot()
    def _create(self) -> None:
        if self._bridge.engine is not None:
            self._bridge.call(self._bridge.engine.backups.create(), self._created, self._messages.fail)

    def _created(self, _backup: Backup) -> None:
        self._ask()

    @Slot()
    def _restore(self) -> None:
        backup = self._chosen()
        if backup is not None:
            self.chosen.emit(backup)


def when(backup: Backup) -> str:
    """ "Today, 14:30"; "24 November 2026, 09:15"."""
    made = QDateTime.fromSecsSinceEpoch(int(backup.made_at))
    days = made.date().daysTo(QDateTime.currentDateTime().date())
    day = {0: "Today", 1: "Yesterday"}.get(days) or QLocale().toString(made.date(), "d MMMM yyyy")
    return f"{day}, {QLocale().toString(made.time(), 'HH:mm')}"


def described(backup: Backup, older: Backup | None) -> str:
    """When it was made, the folders in it, and how its settings differ from those of the one before."""
    names = [f"“{wording.name_of(folder)}”" for folder in backup.folders[:_NAMED]]
    more = len(backup.folders) - len(names)
    names += [f"{wording.number(more)} more"] if more else []
    parts = [when(backup), ", ".join(names) or "no folders"]
    changed = [] if older is None else _changed(backup, older)
    if changed:
        parts.append(f"other settings: {', '.join(changed)}")
    return " · ".join(parts)


def _changed(backup: Backup, older: Backup) -> list[str]:
    now, then = (asdict(Settings.parse(each.settings) or Settings()) for each in (backup, older))
    return [spec.title for spec in Settings.specs() if now[spec.name] != then[spec.name]]
