"""The numbers above the list of files: each says how many there are of one standing, and shows them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QWidget

from app import wording
from app.controls import Button
from app.problems.file_delegate import ICONS
from app.theme import SPACE_PX
from core import Standing


class StandingFilters(QWidget):
    """A button for each standing that there is, in as many columns as there is room for. One of them is down.

    Signals:
        chosen: the Standing to show.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Which files are shown")
        self.buttons: dict[Standing, Button] = {}
        self._group = QButtonGroup(self)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE_PX // 2)
        self._columns = 0
        for standing in Standing:
            button = Button("", self, icon_name=ICONS[standing], flat=True)
            button.setCheckable(True)
            self._group.addButton(button)
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
        self._columns = 0
        self._arrange()

    def choose(self, standing: Standing) -> None:
        """Presses a button, as the user would."""
        self.buttons[standing].click()

    def minimumSizeHint(self) -> QSize:
        widest = max((button.sizeHint().width() for button in self._shown()), default=0)
        return QSize(widest, self._layout.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _shown(self) -> list[Button]:
        return [button for button in self.buttons.values() if not button.isHidden()]

    def _arrange(self) -> None:
        shown = self._shown()
        widest = max(button.sizeHint().width() for button in shown) + SPACE_PX // 2
        columns = max(1, min(len(shown), self.width() // widest))
        if columns == self._columns:
            return
        for column in range(self._columns, len(self.buttons) + 1):
            self._layout.setColumnStretch(column, 0)
        self._columns = columns
        for button in self.buttons.values():
            self._layout.removeWidget(button)
        for place, button in enumerate(shown):
            self._layout.addWidget(button, place // columns, place % columns)
        self._layout.setColumnStretch(columns, 1)

    @Slot(QAbstractButton)
    def _choose(self, pressed: QAbstractButton) -> None:
        for standing, button in self.buttons.items():
            if button is pressed:
                self.chosen.emit(standing)
