"""The line at the bottom: what is being done and how long it will take, else why nothing is, or how much there is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import wording
from app.bars import SlimProgress
from app.controls import Button, IconButton, Label, set_tip
from app.theme import SPACE_PX
from core import Activity, PauseReason, Progress

_HEIGHT_PX = 36
_BAR_PX = 96
_PAUSED = {
    PauseReason.USER: "Paused by you",
    PauseReason.CRASHES: "Paused: Likewise ended unexpectedly",
    PauseReason.BATTERY: "Paused: on battery",
    PauseReason.BUSY: "Paused: other programs are busy",
}
_AT_WORK = {Activity.SCANNING, Activity.INDEXING, Activity.LISTENING, Activity.PAUSED}


class StatusLine(QWidget):
    """Progress with Pause and Stop while there is work; always there, so that nothing above it jumps.

    Signals:
        pause_asked, resume_asked, cancel_asked: the buttons.
    """

    pause_asked = Signal()
    resume_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._progress = Progress()
        self._resting = ""
        self.setFixedHeight(max(_HEIGHT_PX, self.fontMetrics().height() + 16))
        self._bar = SlimProgress()
        self._bar.setFixedWidth(_BAR_PX)
        self._bar.setAccessibleName("Progress")
        self.text = Label(dim=True, elide=Qt.TextElideMode.ElideRight)
        self.pause_button = Button("Pause", flat=True)
        self.pause_button.clicked.connect(self._pause_or_resume)
        self.cancel_button = IconButton(
            "close", "Stop for now; goes on when you look for changes or restart", size_px=26
        )
        self.cancel_button.clicked.connect(self.cancel_asked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, 0, SPACE_PX, 0)
        layout.setSpacing(SPACE_PX)
        layout.addSpacing(SPACE_PX)
        layout.addWidget(self._bar)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.pause_button)
        layout.addWidget(self.cancel_button)
        self._refresh()

    def show_progress(self, progress: Progress) -> None:
        """What the engine does now."""
        self._progress = progress
        self._refresh()

    def show_resting(self, text: str) -> None:
        """What to say while nothing is being done."""
        self._resting = text
        self._refresh()

    @Slot()
    def _pause_or_resume(self) -> None:
        if self._progress.activity is Activity.PAUSED:
            self.resume_asked.emit()
        else:
            self.pause_asked.emit()

    def _refresh(self) -> None:
        progress = self._progress
        at_work = progress.activity in _AT_WORK
        note = "" if at_work else wording.safe(progress.note)
        self.text.setText(say(progress) if at_work else note or self._resting)
        set_tip(self.text, [note] if note else [], wraps=True)
        self._bar.setVisible(at_work and progress.total > 0)
        self._bar.show_share(progress.done / progress.total if progress.total else 0.0)
        self.pause_button.setText("Resume" if progress.activity is Activity.PAUSED else "Pause")
        self.pause_button.setVisible(at_work)
        self.cancel_button.setVisible(at_work)


def why_paused(progress: Progress) -> str:
    """That it is paused, and why."""
    return _PAUSED[progress.paused] if progress.paused is not None else "Paused"


def say(progress: Progress) -> str:
    """`progress` in one line."""
    counted = f"{wording.number(progress.done)} of {wording.number(progress.total)}" if progress.total else ""
    if progress.activity is Activity.PAUSED:
        parts = [why_paused(progress), counted]
    elif progress.activity is Activity.SCANNING:
        parts = ["Looking for media", counted]
    else:
        doing = "Listening to what is said" if progress.activity is Activity.LISTENING else "Finding new media"
        rate = f"{wording.number(round(progress.rate_per_s))} a second" if progress.rate_per_s >= 1 else ""
        left = "" if progress.eta_s is None else f"{wording.duration(progress.eta_s)} left"
        parts = [doing, counted, rate, left]
    parts.append(wording.safe(progress.note))
    return " · ".join(part for part in parts if part)
