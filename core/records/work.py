"""What the engine is doing, and the library in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.records.files import Folder
from core.records.models import ModelStatus


class Activity(StrEnum):
    """What the engine is doing."""

    IDLE = "idle"
    SCANNING = "scanning"
    INDEXING = "indexing"
    LISTENING = "listening"
    """Only what takes long is left: writing down what is said."""
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where indexing is. `eta_s` is None until a rate is known."""

    activity: Activity = Activity.IDLE
    done: int = 0
    total: int = 0
    rate_per_s: float = 0.0
    eta_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The library in numbers. `items` are distinct contents, `files` their paths."""

    library: Path
    files: int
    items: int
    waiting: int
    failed: int
    folders: tuple[Folder, ...]
    models: tuple[ModelStatus, ...]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Backup:
    """What only the user can make, as it was at some time. A higher `number` is later, whatever the clock says.

    Attributes:
        made_at: Unix seconds.
        folders: those that were watched.
        settings: the settings as JSON; empty if their file was damaged.
    """

    number: int
    made_at: float
    folders: tuple[Path, ...]
    settings: str
