"""One result, as large as fits: its thumbnail at once, the picture itself as soon as it is decoded."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.bridge import Bridge
from app.show.thumbnails import to_image
from app.theme import RADIUS_PX
from core import Picture, Result

_USUAL_SHAPE = 0.75
_MIN_HEIGHT_PX = 80
_MAX_HEIGHT_PX = 360
_SETTLE_MS = 80
"""Arrow keys held down must not start a decode for each picture passed."""


class PictureView(QWidget):
    """Paints a result's picture centred, its proportions kept; with `fits_height`, as high as its width asks for.

    Signals:
        failed: the picture could not be read; the exception.
    """

    failed = Signal(object)

    def __init__(self, bridge: Bridge, lane: str, parent: QWidget | None = None, *, fits_height: bool = False) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._lane = lane
        self._shape = _USUAL_SHAPE
        self._result: Result | None = None
        self._at_ms = 0
        self._sharp = False
        self._image = QImage()
        self._scaled = QImage()
        if fits_height:
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
            policy.setHeightForWidth(True)
            self.setSizePolicy(policy)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._ask_picture)

    @property
    def is_sharp(self) -> bool:
        """Whether the picture itself is shown, no longer its thumbnail."""
        return self._sharp

    @property
    def at_ms(self) -> int:
        """Which frame of a video is shown, or will be in a moment."""
        return self._at_ms

    def show_moment(self, at_ms: int) -> None:
        """Shows another frame of the same video; the one before stays until it is there."""
        if at_ms != self._at_ms:
            self._at_ms = at_ms
            self._sharp = False
            self._bridge.drop(f"{self._lane} picture")
            self._settle.start()

    def show_result(self, result: Result | None, at_ms: int = 0) -> None:
        """Shows `result` instead of what was shown, a video's frame at `at_ms`; None shows nothing."""
        self._bridge.drop(f"{self._lane} thumbnail")
        self._bridge.drop(f"{self._lane} picture")
        self._result = result
        self._at_ms = at_ms
        self._sharp = False
        self._show(QImage())
        engine = self._bridge.engine
        if engine is None or result is None:
            self._settle.stop()
            return
        thumbnail = engine.thumbnail(result.item_id)
        self._bridge.call(thumbnail, self._show_thumbnail, lane=f"{self._lane} thumbnail")
        self._settle.start()

    @Slot()
    def _ask_picture(self) -> None:
        engine, result = self._bridge.engine, self._result
        if engine is None or result is None:
            return
        edge_px = round(max(self.width(), self.height()) * self.devicePixelRatioF())
        picture = engine.preview(result.file_id, max(edge_px, 1), self._at_ms)
        self._bridge.call(picture, self._show_picture, self.failed.emit, lane=f"{self._lane} picture")

    def _show_thumbnail(self, picture: Picture | None) -> None:
        if picture is not None and not self._sharp:
            self._show(to_image(picture))

    def _show_picture(self, picture: Picture) -> None:
        self._sharp = True
        self._show(to_image(picture))

    def _show(self, image: QImage) -> None:
        self._image = image
        self._scaled = QImage()
        if not image.isNull() and image.height() / image.width() != self._shape:
            self._shape = image.height() / image.width()
            self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        return min(max(round(width * self._shape), _MIN_HEIGHT_PX), _MAX_HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._result is not None:
            self._settle.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._image.isNull():
            return
        ratio = self.devicePixelRatioF()
        fitted = self._image.size().scaled(self.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio)
        if self._scaled.size() != fitted:
            smooth = Qt.TransformationMode.SmoothTransformation
            self._scaled = self._image.scaled(fitted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        size = QSize(round(fitted.width() / ratio), round(fitted.height() / ratio))
        place = QRect(QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2), size)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(place), RADIUS_PX, RADIUS_PX)
        painter.setClipPath(outline)
        painter.drawImage(place, self._scaled)
