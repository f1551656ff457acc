"""How the window looks: light or dark as the system says or the user chose, from palette roles alone.

The colours below are the only ones in the program. They stand in where the system has no palette of its own
(a bare X11 or Wayland session); a desktop that brings one, high contrast included, keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

SPACE_PX = 8
RADIUS_PX = 6
TEXT_CONTRAST, SIGN_CONTRAST = 4.5, 3.0
"""What WCAG 2.2 wants at least, of words and of lines that say something."""

_LIGHT = {
    "Window": "#f5f5f7",
    "WindowText": "#1d1d21",
    "Base": "#ffffff",
    "AlternateBase": "#ececef",
    "Text": "#1d1d21",
    "Button": "#e6e6ea",
    "ButtonText": "#1d1d21",
    "BrightText": "#ffffff",
    "Light": "#ffffff",
    "Midlight": "#dedee4",
    "Mid": "#d3d3da",
    "Dark": "#a5a5af",
    "Shadow": "#8a8a94",
    "PlaceholderText": "#62636b",
    "Highlight": "#2567cf",
    "HighlightedText": "#ffffff",
    "Accent": "#2567cf",
    "Link": "#1b5cc0",
    "LinkVisited": "#6a4bb0",
    "ToolTipBase": "#2a2b30",
    "ToolTipText": "#f4f4f6",
}
_DARK = {
    "Window": "#232428",
    "WindowText": "#ededf1",
    "Base": "#1a1b1e",
    "AlternateBase": "#2c2d32",
    "Text": "#ededf1",
    "Button": "#37383e",
    "ButtonText": "#ededf1",
    "BrightText": "#ffffff",
    "Light": "#4a4b52",
    "Midlight": "#42434a",
    "Mid": "#3c3d44",
    "Dark": "#5b5c65",
    "Shadow": "#8b8c96",
    "PlaceholderText": "#a4a5ae",
    "Highlight": "#3273dd",
    "HighlightedText": "#ffffff",
    "Accent": "#3273dd",
    "Link": "#82b1ff",
    "LinkVisited": "#b9a3f0",
    "ToolTipBase": "#3a3b41",
    "ToolTipText": "#f4f4f6",
}
_DISABLED = ("WindowText", "Text", "ButtonText", "PlaceholderText")


class Look(StrEnum):
    """What the user chose for the window's colours."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """Keeps the application's palette as the system and the user want it."""

    def __init__(self, application: QApplication, look: Look = Look.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._look = look
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._apply)
        self._apply()

    @property
    def look(self) -> Look:
        """What the user chose."""
        return self._look

    def set_look(self, look: Look) -> None:
        """Follows `look` from now on."""
        self._look = look
        hints = self._application.styleHints()
        if look is Look.SYSTEM:
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if look is Look.DARK else Qt.ColorScheme.Light)
        self._apply()

    @Slot()
    def _apply(self) -> None:
        application = self._application
        application.setPalette(QPalette())  # back to what the system offers
        scheme = application.styleHints().colorScheme()
        dark = scheme == Qt.ColorScheme.Dark if self._look is Look.SYSTEM else self._look is Look.DARK
        system = application.palette()
        offers_none = system == application.style().standardPalette()
        if offers_none or is_dark(system) is not dark:
            application.setPalette(make_palette(dark=dark))


def make_palette(*, dark: bool) -> QPalette:
    """Our own calm palette, every role of it."""
    palette = QPalette()
    colours = {QPalette.ColorRole[name]: QColor(value) for name, value in (_DARK if dark else _LIGHT).items()}
    for role, colour in colours.items():
        palette.setColor(role, colour)
    for name in _DISABLED:
        role = QPalette.ColorRole[name]
        faded = blend(colours[role], colours[QPalette.ColorRole.Window], 0.55)
        palette.setColor(QPalette.ColorGroup.Disabled, role, faded)
    return palette


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than what it stands on."""
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness() > palette.color(QPalette.ColorRole.Window).lightness()
    )


def contrast(colour: QColor, other: QColor) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((_luminance(colour), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def distinct(colour: QColor, ink: QColor, grounds: Sequence[QColor], least: float) -> QColor:
    """`colour` with no more of `ink` mixed in than gives it the contrast `least` to all of `grounds`."""
    shades = (blend(colour, ink, tenth / 10) for tenth in range(10))
    return next((shade for shade in shades if all(contrast(shade, ground) >= least for ground in grounds)), ink)


def blend(colour: QColor, other: QColor, share: float) -> QColor:
    """`colour` with `share` (0..1) of `other` mixed in."""
    keep = 1.0 - share
    return QColor.fromRgbF(
        colour.redF() * keep + other.redF() * share,
        colour.greenF() * keep + other.greenF() * share,
        colour.blueF() * keep + other.blueF() * share,
    )
