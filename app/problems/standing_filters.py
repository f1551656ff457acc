"""The numbers above the list of files: each says how many there are of one standing, and shows them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QWidget

from app import wording
from app.controls import Button
from app.flow import FlowRow
from app.problems.file_delegate import ICONS
from app.theme import SPACE_PX
from core import Standing


class StandingFilters(FlowRow):
    """A button for each standing that there is, in as many lines as they need. One of them is down.

    Signals:
        chosen: the Standing to show.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, spacing_px=SPACE_PX // 2)
        self.setAccessibleName("Which files are shown")
        self.buttons: dict[Standing, Button] = {}
        self._group = QButtonGroup(self)
        for standing in Standing:
            button = Button("", self, icon_name=ICONS[standing], flat=True)
            button.setCheckable(True)
            self._group.addButton(button)
            self.flow.addWidget(button)
            self.buttons[standing] = button
        self.buttons[Standing.FAILED].setChecked(True)
        self._group.buttonClicked.connect(self._choose)
        self.show_counts({})

    def show_counts(self, counts: Mapping[Standing, int]) -> None:
        """What the buttons say. What is not there has none, but for what is shown, and for failures: none is news."""
        for standing, button in self.buttons.items():
            count = counts.get(standing, 0)
            button.setText(f"{wording.number(count)} {standing.words}")
            button.setAccessibleName(button.text())
            button.setVisible(bool(count) or standing is Standing.FAILED or button.isChecked())

    def choose(self, standing: Standing) -> None:
        """Presses a button, as the user would."""
        self.buttons[standing].click()

    @Slot(QAbstractButton)
    def _choose(self, pressed: QAbstractButton) -> None:
        for standing, button in self.buttons.items():
            if button is pressed:
                self.chosen.emit(standing)
