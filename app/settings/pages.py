"""The pages of the settings, each a column of parts under a scroll bar."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app import wording
from app.bars import SlimScrollBar
from app.bridge import Bridge
from app.controls import Label
from app.theme import SPACE_PX
from core import Event, StoreChanged, StoreStatus, cache_folder, log_folder, model_cache, model_folder

if TYPE_CHECKING:
    from core import Engine


class SettingsPage(StrEnum):
    """The pages, in their order. A setting names the one it is on."""

    MODELS = "models"
    FOLDERS = "folders"
    PERFORMANCE = "performance"
    PRIVACY = "privacy"
    ADVANCED = "advanced"


class PageColumn(QScrollArea):
    """One page."""

    def __init__(self, title: str, parts: Sequence[QWidget]) -> None:
        super().__init__()
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX)
        layout.setSpacing(2 * SPACE_PX)
        layout.addWidget(Label(title, bold=True, scale=1.3))
        for part in parts:
            layout.addWidget(part)
        layout.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(SlimScrollBar(QPalette.ColorRole.Window))
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(column)


def what_leaves(*searched_at: str | None) -> str:
    """What is sent away, with vectors searched at these files or addresses, or moving there."""
    servers = [uri for uri in searched_at if uri and uri.startswith(("http://", "https://"))]
    if servers:
        return (
            f"What is needed to search there is sent to the Milvus server at “{wording.safe(servers[0])}”, as is set "
            "under Advanced, where it says what that is; and never your files. Besides, Likewise opens a connection "
            "only to fetch a model, when you press its button."
        )
    return (
        "Nothing of yours leaves this computer. Likewise opens a connection for two things only: to fetch a model, "
        "when you press its button, and to search in Milvus, if you give a server's address under Advanced, where "
        "it says what is sent there."
    )


class _Leaves(Label):
    """What is sent away, as it is now."""

    def __init__(self, bridge: Bridge, engine: Engine) -> None:
        super().__init__(wraps=True)
        self._show(engine.stores.status)
        bridge.happened.connect(self._hear)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, StoreChanged):
            self._show(event.status)

    def _show(self, status: StoreStatus) -> None:
        self.setText(what_leaves(status.here, status.goes_to))


def make_privacy(bridge: Bridge, engine: Engine) -> list[QWidget]:
    """What is stored where, in words."""
    return [
        _Leaves(bridge, engine),
        _place(
            "Library",
            engine.library.root,
            "What Likewise knows of your files: where they are, how they look and sound, what is said in them, and "
            "small pictures of them. Deleting this folder deletes all of it and none of your files.",
        ),
        _place("Models", model_folder(), "The models that you downloaded. They hold nothing of yours."),
        _place("Models made fit for this computer", model_cache(), "Made again when it is missing."),
        _place("Other things that can be made again", cache_folder(), "Deleting this folder costs time, nothing else."),
        _place(
            "Logs",
            log_folder(),
            "What went wrong, with names of files. They stay here unless you send them to somebody.",
        ),
    ]


def _place(title: str, folder: Path, text: str) -> QWidget:
    part = QWidget()
    where = Label(wording.place_of(folder), wraps=True)
    where.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    where.setAccessibleName(f"{title}: {where.text()}")
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    layout.addWidget(Label(title, bold=True))
    layout.addWidget(where)
    layout.addWidget(Label(text, dim=True, wraps=True))
    return part
