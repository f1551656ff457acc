"""Which encoders are at work: those that answer, and those that are catching up in order to take over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.records import KINDS_OF, Kind, Role, SpaceId, SpaceSpec, Wanted

if TYPE_CHECKING:
    from core.embed.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Lineup:
    """One state of affairs; another model makes another one.

    Attributes:
        encoders: all that new media are shown to.
        active: the spaces that answer.
    """

    encoders: tuple[Encoder, ...] = ()
    active: frozenset[SpaceId] = frozenset()

    @property
    def asked(self) -> tuple[SpaceSpec, ...]:
        """The spaces that answer."""
        return tuple(
            space for encoder in self.encoders for space in encoder.spec.spaces if space.space_id in self.active
        )

    def answering(self) -> tuple[Encoder, ...]:
        """The encoders that answer."""
        return tuple(encoder for encoder in self.encoders if self.active & spaces_of([encoder]))

    def of_kind(self, kind: Kind, understood: Collection[SpaceId] = ()) -> tuple[Encoder, ...]:
        """The encoders that have something to say about media of this kind and have not said all of it."""
        return tuple(
            encoder
            for encoder in self.encoders
            if kind in encoder.spec.kinds and not spaces_of([encoder]) <= frozenset(understood)
        )

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of media that can be understood."""
        return frozenset(kind for encoder in self.encoders for kind in KINDS_OF[encoder.spec.role])


def spaces_of(encoders: Collection[Encoder]) -> frozenset[SpaceId]:
    """All spaces that these encoders fill."""
    return frozenset(space.space_id for encoder in encoders for space in encoder.spec.spaces)


def wanted_by(encoders: Collection[Encoder]) -> Wanted:
    """What a file must be turned into for these encoders."""
    roles = {encoder.spec.role for encoder in encoders}
    views = dict.fromkeys(encoder.spec.view for encoder in encoders if encoder.spec.view is not None)
    return Wanted(tuple(views), sound=bool(roles & {Role.SOUNDS, Role.SPEECH}), clips=Role.MOTION in roles)
