"""Takes a picture of the window once everything in it has arrived."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSize, QTimer, Signal, Slot

from app.window import Window

_LOOK_MS = 50
PORTRAIT_SIZE = QSize(1280, 800)


class Portrait(QObject):
    """Asks, waits until thumbnails and details are drawn, saves.

    Signals:
        done: saved, or given up.
    """

    done = Signal()

    def __init__(self, window: Window, question: str, picture: Path, timeout_ms: int) -> None:
        super().__init__(window)
        self.saved = False
        self._window = window
        self._picture = picture
        self._left_ms = timeout_ms
        window.resize(PORTRAIT_SIZE)
        window.question.restore({})
        window.question.set_text(question)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        window = self._window
        self._left_ms -= _LOOK_MS
        answer = window.results.answer
        answered = answer is not None and answer.question.text == window.question.asked.text
        if answered and window.results.rowCount() and not window.grid.currentIndex().isValid():
            window.grid.enter()
        if answered and window.grid.is_complete and window.details.picture.is_sharp:
            self.saved = window.grab().save(str(self._picture))
        if self.saved or self._left_ms <= 0:
            self._timer.stop()
            self.done.emit()
