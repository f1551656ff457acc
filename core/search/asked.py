"""One part of a question, as vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.records import ContentHash, SpaceId, Vectors


@dataclass(frozen=True, slots=True)
class Asked:
    """Words or an example.

    Attributes:
        vectors: (n, dim) in each space in which it can be asked; several where an example has several segments.
        less: whether it is what is not wanted.
        words: the words, for search by the very words; empty for an example.
        content: an example's content: files that hold it say so.
    """

    vectors: Mapping[SpaceId, Vectors]
    less: bool = False
    words: str = ""
    content: ContentHash | None = None
