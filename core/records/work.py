"""What the engine is doing, and the library in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.records.basics import FileId
from core.records.files import Folder, Rule
from core.records.models import ModelStatus


class Activity(StrEnum):
    """What the engine is doing."""

    IDLE = "idle"
    SCANNING = "scanning"
    INDEXING = "indexing"
    LISTENING = "listening"
    """Only what takes long is left: writing down what is said."""
    PAUSED = "paused"


class PauseReason(StrEnum):
    """Why nothing further is begun. Where several hold, the first of these is said."""

    USER = "user"
    """The user said so; it stays so over a restart."""
    CRASHES = "crashes"
    """Likewise ended unexpectedly, more than once: what it read may be why."""
    BATTERY = "battery"
    """The computer runs on its battery, and the user wants it to wait then."""
    BUSY = "busy"
    """Other programs keep the processor busy, and the user wants it to wait then."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where indexing is. `eta_s` is None until a rate is known; `paused` says why, while it is."""

    activity: Activity = Activity.IDLE
    done: int = 0
    total: int = 0
    rate_per_s: float = 0.0
    eta_s: float | None = None
    note: str = ""
    paused: PauseReason | None = None


class Standing(StrEnum):
    """How it is with a file. Each has one; where several hold, it is the first of these.

    The last three are of files that are not in the library: those that are lost, and the user is asked whether they are
    to be forgotten; those that are not in it yet; those that are left out. Of the last two only some can be named, and
    they are counted folder by folder where all of one is left out.
    """

    FAILED = "failed"
    OFFLINE = "offline"
    EXCHANGED = "exchanged"
    MISSING = "missing"
    WAITING = "waiting"
    LISTENING = "listening"
    OUTDATED = "outdated"
    INDEXED = "indexed"
    LOST = "lost"
    BEING_WRITTEN = "being written"
    SKIPPED = "skipped"

    @property
    def words(self) -> str:
        """What is said behind the number of such files."""
        return _WORDS[self]

    @property
    def sentence(self) -> str:
        """What is said of one such file; of one that failed it is said why instead."""
        return _SENTENCES.get(self, "")


_WORDS = {
    Standing.FAILED: "could not be read fully",
    Standing.OFFLINE: "not connected",
    Standing.EXCHANGED: "where something else is now",
    Standing.MISSING: "moved or deleted",
    Standing.WAITING: "waiting",
    Standing.LISTENING: "to be listened to",
    Standing.OUTDATED: "known by an older model",
    Standing.INDEXED: "can be found",
    Standing.LOST: "gone for a month",
    Standing.BEING_WRITTEN: "being written",
    Standing.SKIPPED: "left out by a rule",
}
_SENTENCES = {
    Standing.OFFLINE: "Its folder or drive is not connected. What is known of it is kept.",
    Standing.EXCHANGED: "Something else is where its folder or drive was. What is known of it is kept.",
    Standing.MISSING: "Moved or deleted? It was not there when last looked for.",
    Standing.WAITING: "Waits to be read.",
    Standing.LISTENING: "Can be found. What is said in it is still to be written down.",
    Standing.OUTDATED: "Can be found as an older model knows it. Waits for the newer one.",
    Standing.INDEXED: "Can be found.",
    Standing.LOST: "Has not been there for a month. What is known of it is kept until you say otherwise.",
}
RULE_SENTENCES = {
    Rule.HIDDEN: "Left out: hidden.",
    Rule.SYSTEM: "Left out: kept by the system or a program for itself.",
    Rule.PATTERN: "Left out by your pattern {pattern}",
    Rule.TOO_LARGE: "Left out: larger than the settings allow.",
    Rule.BEING_WRITTEN: "Is still being written; will be read when that is done.",
    Rule.UNREADABLE: "Cannot be looked at now. What is known of it is kept.",
}
"""Why a file is not in the library."""


@dataclass(frozen=True, slots=True)
class FileStanding:
    """One file, how it is with it, and why. It has no id if it is not in the library."""

    file_id: FileId | None
    path: Path
    standing: Standing
    sentence: str


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Where vectors are searched: Milvus' file or address, or with an empty one this program.

    Attributes:
        goes_to: where they are being moved to, as long as that is not done and what was left not deleted; else None.
        done, total: how many of them are there.
        note: why the move does not go on just now.
    """

    here: str
    goes_to: str | None = None
    done: int = 0
    total: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The library in numbers. `items` are distinct contents, `files` their paths, each of which has one standing."""

    library: Path
    files: int
    items: int
    waiting: int
    failed: int
    standings: Mapping[Standing, int]
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
