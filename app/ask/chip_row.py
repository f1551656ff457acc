"""The chips of the search field in the room there is: with words, else as pictures alone, the rest in a menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app.ask.chips import Chip, height_px
from app.controls import Button, set_tip
from app.icons import icon
from app.theme import SPACE_PX

_GAP_PX = 4


class ChipRow(QWidget):
    """Shows as many chips as fit. Those that do not are in the menu of a button that says how many they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: Sequence[Chip] = ()
        self.more = _More("", self, flat=True)
        self._menu = QMenu(self)
        self.more.setMenu(self._menu)
        self.more.hide()
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(_GAP_PX)
        self._layout.addWidget(self.more)
        self.hide()

    def show_chips(self, chips: Sequence[Chip]) -> None:
        """Shows these instead of the former ones, once `fit` says how much room there is."""
        for former in self._chips:
            self._layout.removeWidget(former)
            former.hide()
            former.deleteLater()
        self._chips = chips
        for place, chip in enumerate(chips):
            self._layout.insertWidget(place, chip)
        self.setVisible(bool(chips))

    def fit(self, room_px: int) -> None:
        """Takes no more than `room_px`."""
        shown = len(self._chips)
        examples = [chip for chip in self._chips if chip.is_example]
        for compact in ([], examples, self._chips):  # the picture of an example says more than a filter's
            for chip in self._chips:
                chip.set_compact(chip in compact)
            if _width_of(self._chips) <= room_px:
                break
        else:
            self.more.setText(f"+{shown}")
            room_px -= self.more.sizeHint().width()
            while shown and _width_of(self._chips[:shown]) + _GAP_PX > room_px:
                shown -= 1
        for place, chip in enumerate(self._chips):
            chip.setVisible(place < shown)
        self._offer(self._chips[shown:])

    def _offer(self, hidden: Sequence[Chip]) -> None:
        self.more.setVisible(bool(hidden))
        self.more.setText(f"+{len(hidden)}")
        self.more.setAccessibleName(f"{len(hidden)} more parts of the question")
        set_tip(self.more, [chip.label for chip in hidden])
        self._menu.clear()
        for chip in hidden:
            action = self._menu.addAction(icon("close"), f"Remove {chip.label}".replace("&", "&&"))
            action.triggered.connect(chip.removed)


class _More(Button):
    """A button as high as a chip."""

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2 * SPACE_PX, height_px(self))


def _width_of(chips: Sequence[Chip]) -> int:
    return sum(chip.width() for chip in chips) + _GAP_PX * max(0, len(chips) - 1)
