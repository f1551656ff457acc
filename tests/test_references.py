"""A hundred thousand calls into each library that is written in C, and no reference is lost or kept.

PySide6 6.12.0 lost a reference to None with each call that returns nothing, and one to True or False with each signal
that was emitted: after some thousands, Python ended. `pyproject.toml` excludes it; this finds the next one.
"""

from __future__ import annotations

import ctypes
import gc
import io
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import hnswlib
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QAbstractListModel, QIdentityProxyModel, QModelIndex, QObject, QRect, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QLabel

from app.show.thumbnails import cropped, to_image
from core.decode.thumbnail import average_colour, read_thumbnail, write_thumbnail
from core.records import Picture

CALLS = 100_000
ALLOWED = 50
BLOCKS_ALLOWED = 300
"""Of memory: sqlite3, for one, forgets its dead cursors two hundred at a time."""
WARM_UP = 200
"""Calls after which caches are full."""
KEPT = (None, True, False, (), "", b"", 0, 1, -1, *(int, float, str, bytes, bytearray, list, tuple, dict, object))
"""What Python has one of: a library that counts wrongly counts these wrongly sooner or later."""
TYPES = (np.ndarray, np.dtype(np.float32), np.dtype(np.int64), QImage, QPixmap, QModelIndex, Image.Image)

BLOCKS = "blocks of memory"
OBJECTS = "objects"

Calls = Mapping[str, Callable[[], object]]


@pytest.fixture(autouse=True)
def set_aside() -> Iterator[None]:
    """What other tests left is not looked through again and again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def balance() -> dict[str, int]:
    gc.collect()
    found = {f"references to {one!r}": sys.getrefcount(one) for one in (*KEPT, *TYPES)}
    return found | {BLOCKS: sys.getallocatedblocks(), OBJECTS: len(gc.get_objects())}


def drift(call: Callable[[], object], times: int) -> dict[str, int]:
    """What there is more of after so many calls, and less of references; what others left behind may be freed now."""
    for _ in range(WARM_UP):
        call()
    before = balance()
    for _ in range(times):
        call()
    after = balance()
    more = {what: after[what] - before[what] for what in before}
    lost = {what: by for what, by in more.items() if by < -ALLOWED and what not in (BLOCKS, OBJECTS)}
    return lost | {what: by for what, by in more.items() if by > (BLOCKS_ALLOWED if what == BLOCKS else ALLOWED)}


def require_balanced(calls: Calls, times: int = CALLS) -> None:
    lost = {name: drift(call, times // len(calls)) for name, call in calls.items()}
    assert not any(lost.values()), {name: what for name, what in lost.items() if what}


def test_a_reference_too_many_or_too_few_is_seen() -> None:
    keep, lose = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
    for function in (keep, lose):
        function.argtypes, function.restype = [ctypes.py_object], None
    for one in (None, True, False, "", 1):
        assert f"references to {one!r}" in drift(lambda one=one: keep(one), 1000)  # type: ignore[misc]
        assert f"references to {one!r}" in drift(lambda one=one: lose(one), 1000)  # type: ignore[misc]
    assert BLOCKS in drift(lambda: keep(object()), 1000)
    assert OBJECTS in drift(lambda: keep([]), 1000)
    assert not drift(lambda: None, 1000)


def test_hnswlib() -> None:
    vectors = np.random.default_rng(1).standard_normal((64, 8)).astype(np.float32)
    index = hnswlib.Index(space="ip", dim=8)
    index.init_index(64, M=4, ef_construction=8)
    index.add_items(vectors, np.arange(64))
    one, label = vectors[:1], np.array([5])

    def mark() -> None:
        index.mark_deleted(7)
        index.unmark_deleted(7)

    require_balanced(
        {
            "add_items": lambda: index.add_items(one, label, num_threads=1),
            "knn_query": lambda: index.knn_query(vectors[3], k=5, num_threads=1),
            "get_items": lambda: index.get_items([3, 4]),
            "mark_deleted": mark,
            "set_ef": lambda: index.set_ef(20),
            "get_current_count": index.get_current_count,
            "index_file_size": index.index_file_size,
        }
    )


def test_numpy() -> None:
    matrix = np.random.default_rng(1).standard_normal((32, 8)).astype(np.float32)
    raw, ids, wanted = matrix.tobytes(), np.arange(32), np.array([3, 5, 99])
    require_balanced(
        {
            "frombuffer": lambda: np.frombuffer(raw, np.float32).reshape(32, 8),
            "tobytes": matrix[3].tobytes,
            "astype": lambda: ids.astype("<i8"),
            "product": lambda: matrix @ matrix[0],
            "argpartition": lambda: np.argpartition(matrix[:, 0], 3)[:3],
            "isin": lambda: np.isin(wanted, ids),
            "searchsorted": lambda: np.searchsorted(ids, wanted),
            "concatenate": lambda: np.concatenate([ids, wanted]),
            "tolist": wanted.tolist,
            "isfinite": lambda: bool(np.isfinite(matrix).all()),
            "empty": lambda: np.empty((4, 8), np.float32),
        }
    )


def test_sqlite() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, path BLOB, name TEXT, at REAL, gone INTEGER)")
        rows = [(number, b"/a/%d" % number, f"{number}", 1.5, None) for number in range(20)]
        database.executemany("INSERT INTO item VALUES (?, ?, ?, ?, ?)", rows)

        def transaction() -> None:
            database.execute("BEGIN IMMEDIATE")
            database.execute("UPDATE item SET gone=? WHERE id=?", (True, 7)).fetchall()
            database.execute("COMMIT")

        require_balanced(
            {
                "fetchall": lambda: database.execute("SELECT * FROM item WHERE id < ?", (5,)).fetchall(),
                "fetchone": lambda: database.execute("SELECT path FROM item WHERE path=?", (b"/a/3",)).fetchone(),
                "none": lambda: database.execute("SELECT 1 FROM item WHERE id=99").fetchone(),
                "executemany": lambda: database.executemany("UPDATE item SET name=? WHERE id=?", (("x", 1), ("y", 2))),
                "transaction": transaction,
                "rowcount": lambda: database.execute("UPDATE item SET at=? WHERE id=?", (0.5, 3)).rowcount,
                "in_transaction": lambda: database.in_transaction,
            }
        )


def test_pillow() -> None:
    picture = Image.frombytes("RGB", (16, 12), bytes(range(192)) * 3)
    jpeg = write_thumbnail(picture)
    require_balanced(
        {
            "open": lambda: read_thumbnail(jpeg),
            "save": lambda: write_thumbnail(picture),
            "frombytes": lambda: Image.frombytes("RGB", (4, 4), bytes(48)),
            "resize": lambda: picture.resize((8, 6), Image.Resampling.BICUBIC, reducing_gap=2),
            "crop": lambda: picture.crop((1, 1, 9, 9)).convert("L"),
            "reduce": lambda: average_colour(picture),
            "thumbnail": lambda: picture.copy().thumbnail((4, 4)),
            "tobytes": picture.tobytes,
            "exif": lambda: Image.open(io.BytesIO(jpeg)).getexif(),
        }
    )


class _Sender(QObject):
    nothing, yes, number, anything = Signal(), Signal(bool), Signal(int, str), Signal(object)


class _Receiver(QObject):
    @Slot()
    @Slot(bool)
    @Slot(object)
    def take(self, _what: object = None) -> None:
        pass

    @Slot(int, str)
    def take_two(self, _number: int, _text: str) -> None:
        pass


@pytest.mark.parametrize("connection", [Qt.ConnectionType.DirectConnection, Qt.ConnectionType.QueuedConnection])
def test_signals(qapp: QApplication, connection: Qt.ConnectionType) -> None:
    sender, receiver, something = _Sender(), _Receiver(), {"a": 1}
    for signal in (sender.nothing, sender.yes, sender.anything):
        signal.connect(receiver.take, connection)
    sender.number.connect(receiver.take_two, connection)

    def delivered(emit: Callable[[], object]) -> Callable[[], None]:
        def call() -> None:
            emit()
            if connection is Qt.ConnectionType.QueuedConnection:
                qapp.sendPostedEvents(receiver)

        return call

    require_balanced(
        {
            "nothing": delivered(sender.nothing.emit),
            "true": delivered(lambda: sender.yes.emit(True)),
            "false": delivered(lambda: sender.yes.emit(False)),
            "number and text": delivered(lambda: sender.number.emit(7, "text")),
            "object": delivered(lambda: sender.anything.emit(something)),
            "none": delivered(lambda: sender.anything.emit(None)),
            "blocked": lambda: sender.blockSignals(False),
        }
    )


def test_calls_that_return_nothing_or_a_yes(qapp: QApplication) -> None:
    label = QLabel()
    texts = iter(range(10**9))
    require_balanced(
        {
            "setText": lambda: label.setText(f"{next(texts) % 10}"),
            "setToolTip": lambda: label.setToolTip("tip"),
            "setAccessibleName": lambda: label.setAccessibleName("name"),
            "setEnabled": lambda: label.setEnabled(next(texts) % 2 == 0),
            "setVisible": lambda: label.setVisible(False),
            "update": label.update,
            "isEnabled": label.isEnabled,
            "isVisible": label.isVisible,
            "text": label.text,
            "size": label.size,
            "setProperty": lambda: label.setProperty("kind", True),
            "property": lambda: label.property("kind"),
            "missing": lambda: label.property("none"),
        }
    )
    label.deleteLater()


class _Model(QAbstractListModel):
    def rowCount(self, _parent: object = None) -> int:  # noqa: N802 - Qt's name
        return 3

    def data(self, index: QModelIndex, role: int = 0) -> object:  # type: ignore[override]
        return {
            int(Qt.ItemDataRole.DisplayRole): "text",
            int(Qt.ItemDataRole.UserRole): self,
            int(Qt.ItemDataRole.UserRole) + 1: True,
            int(Qt.ItemDataRole.UserRole) + 2: index.row(),
        }.get(int(role))


def test_models(qapp: QApplication) -> None:
    model, proxy = _Model(), QIdentityProxyModel()
    proxy.setSourceModel(model)
    index = proxy.index(1, 0)
    user = int(Qt.ItemDataRole.UserRole)
    roles = {"text": 0, "object": user, "true": user + 1, "row": user + 2, "none": user + 3}
    require_balanced(
        {name: lambda role=role: index.data(role) for name, role in roles.items()}  # type: ignore[misc]
        | {
            "rowCount": proxy.rowCount,
            "index": lambda: proxy.index(2, 0),
            "parent": lambda: proxy.parent(index),
            "flags": lambda: proxy.flags(index),
            "dataChanged": lambda: model.dataChanged.emit(model.index(0, 0), model.index(1, 0), [0]),
            "isValid": index.isValid,
        }
    )


def test_pictures(qapp: QApplication) -> None:
    picture = Picture(12, 8, bytes(12 * 8 * 3))
    image = to_image(picture)
    pixmap, onto = QPixmap.fromImage(image), QImage(16, 16, QImage.Format.Format_RGB32)

    def paint() -> None:
        painter = QPainter(onto)
        painter.fillRect(QRect(0, 0, 4, 4), QColor(1, 2, 3))
        painter.drawPixmap(0, 0, pixmap)
        painter.drawImage(0, 0, image)
        painter.end()

    require_balanced(
        {
            "image": lambda: to_image(picture),
            "cropped": lambda: cropped(image, 4),
            "pixmap": lambda: QPixmap.fromImage(image),
            "paint": paint,
            "isNull": image.isNull,
            "size": lambda: (pixmap.width(), image.height(), image.sizeInBytes()),
        }
    )
