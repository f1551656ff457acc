"""The patterns of what is left out, with a look at what they would leave out before they count."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import wording
from app.bridge import Bridge
from app.controls import Button, Label
from app.folders.remarks import amount, examples
from app.messages import Messages
from app.theme import SPACE_PX
from core import LeftOut, SettingSpec

_SILENCE_MS = 300
_LINES = 6
_EXAMPLES = 4
_EXPLANATION = (
    "One pattern a line: *.gif leaves out such files, Drafts/ folders of that name, /2019/raw/ that one folder at the "
    "top of a watched one; a line that begins with ! takes back in. Nothing of yours is deleted, and what was "
    "understood of a file is kept for a month."
)


class ExclusionsView(QWidget):
    """An editor of patterns. Unlike other settings they count when the button is pressed, not while they are typed."""

    def __init__(self, spec: SettingSpec, bridge: Bridge, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._messages = messages
        self._kept = "" if bridge.engine is None else bridge.engine.settings.exclude
        title = Label(spec.title, bold=True)
        explanation = Label(_EXPLANATION, dim=True, wraps=True)
        self.edit = QPlainTextEdit(self._kept)
        self.edit.setAccessibleName(spec.title)
        self.edit.setAccessibleDescription(_EXPLANATION)
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(self.edit.fontMetrics().lineSpacing() * _LINES + 2 * SPACE_PX)
        self.edit.textChanged.connect(self._edited)
        title.setBuddy(self.edit)
        self.preview = Label(wraps=True)
        self.button = Button("Leave these out")
        self.button.setAccessibleName(self.button.text())
        self.button.clicked.connect(self._keep)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(_SILENCE_MS)
        self._silence.timeout.connect(self._look)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_PX)
        for part in (title, explanation, self.edit, self.preview):
            layout.addWidget(part)
        bottom = QHBoxLayout()
        bottom.addStretch()
        bottom.addWidget(self.button)
        layout.addLayout(bottom)
        self._edited()
        self._look()

    @Slot()
    def _edited(self) -> None:
        self.button.setEnabled(self.edit.toPlainText() != self._kept)
        self._silence.start()

    @Slot()
    def _look(self) -> None:
        if (engine := self._bridge.engine) is not None:
            looked = engine.left_out_by(self.edit.toPlainText())
            self._bridge.call(looked, self._show, self._messages.fail, lane="left out")

    def _show(self, left_out: LeftOut) -> None:
        self.preview.setText("\n".join(_preview(left_out)))

    @Slot()
    def _keep(self) -> None:
        if (engine := self._bridge.engine) is not None:
            self._kept = self.edit.toPlainText()
            self.button.setEnabled(False)
            kept = engine.change_settings(replace(engine.settings, exclude=self._kept))
            self._bridge.call(kept, failure=self._messages.fail)


def _preview(left_out: LeftOut) -> list[str]:
    of = wording.count(left_out.known, "file")
    lines = [f"Of {of} that Likewise knows, {wording.number(left_out.files)} would not be found any more."]
    lines += [f"“{wording.safe(line.strip())}” is no pattern and counts for nothing." for line in left_out.wrong]
    for skipped in left_out.by_pattern:
        named = f": {examples(skipped, _EXAMPLES)}" if skipped.examples else ""
        lines.append(f"{wording.safe(skipped.pattern)} leaves out {amount(skipped)}{named}")
    return lines
