"""Where the details are: beside the grid in a wide window, over it in a narrow one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter, QWidget

from app.show.details_view import WIDTH_PX, DetailsView

NARROW_PX = 900


class DetailsPlace(QObject):
    """Moves the panel as the window's width and the action say. In a narrow window it stays away until asked for."""

    def __init__(
        self,
        window: QWidget,
        splitter: QSplitter,
        details: DetailsView,
        action: QAction,
        quick_look: QWidget,
        *,
        shown: bool,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._splitter = splitter
        self._details = details
        self._quick_look = quick_look
        self._action = action
        self._wanted_beside = shown
        self._wanted_over = False
        self._available = False
        action.setEnabled(False)
        splitter.installEventFilter(self)
        action.triggered.connect(self._toggle)
        self._place()

    @property
    def wanted(self) -> bool:
        """Whether a wide window shows it."""
        return self._wanted_beside

    @property
    def is_over(self) -> bool:
        """Whether the window is too narrow for it to stand beside the grid."""
        return self._window.width() < NARROW_PX

    def set_available(self, available: bool) -> None:
        """Whether there can be anything to show: before the first folder there is not."""
        if available != self._available:
            self._available = available
            self._action.setEnabled(available)
            self._place()

    @Slot(bool)
    def _toggle(self, shown: bool) -> None:
        if self.is_over:
            self._wanted_over = shown
        else:
            self._wanted_beside = shown
        self._place()

    def _place(self) -> None:
        details = self._details
        if self.is_over:
            if details.parent() is not self._window:
                details.setParent(self._window)
                self._wanted_over = False
            area = self._splitter.geometry()
            width = max(WIDTH_PX, details.minimumWidth())
            left = area.left() if self._window.isRightToLeft() else area.right() + 1 - width
            details.setGeometry(QRect(left, area.top(), width, area.height()))
            details.setVisible(self._wanted_over and self._available)
            if not self._quick_look.isVisible():  # which covers all
                details.raise_()
        else:
            if details.parent() is not self._splitter:
                self._splitter.addWidget(details)
            details.setVisible(self._wanted_beside and self._available)
        details.edge.setVisible(self.is_over)
        self._action.setChecked(self._wanted_over if self.is_over else self._wanted_beside)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)
