"""The top of the window: sidebar switch, search field, filters, thumbnail size, menu."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app.actions import Actions
from app.ask.field_view import FieldView
from app.ask.filters import FiltersMenu
from app.bars import SlimSlider
from app.controls import IconButton
from app.preferences import MAX_CELL_PX, MIN_CELL_PX
from app.theme import SPACE_PX

_SLIDER_PX = 104
_ROOMY_PX = 700
"""In less the question needs the room; keys, wheel and pinch change the size as well."""


class HeaderView(QWidget):
    """One row, the field in its middle."""

    def __init__(self, field: FieldView, filters: FiltersMenu, actions: Actions, menu: QMenu) -> None:
        super().__init__()
        sidebar = IconButton("sidebar", "Sidebar (F9)")
        sidebar.setDefaultAction(actions["sidebar"])
        details = IconButton("details", "Details (Ctrl+I)")
        details.setDefaultAction(actions["details"])
        for button, name in ((sidebar, "Sidebar (F9)"), (details, "Details (Ctrl+I)")):
            button.defaultAction().setToolTip(name)  # which the button takes on again whenever the action changes
            button.setIconSize(QSize(18, 18))
        filters_button = IconButton("filter", "Filters")
        filters_button.setMenu(filters)
        menu_button = IconButton("menu", "Menu")
        menu_button.setMenu(menu)
        self.size_slider = SlimSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(MIN_CELL_PX, MAX_CELL_PX)
        self.size_slider.setFixedWidth(_SLIDER_PX)
        self.size_slider.setSingleStep(8)
        self.size_slider.setPageStep(32)
        self.size_slider.setToolTip("Size of pictures (Ctrl with the wheel)")
        self.size_slider.setAccessibleName("Size of pictures")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX // 2)
        layout.addWidget(sidebar)
        layout.addSpacing(SPACE_PX)
        layout.addWidget(field, 1)
        layout.addWidget(filters_button)
        layout.addSpacing(SPACE_PX)
        layout.addWidget(self.size_slider)
        layout.addSpacing(SPACE_PX)
        layout.addWidget(details)
        layout.addWidget(menu_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.size_slider.setVisible(self.width() >= _ROOMY_PX)
