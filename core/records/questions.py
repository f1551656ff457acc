"""What is asked and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.records.basics import FileId, FolderId, ItemId, Kind
from core.records.files import Away
from core.records.media import Line, Metadata


@dataclass(frozen=True, slots=True)
class Example:
    """Something to find more of: a file of the library, any file by path, or a picture's bytes (pasted).

    With `start_ms` and `end_ms` only that stretch of a sound or video counts. `less`: to find less of.
    """

    path: Path | None = None
    file_id: FileId | None = None
    data: bytes | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    less: bool = False


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
    """What the user asks: words, examples, or both, within filters; at most `limit` answers.

    `without` are words for what is not wanted. `shared`: other libraries are asked, too, where search is shared.
    """

    text: str = ""
    examples: tuple[Example, ...] = ()
    filters: Filters = Filters()
    limit: int = 200
    without: str = ""
    shared: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked (filters alone ask for browsing)."""
        return not self.text.strip() and not self.without.strip() and not self.examples


class Strength(StrEnum):
    """How sure a match is, by scores calibrated on the library itself."""

    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a sound or video that matches. `line` is what is said there, where that is why."""

    start_ms: int
    end_ms: int
    score: float
    strength: Strength
    reason: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One file that answers. `score` is calibrated to 0..1 and comparable between spaces.

    `start_ms`, `end_ms`, `reason` and `line` are those of the best moment; `moments` are all that match, in order of
    time, the best one included. When browsing, `strength` is None, `score` 0 and `space` empty. `away` is the drive or
    folder that must be there again for the file to be opened; `missing`: it was not found when last looked for.
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
    line: str = ""
    moments: tuple[Moment, ...] = ()
    duration_ms: int = 0
    taken_at: str = ""
    away: Away | None = None
    missing: bool = False

    @property
    def can_be_opened(self) -> bool:
        """Whether the file is there, as far as is known."""
        return self.away is None and not self.missing


@dataclass(frozen=True, slots=True)
class Other:
    """A file of another library on the same server, `library` as that is called: only there can it be opened."""

    library: str
    name: str
    kind: Kind
    score: float
    strength: Strength


class Outcome(StrEnum):
    """What kind of answer this is; every state but FOUND and BROWSE has a page of its own."""

    FOUND = "found"
    BROWSE = "browse"
    EMPTY_LIBRARY = "empty library"
    NO_GOOD_MATCH = "no good match"
    FILTERED_OUT = "filtered out"


@dataclass(frozen=True, slots=True)
class Answer:
    """Results best first. With NO_GOOD_MATCH the results are all weak.

    `others` are what other libraries have that matches, best first; `others_note` says why they could not be asked.
    """

    question: Question
    outcome: Outcome
    results: Sequence[Result] = ()
    elapsed_ms: float = 0.0
    others: Sequence[Other] = ()
    others_note: str = ""

    @property
    def may_have_more(self) -> bool:
        """Whether the list ends where the question wanted it to end, so that there may be more."""
        return len(self.results) >= self.question.limit


@dataclass(frozen=True, slots=True)
class Details:
    """All we know of one file.

    `copies` are other paths with the same bytes, `transcript` is what is said in it, `peaks` how loud it is (0 to 255)
    in equal steps from start to end.
    """

    result: Result
    size_bytes: int
    mtime: float
    metadata: Metadata
    copies: tuple[Path, ...] = ()
    transcript: tuple[Line, ...] = ()
    peaks: bytes = b""
