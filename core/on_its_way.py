"""Files on their way through the pipeline, a stretch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.lineup import Lineup, spaces_of
from core.records import ContentHash, Decoded, FileId, Kind, Role, Segment, SpaceId
from core.store.saving import IndexedFile, IndexedSegment
from core.store.work_queue import WorkItem

if TYPE_CHECKING:
    from core.embed.encoder import Encoder

STRETCH_WEIGHT = 8
"""A stretch of a sound or video takes as much memory as so many pictures, or more."""


@dataclass(eq=False, slots=True)
class Begun:
    """A file on its way. What its first stretch said of the whole is kept until the last."""

    item: WorkItem
    content: ContentHash
    encoders: tuple[Encoder, ...]
    listening: bool
    first: Decoded | None = None
    peaks: bytearray = field(default_factory=bytearray)
    unable: set[Encoder] = field(default_factory=set)
    found: bool = False

    @property
    def file_id(self) -> FileId:
        """The file's number in the catalog."""
        return self.item.file_id


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file that was decoded; a picture is one stretch."""

    begun: Begun
    segments: Sequence[Segment]
    kind: Kind
    ends: bool

    @property
    def weight(self) -> int:
        """How much room it takes, in pictures."""
        return 1 if self.kind is Kind.IMAGE else STRETCH_WEIGHT


def stretch_to_save(stretch: Stretch, segments: list[IndexedSegment], lineup: Lineup) -> tuple[IndexedFile, bytes]:
    """A stretch that was embedded as it is to be saved, and the thumbnail that goes with it, if any."""
    begun = stretch.begun
    if begun.first is None:
        raise AssertionError("a stretch was decoded")
    understood: frozenset[SpaceId] = frozenset()
    later = False
    if stretch.ends:
        speech = [encoder for encoder in lineup.of_kind(stretch.kind) if encoder.spec.role is Role.SPEECH]
        done = {*begun.encoders} - begun.unable
        if not begun.listening and not any(begun.peaks):
            done |= {*speech}  # nothing is said where nothing is heard
        later = bool({*speech} - done - begun.unable) and not begun.listening
        understood = spaces_of(done)
    return IndexedFile(
        begun.file_id,
        begun.item.signature,
        begun.content,
        stretch.kind,
        begun.first.metadata,
        begun.first.colour,
        segments,
        peaks=bytes(begun.peaks) if stretch.ends else b"",
        understood=understood,
        ends=stretch.ends,
        later=later,
    ), begun.first.thumbnail if stretch.ends else b""
