"""What the window remembers of itself between two runs: sizes, places, the last question. No engine settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from app.theme import Look

DEFAULT_CELL_PX = 160
MIN_CELL_PX = 96
MAX_CELL_PX = 512


class Preferences:
    """Reads and writes one small file beside the library. Values it cannot read are as if never written."""

    def __init__(self, path: Path) -> None:
        self._file = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def geometry(self) -> QByteArray:
        """The window's place and size, as Qt saves it; empty when unknown."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._file.setValue("window/geometry", value)

    @property
    def splitter(self) -> QByteArray:
        """How the window's width is shared; empty when unknown."""
        return self._bytes("window/splitter")

    @splitter.setter
    def splitter(self, value: QByteArray) -> None:
        self._file.setValue("window/splitter", value)

    @property
    def cell_px(self) -> int:
        """The wanted edge of a thumbnail."""
        stored = str(self._file.value("grid/cell_px", DEFAULT_CELL_PX))
        return min(max(int(stored), MIN_CELL_PX), MAX_CELL_PX) if stored.isdecimal() else DEFAULT_CELL_PX

    @cell_px.setter
    def cell_px(self, value: int) -> None:
        self._file.setValue("grid/cell_px", value)

    @property
    def look(self) -> Look:
        """System, light or dark."""
        stored = str(self._file.value("window/look", Look.SYSTEM))
        return Look(stored) if stored in set(Look) else Look.SYSTEM

    @look.setter
    def look(self, value: Look) -> None:
        self._file.setValue("window/look", str(value))

    def shows(self, part: str) -> bool:
        """Whether the part (`sidebar`, `details`) is shown."""
        return str(self._file.value(f"window/{part}", "true")) != "false"

    def set_shows(self, part: str, *, shown: bool) -> None:
        """Remembers whether the part is shown."""
        self._file.setValue(f"window/{part}", "true" if shown else "false")

    @property
    def question(self) -> dict[str, Any]:
        """The last question, as `ask.question_model` wrote it."""
        try:
            stored = json.loads(str(self._file.value("ask/question", "{}")))
        except ValueError:
            return {}
        return stored if isinstance(stored, dict) else {}

    @question.setter
    def question(self, value: dict[str, Any]) -> None:
        self._file.setValue("ask/question", json.dumps(value))

    @property
    def folder_place(self) -> str:
        """The folder in which a folder was last chosen."""
        return str(self._file.value("folders/place", ""))

    @folder_place.setter
    def folder_place(self, value: str) -> None:
        self._file.setValue("folders/place", value)

    @property
    def knows_of_better_model(self) -> bool:
        """Whether the user was told that there is a better model, and needs not be told again."""
        return str(self._file.value("models/knows_of_better", "false")) == "true"

    @knows_of_better_model.setter
    def knows_of_better_model(self, value: bool) -> None:
        self._file.setValue("models/knows_of_better", "true" if value else "false")

    def save(self) -> None:
        """Writes the file now."""
        self._file.sync()

    def _bytes(self, key: str) -> QByteArray:
        value = self._file.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()
