"""The small sign on a cell that says what a sound or video is: its kind, how long it is, or the moment that matches."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette

from app import wording
from app.icons import draw
from app.show.reasons import best_stretch
from core import Kind, Result

_PILL_PX = 20
_ICON_PX = 14
_INSET_PX = 6
_TICK_PX = 30
"""What the tick of a selected cell takes."""


def caption_px(metrics: QFontMetrics) -> int:
    """How much of a sound's cell is its name."""
    return 2 * _pill_px(metrics)


def _pill_px(metrics: QFontMetrics) -> int:
    return max(_PILL_PX, metrics.height() + 4)


def clock_of(result: Result) -> str:
    """What the badge says: the moment of a match, else how long it is; nothing if that is not known."""
    best = best_stretch(result)
    if best is not None:
        return f"at {wording.clock(best.start_ms)}"
    return wording.clock(result.duration_ms) if result.duration_ms else ""


def paint_badge(painter: QPainter, picture: QRect, palette: QPalette, result: Result, *, mirrored: bool) -> None:
    """Paints it over `picture`; a sound gets its name too, for waveforms look alike."""
    font = painter.font()
    font.setWeight(font.Weight.Medium)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    if result.kind is Kind.AUDIO:
        painter.setBrush(palette.color(QPalette.ColorRole.AlternateBase))
        caption, line_px = QRect(picture), _pill_px(painter.fontMetrics())
        caption.setTop(picture.bottom() + 1 - 2 * line_px)
        painter.drawRect(caption)
        inside = caption.adjusted(_INSET_PX + 2, 3, -_INSET_PX, -line_px)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        name = wording.name_of(result.path)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, int(_leading(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), shown)
        line = QRect(picture.left() + 3, caption.top() + line_px - 2, picture.width() - 6, line_px)
        _paint_signs(painter, line, palette, result, mirrored=mirrored)
        return
    high = _pill_px(painter.fontMetrics())
    pill = QRect(0, 0, _width(painter, result), high)
    pill.moveBottom(picture.bottom() - _INSET_PX)
    if mirrored:
        pill.moveRight(picture.right() - _INSET_PX)
    else:
        pill.moveLeft(picture.left() + _INSET_PX)
    painter.setBrush(_ground(palette))
    painter.drawRoundedRect(QRectF(pill), high / 2, high / 2)
    _paint_signs(painter, pill, palette, result, mirrored=mirrored)


def paint_away_badge(painter: QPainter, picture: QRect, palette: QPalette, result: Result, *, mirrored: bool) -> None:
    """Paints at the top of `picture` what must be there again for the file to be opened."""
    words = wording.safe(result.away.name) if result.away is not None else "Moved?"
    high = _pill_px(painter.fontMetrics())
    room = picture.width() - 2 * _INSET_PX - _TICK_PX - 2 * 8 - _ICON_PX
    words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, max(0, room))
    pill = QRect(0, 0, painter.fontMetrics().horizontalAdvance(words) + _ICON_PX + 2 * 8, high)
    pill.moveTop(picture.top() + _INSET_PX)
    pill.moveLeft(picture.left() + _INSET_PX)  # the tick of what is selected is at the other side
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_ground(palette))
    painter.drawRoundedRect(QRectF(pill), high / 2, high / 2)
    ink, ratio = palette.color(QPalette.ColorRole.WindowText), painter.device().devicePixelRatioF()
    inside = pill.adjusted(5, 0, -8, 0)
    spot = QRect(inside.left(), pill.center().y() - _ICON_PX // 2 + 1, _ICON_PX, _ICON_PX)
    if mirrored:
        spot.moveRight(inside.right())
    painter.drawPixmap(spot, draw("folder-offline", QSize(_ICON_PX, _ICON_PX) * ratio, ink))
    painter.setPen(ink)
    side = _ICON_PX + 3
    place = inside.adjusted(0, 0, -side, 0) if mirrored else inside.adjusted(side, 0, 0, 0)
    painter.drawText(place, int(_leading(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), words)


def _signs(result: Result) -> list[str]:
    kind = "play" if result.kind is Kind.VIDEO else "sound"
    return [kind, "speech"] if result.line else [kind]


def _width(painter: QPainter, result: Result) -> int:
    words = painter.fontMetrics().horizontalAdvance(clock_of(result))
    return 5 + len(_signs(result)) * (_ICON_PX + 3) + words + 8


def _paint_signs(painter: QPainter, area: QRect, palette: QPalette, result: Result, *, mirrored: bool) -> None:
    ink, ratio = palette.color(QPalette.ColorRole.WindowText), painter.device().devicePixelRatioF()
    at = 5
    for name in _signs(result):
        spot = QRect(area.left() + at, area.center().y() - _ICON_PX // 2 + 1, _ICON_PX, _ICON_PX)
        if mirrored:
            spot.moveRight(area.right() - at)
        painter.drawPixmap(spot, draw(name, QSize(_ICON_PX, _ICON_PX) * ratio, ink))
        at += _ICON_PX + 3
    painter.setPen(ink)
    words = area.adjusted(0, 0, -at, 0) if mirrored else area.adjusted(at, 0, 0, 0)
    painter.drawText(words, int(_leading(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), clock_of(result))


def _ground(palette: QPalette) -> QColor:
    ground = QColor(palette.color(QPalette.ColorRole.Window))
    ground.setAlphaF(0.88)
    return ground


def _leading(*, mirrored: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignAbsolute
