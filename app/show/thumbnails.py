"""Thumbnails for the cells on screen: asked for when seen, given up when scrolled away, a bounded number kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from functools import partial

from PySide6.QtCore import QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from app.bridge import Bridge, Call
from core import ItemId, Picture

CACHE_BYTES = 192 * 1024 * 1024


def to_image(picture: Picture) -> QImage:
    """`picture` as a QImage that owns its pixels."""
    stride = picture.width * 3
    image = QImage(picture.rgb, picture.width, picture.height, stride, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)


def cropped(image: QImage, edge_px: int) -> QImage:
    """The middle square of `image`, scaled to `edge_px` device pixels."""
    side = min(image.width(), image.height())
    square = QRect((image.width() - side) // 2, (image.height() - side) // 2, side, side)
    return image.copy(square).scaled(
        QSize(edge_px, edge_px), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


class Thumbnails(QObject):
    """Square thumbnails by item, at the one size that is drawn now.

    Signals:
        arrived: an item's thumbnail can be drawn (or is known not to exist).
    """

    arrived = Signal(object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._edge_px = 0
        self._kept: OrderedDict[ItemId, QPixmap] = OrderedDict()
        self._absent: set[ItemId] = set()
        self._asked: dict[ItemId, Call] = {}

    def set_edge(self, edge_px: int) -> None:
        """Thumbnails are wanted at `edge_px` device pixels from now on; others are drawn meanwhile, scaled."""
        if edge_px != self._edge_px:
            self._edge_px = edge_px
            self._drop_all()

    def pixmap(self, item_id: ItemId) -> QPixmap | None:
        """The thumbnail, if it is here."""
        pixmap = self._kept.get(item_id)
        if pixmap is not None:
            self._kept.move_to_end(item_id)
        return pixmap

    def want(self, item_ids: Collection[ItemId]) -> None:
        """Exactly these are on screen: asks for those not here, forgets requests for all others."""
        for item_id in [asked for asked in self._asked if asked not in item_ids]:
            self._asked.pop(item_id).drop()
        engine = self._bridge.engine
        if engine is None:
            return
        for item_id in item_ids:
            kept = self._kept.get(item_id)
            sharp = kept is not None and kept.width() == self._edge_px
            if not sharp and item_id not in self._asked and item_id not in self._absent:
                self._asked[item_id] = self._bridge.call(
                    engine.thumbnail(item_id), partial(self._keep, item_id), partial(self._miss, item_id)
                )

    @property
    def is_idle(self) -> bool:
        """Whether no thumbnail is on its way."""
        return not self._asked

    def forget_absent(self) -> None:
        """Asks again for thumbnails that did not exist: the library changed."""
        self._absent.clear()

    def _drop_all(self) -> None:
        for call in self._asked.values():
            call.drop()
        self._asked.clear()

    def _miss(self, item_id: ItemId, _error: BaseException) -> None:
        self._keep(item_id, None)

    def _keep(self, item_id: ItemId, picture: Picture | None) -> None:
        self._asked.pop(item_id, None)
        if picture is None or not self._edge_px:
            self._absent.add(item_id)
        else:
            self._kept[item_id] = QPixmap.fromImage(cropped(to_image(picture), self._edge_px))
            self._kept.move_to_end(item_id)
            while len(self._kept) * self._edge_px**2 * 4 > CACHE_BYTES:
                self._kept.popitem(last=False)
        self.arrived.emit(item_id)
