"""Every setting, declared once: type, unit, bounds, default and description.

`Settings` is frozen and handed to whoever needs it; the preferences dialog and the documentation are made from
`fields()`. The file is JSON; unknown keys are ignored, values out of bounds fall back to the default.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.durable import make_folder, put_in_place
from core.errors import LibraryError
from core.records import Kind, Role


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting as shown to the user. `low`/`high` bound numbers; `choices`, if any, are all there are, by value."""

    name: str
    title: str
    description: str
    kind: type
    default: Any
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    page: str = "advanced"
    """The page of the settings that it is on: models, folders, performance or advanced."""


def _setting(
    default: Any,
    title: str,
    description: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Mapping[str, str] | None = None,
    page: str = "advanced",
) -> Any:
    said = {
        "title": title,
        "description": description,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices or {},
        "page": page,
    }
    return field(default=default, metadata=said)


GENTLE_NICE = 10
"""How far child processes stand back behind other programs at the gentle pace."""
_GENTLE_MODEL_NICE = 5
_FULL_NICE = 8
_FULL_MODEL_NICE = 4
"""Even at full pace the window and answers come first; where nobody else wants the processor this costs nothing."""
_MOST_DECODERS = 12


@dataclass(frozen=True)
class Settings:
    """What the user can choose. Make a changed copy with `dataclasses.replace`."""

    paused: bool = _setting(
        False,
        "Paused",
        "Nothing new is read until this is off again, also after a restart. What was read can be found.",
        page="performance",
    )
    only_on_mains: bool = _setting(
        False,
        "Only on mains power",
        "Reading waits while this computer runs on its battery.",
        page="performance",
    )
    only_when_idle: bool = _setting(
        False,
        "Only when the computer is idle",
        "Reading waits while other programs use more than a quarter of the processor (Linux only).",
        page="performance",
    )
    pace: str = _setting(
        "gentle",
        "Pace",
        "Gentle lets other programs go first and leaves a processor core free; full takes all there is.",
        choices={"gentle": "Gentle", "full": "Full"},
        page="performance",
    )
    decode_processes: int = _setting(
        0,
        "Files read at once",
        "How many processes read files side by side. 0 chooses by the number of processor cores.",
        low=0,
        high=64,
        page="performance",
    )
    batch_size: int = _setting(
        16,
        "Batch size",
        "How many pictures are understood together. Larger is faster on a graphics card.",
        low=1,
        high=512,
        page="performance",
    )
    device: str = _setting(
        "auto",
        "Compute device",
        "Where models run. Automatic takes the graphics card where it gives right answers.",
        choices={
            "auto": "Automatic",
            "cpu": "Processor",
            "cuda": "Graphics card (CUDA)",
            "mps": "Graphics card (Apple)",
        },
        page="models",
    )
    decode_limit_s: float = _setting(
        20.0,
        "Time limit per file",
        "A picture, or a stretch of a sound or video, that takes longer to read is set aside and reported.",
        unit="s",
        low=1,
        high=600,
    )
    max_file_mb: int = _setting(
        2048,
        "Largest picture file",
        "Pictures larger than this are left out.",
        unit="MB",
        low=1,
        high=65536,
        page="folders",
    )
    max_media_gb: int = _setting(
        100,
        "Largest sound or video",
        "Sounds and videos larger than this are left out.",
        unit="GB",
        low=1,
        high=10000,
        page="folders",
    )
    max_megapixels: int = _setting(
        250,
        "Most pixels",
        "Pictures with more pixels than this are set aside and reported.",
        unit="MP",
        low=1,
        high=1000,
    )
    rescan_minutes: int = _setting(
        30,
        "Look for changes every",
        "Folders are watched live; a full look finds what watching missed.",
        unit="min",
        low=1,
        high=1440,
        page="performance",
    )
    exclude: str = _setting(
        "",
        "Leave out",
        "Files and folders not to be taken in: patterns, one a line, as in a .gitignore at the top of each folder.",
        page="folders",
    )
    vector_store: str = _setting(
        "hnsw",
        "Search in",
        "Where the search for what is alike is done: in this program, or in Milvus, for libraries that outgrow one"
        " computer (docs/SCALE.md).",
        choices={"hnsw": "This program", "milvus": "Milvus"},
    )
    milvus_uri: str = _setting(
        "",
        "Milvus at",
        "A file with its whole path, or the address of a Milvus server or of Zilliz Cloud. Sent there are vectors,"
        " their ids, and each one's kind, folder as a number, day and length; never media,"
        " and names only while other libraries there are searched, too.",
    )
    shared_search: bool = _setting(
        False,
        "Also search the other libraries on this server",
        "Finds in theirs, too, and they in this one: in those that have this on. For a server of Milvus' alone; what is"
        " sent then is said below. Counts at once; off takes the names back.",
    )
    shared_as: str = _setting(
        "",
        "Called there",
        "What the others see this library called. Empty: this computer's name.",
    )
    library_disk: str = _setting(
        "local",
        "Disks for the library",
        "A library on a network drive, or in a folder that OneDrive, Dropbox or the like keep in step, is refused: its"
        " database can be damaged there. Any disk takes that risk.",
        choices={"local": "Of this computer", "any": "Any disk"},
    )
    pictures_model: str = _setting(
        "starter", "Pictures", "Which model finds photos and video moments by words and by likeness.", page="models"
    )
    looks_model: str = _setting(
        "", "Looks", "Which model judges likeness of photos beside that; empty for none.", page="models"
    )
    sounds_model: str = _setting(
        "whisper", "Sounds", "Which model finds sounds like this one; empty for none.", page="models"
    )
    motion_model: str = _setting(
        "perceiver",
        "Motion",
        "Which model finds videos that move and sound like this one; empty for none.",
        page="models",
    )
    speech_model: str = _setting(
        "minilm", "Speech", "Which model finds what is said by its meaning; empty to leave speech alone.", page="models"
    )

    @property
    def searched_at(self) -> str:
        """Milvus' file or address, if vectors are searched there; empty when they are in this program."""
        return self.milvus_uri if self.vector_store == "milvus" else ""

    @property
    def seen_as(self) -> str:
        """What other libraries on the same server see this one called; empty if they see nothing of it."""
        shares = self.shared_search and re.match("https?://", self.searched_at)
        return (self.shared_as.strip() or platform.node() or "Likewise") if shares else ""

    def with_search_at(self, uri: str) -> Settings:
        """A copy that searches in Milvus at `uri`, or with an empty one in this program; then the address is kept."""
        if not uri:
            return dataclasses.replace(self, vector_store="hnsw")
        return dataclasses.replace(self, vector_store="milvus", milvus_uri=uri)

    def model_for(self, role: Role) -> str:
        """The model chosen for a role; empty if none is to do it."""
        return str(getattr(self, f"{role}_model"))

    def with_model(self, role: Role, model_id: str) -> Settings:
        """A copy with another model for a role."""
        return dataclasses.replace(self, **{f"{role}_model": model_id})  # type: ignore[arg-type]

    @property
    def cores(self) -> int:
        """The number of processor cores to use where work is shared out by cores."""
        return max(1, (os.cpu_count() or 1) - (self.pace == "gentle"))

    @property
    def decoders(self) -> int:
        """The number of decode processes to run."""
        return self.decode_processes or min(self.cores, _MOST_DECODERS)

    @property
    def child_nice(self) -> int:
        """How far child processes stand back, as `nice` counts it: behind our own window even at full pace."""
        return GENTLE_NICE if self.pace == "gentle" else _FULL_NICE

    @property
    def model_nice(self) -> int:
        """How far the threads stand back that models run on: less than children do, because questions need them."""
        return _GENTLE_MODEL_NICE if self.pace == "gentle" else _FULL_MODEL_NICE

    def max_bytes(self, kind: Kind) -> int:
        """The largest file of a kind that is read."""
        return self.max_file_mb * 1_000_000 if kind is Kind.IMAGE else self.max_media_gb * 1_000_000_000

    @classmethod
    def specs(cls) -> Iterator[SettingSpec]:
        """Each setting's declaration, in the order in which to show them."""
        for item in dataclasses.fields(cls):
            kind = type(item.default)
            yield SettingSpec(name=item.name, kind=kind, default=item.default, **item.metadata)

    @classmethod
    def parse(cls, text: str) -> Settings | None:
        """The settings in JSON, with defaults for what is absent or out of bounds; None if it is no such text."""
        try:
            stored = json.loads(text)
        except ValueError:
            return None
        if not isinstance(stored, dict):
            return None
        return cls(**{spec.name: stored[spec.name] for spec in cls.specs() if _valid(spec, stored.get(spec.name))})

    def save(self, path: Path) -> None:
        """Writes the settings atomically: a temporary file beside `path`, then a rename. Raises LibraryError."""
        temporary = path.with_suffix(".tmp")
        try:
            make_folder(path.parent)
            temporary.write_text(json.dumps(dataclasses.asdict(self), indent=2), "utf-8")
            put_in_place(temporary, path)
        except OSError as error:
            raise LibraryError(f"The settings could not be saved: {error}.", "Is the disk full?") from error


def _valid(spec: SettingSpec, value: object) -> bool:
    if spec.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not spec.kind or (spec.choices and value not in spec.choices):
        return False
    if isinstance(value, int | float):
        return (spec.low is None or value >= spec.low) and (spec.high is None or value <= spec.high)
    return True
