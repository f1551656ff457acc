"""Whether a model's weights are on this computer."""

from __future__ import annotations

from dataclasses import dataclass

WITH_LIKEWISE = "came with Likewise"


@dataclass(frozen=True, slots=True)
class Presence:
    """What is here of a model.

    Attributes:
        present: all of it is here, as far as can be told without reading it.
        reason: why it is not, in the user's words.
        bytes: what it takes on this disk; of a download that broke off, what is there of it.
        place: the folder it is in, or that it came with Likewise; empty while it is not here.
    """

    present: bool
    reason: str = ""
    bytes: int = 0
    place: str = ""
