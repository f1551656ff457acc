"""The few controls that every panel uses, painted from palette roles: buttons, labels, a hairline."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QEnterEvent,
    QIcon,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)

from app import wording
from app.icons import draw, icon
from app.theme import RADIUS_PX, SIGN_CONTRAST, SPACE_PX, blend, distinct

CONTROL_PX = 32
ICON_PX = 18


class Label(QLabel):
    """Plain text, whatever it holds: a file name is never read as HTML.

    Args:
        dim: whether it is of second importance.
        scale: font size relative to the application's.
        wraps: whether it goes on in the next line.
        elide: where to shorten text that does not fit; None shortens nothing.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        dim: bool = False,
        bold: bool = False,
        scale: float = 1.0,
        wraps: bool = False,
        elide: Qt.TextElideMode | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWordWrap(wraps)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._elide = elide
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        if bold:
            font.setWeight(font.Weight.DemiBold)
        self.setFont(font)
        if dim:
            self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        if elide is not None:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._elide is None:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        metrics, mode = self.fontMetrics(), self._elide
        shown = "\n".join(metrics.elidedText(line, mode, self.width()) for line in self.text().split("\n"))
        self.style().drawItemText(
            painter, self.rect(), int(self.alignment()), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )


def letters_px(widget: QWidget, count: int) -> int:
    """How wide about `count` letters are: for a width that has to grow with the font."""
    return widget.fontMetrics().averageCharWidth() * count


def set_tip(widget: QWidget, lines: Sequence[str], *, wraps: bool = False) -> None:
    """A tool tip of these lines, plain text. A screen reader reads them without the markup that keeps them so."""
    widget.setToolTip(wording.tip(lines, wraps=wraps))
    widget.setAccessibleDescription("\n".join(lines))


def announce(widget: QWidget, text: str) -> None:
    """Has a screen reader say `text`."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


class Line(QFrame):
    """A hairline between two parts of the window."""

    def __init__(self, orientation: Qt.Orientation = Qt.Orientation.Horizontal) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Mid)
        if orientation == Qt.Orientation.Horizontal:
            self.setFixedHeight(1)
        else:
            self.setFixedWidth(1)


class Button(QPushButton):
    """A button with words. `primary` marks the one thing to do on a page; `flat` has a ground when hovered or down."""

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        *,
        icon_name: str = "",
        primary: bool = False,
        flat: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self._icon_name = icon_name
        self._primary = primary
        self._flat = flat
        self.setAutoDefault(False)  # else Enter anywhere in a dialog presses one of its buttons
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.text().replace("&", ""))
        room = words + 4 * SPACE_PX if not self._flat else words + 2 * SPACE_PX
        height = max(CONTROL_PX, self.fontMetrics().height() + 12)
        return QSize(room + (ICON_PX + 6 if self._icon_name else 0), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not _pressed_by(self, event):
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, text = QPalette.ColorRole.Button, QPalette.ColorRole.ButtonText
        if self._primary and self.isEnabled():
            ground, text = QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText
        paint_ground(self, painter, ground, flat=self._flat and not self.isChecked(), pressed=self.isDown())
        colour = self.palette().color(text)
        content = self.rect()
        if self._icon_name:
            words = self.fontMetrics().horizontalAdvance(self.text().replace("&", ""))
            left = max(SPACE_PX, (self.width() - words - ICON_PX - 6) // 2)
            spot = QRect(left, (self.height() - ICON_PX) // 2, ICON_PX, ICON_PX)
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                spot.moveLeft(self.width() - left - ICON_PX)
                content = QRect(0, 0, spot.left() - 6, self.height())
            else:
                content = QRect(spot.right() + 7, 0, self.width() - spot.right() - 7, self.height())
            ratio = self.devicePixelRatioF()
            picture = draw(self._icon_name, spot.size() * ratio, colour)
            painter.drawPixmap(spot, picture)
        painter.setPen(colour)
        side = Qt.AlignmentFlag.AlignLeading if self._icon_name else Qt.AlignmentFlag.AlignHCenter
        painter.drawText(content, int(Qt.TextFlag.TextShowMnemonic | Qt.AlignmentFlag.AlignVCenter | side), self.text())


class Check(QCheckBox):
    """A box to tick, with its words; the box is seen on any ground."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text.replace("&", "&&"), parent)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, option = self.palette(), QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        words = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self)
        ink, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
        edge = distinct(palette.color(QPalette.ColorRole.Mid), ink, (ground,), SIGN_CONTRAST)
        ticked = self.isChecked()
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight) if ticked else edge, 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight if ticked else QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if ticked:
            sign = draw(
                "check", box.size() * self.devicePixelRatioF(), palette.color(QPalette.ColorRole.HighlightedText)
            )
            painter.drawPixmap(box, sign)
        painter.setPen(ink)
        flags = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(words, int(Qt.TextFlag.TextShowMnemonic | flags), self.text())
        if self.hasFocus():
            wide = self.fontMetrics().horizontalAdvance(self.text()) + SPACE_PX
            around = QRect(words.left() - SPACE_PX // 2, 0, wide, self.height())
            paint_focus(painter, QRectF(QStyle.visualRect(self.layoutDirection(), words, around)), palette, ground)


class IconButton(QToolButton):
    """A button that is only a picture, so it always has a tool tip and a name for screen readers."""

    def __init__(self, icon_name: str, name: str, parent: QWidget | None = None, *, size_px: int = CONTROL_PX) -> None:
        super().__init__(parent)
        self.setIcon(icon(icon_name))
        self.setIconSize(QSize(ICON_PX, ICON_PX) if size_px >= CONTROL_PX else QSize(14, 14))
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setFixedSize(size_px, size_px)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not _pressed_by(self, event):
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(
            self,
            painter,
            QPalette.ColorRole.Button,
            flat=not (self.isChecked() and self.isEnabled()),
            pressed=self.isDown(),
        )
        side = self.iconSize()
        spot = QRect(
            (self.width() - side.width()) // 2, (self.height() - side.height()) // 2, side.width(), side.height()
        )
        self.icon().paint(painter, spot, mode=icon_mode(self))


def _pressed_by(button: QAbstractButton, event: QKeyEvent) -> bool:
    """Enter presses a button as Space does: without a desktop's own theme, Qt leaves that out."""
    enters = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.isAutoRepeat()
    if enters:
        button.click()
    return enters


def icon_mode(widget: QWidget) -> QIcon.Mode:
    """How an icon on `widget` is to be painted."""
    return QIcon.Mode.Normal if widget.isEnabled() else QIcon.Mode.Disabled


def paint_ground(widget: QWidget, painter: QPainter, role: QPalette.ColorRole, *, flat: bool, pressed: bool) -> None:
    """The rounded ground of a button, a shade stronger when hovered or pressed, with a ring when focused."""
    palette = widget.palette()
    colour = palette.color(role)
    over = widget.underMouse() and widget.isEnabled()
    area = QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
    if over or pressed:
        colour = blend(colour, palette.color(QPalette.ColorRole.WindowText), 0.16 if pressed else 0.07)
    painter.setPen(Qt.PenStyle.NoPen)
    if not flat or over or pressed:
        painter.setBrush(colour)
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
    if not widget.hasFocus():
        return
    if role == QPalette.ColorRole.Highlight:
        painter.setPen(QPen(palette.color(QPalette.ColorRole.HighlightedText), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area.adjusted(3, 3, -3, -3), RADIUS_PX - 2, RADIUS_PX - 2)
    else:
        paint_focus(painter, area, palette, palette.color(QPalette.ColorRole.Window) if flat else colour)


def paint_focus(painter: QPainter, area: QRectF, palette: QPalette, ground: QColor) -> None:
    """The ring that shows where the keyboard is, on the edge of something painted in `ground`."""
    highlight, ink = palette.color(QPalette.ColorRole.Highlight), palette.color(QPalette.ColorRole.WindowText)
    ring = distinct(highlight, ink, (ground, palette.color(QPalette.ColorRole.Window)), SIGN_CONTRAST)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ring, 2))
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
