"""A video taken apart where the picture changes: shots, and for each the frame that stands for it.

A cut is told by colours and by where they are, both (after Boreczky and Rowe, 1996): what moves keeps its colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.decode.frames import Shown, Small
from core.decode.still import Still

_LONGEST_MS = 10_000
_LONGEST_STILL_MS = 60_000
_SHORTEST_MS = 1000
_BLOCKS = 9, 16
_LEVELS = 4
_CUT_COLOURS = 0.30
"""Share of the picture whose colours are others."""
_CUT_BLOCKS = 0.10
"""Mean difference of a ninth by a sixteenth of the picture, of 1."""
_CUT_BLOCKS_ALONE = 0.20
"""The same, whatever the colours are: the limits are those that tell 21 real videos' frames from each other's best."""
_STILL_BLOCKS = 0.015
_BLACK_MEAN = 24
_BLACK_SPREAD = 10
_CANDIDATES = 8
_SHARP_ENOUGH = 0.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that may stand for its shot."""

    at_ms: int
    sharpness: float
    still: Still


@dataclass(frozen=True, slots=True)
class Shot:
    """A part of a video without cut, and the frame that stands for it; none if all is black."""

    start_ms: int
    end_ms: int
    key: Candidate | None


@dataclass(frozen=True, slots=True)
class _Look:
    """What is compared of a frame: how much of it has which colour, and what it looks like from afar."""

    colours: NDArray[np.float64]
    blocks: NDArray[np.float64]
    is_black: bool
    sharpness: float

    @classmethod
    def at(cls, small: Small) -> _Look:
        height, width, _ = small.shape
        levels = small.astype(np.int32) * _LEVELS // 256
        bins = (levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
        colours = np.bincount(bins.ravel(), minlength=_LEVELS**3) / bins.size
        rows, columns = _BLOCKS
        blocks = small.reshape(rows, height // rows, columns, width // columns, 3).mean(axis=(1, 3)) / 255
        grey = small.astype(np.float64).mean(axis=2)
        edges = float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
        is_black = bool(grey.mean() < _BLACK_MEAN and grey.std() < _BLACK_SPREAD)
        return cls(colours, blocks, is_black, edges)

    def moved(self, other: _Look) -> float:
        return float(np.abs(self.blocks - other.blocks).mean())

    def is_cut_from(self, other: _Look) -> bool:
        if self.is_black != other.is_black:
            return True
        recoloured, moved = float(np.abs(self.colours - other.colours).sum() / 2), self.moved(other)
        return moved > _CUT_BLOCKS_ALONE or (recoloured > _CUT_COLOURS and moved > _CUT_BLOCKS)


@dataclass(slots=True)
class _Growing:
    """A shot whose end is not known yet."""

    start_ms: int
    first: _Look
    has_moved: bool = False
    candidates: list[Candidate] = field(default_factory=list)
    _seen: int = 0
    _stride: int = 1

    def add(self, shown: Shown, look: _Look, still: Callable[[Shown], Still]) -> None:
        self.has_moved |= look.moved(self.first) > _STILL_BLOCKS
        if look.is_black:
            return
        if self._seen % self._stride == 0:
            self.candidates.append(Candidate(shown.at_ms, look.sharpness, still(shown)))
        self._seen += 1
        if len(self.candidates) > _CANDIDATES:
            del self.candidates[1::2]
            self._stride *= 2

    def ends_at(self, at_ms: int, look: _Look, before: _Look) -> bool:
        length_ms = at_ms - self.start_ms
        if length_ms < _SHORTEST_MS:
            return False
        has_moved = self.has_moved or look.moved(self.first) > _STILL_BLOCKS
        return length_ms >= (_LONGEST_MS if has_moved else _LONGEST_STILL_MS) or look.is_cut_from(before)

    def ended(self, end_ms: int) -> Shot:
        """With its key: of the frames that are sharp enough the one nearest to the middle."""
        sharpest = max((candidate.sharpness for candidate in self.candidates), default=0.0)
        sharp = [candidate for candidate in self.candidates if candidate.sharpness >= _SHARP_ENOUGH * sharpest]
        middle_ms = (self.start_ms + end_ms) / 2
        key = min(sharp, key=lambda candidate: (abs(candidate.at_ms - middle_ms), candidate.at_ms), default=None)
        return Shot(self.start_ms, end_ms, key)


def shots(
    looks: Iterable[tuple[Shown, Small]], still: Callable[[Shown], Still], over: Callable[[int], int]
) -> Iterator[Shot]:
    """The shots that `looks` show, in order. `over` says when the last one ends, given the time of the last look."""
    shot: _Growing | None = None
    before: _Look | None = None
    last_ms = 0
    for shown, small in looks:
        look, last_ms = _Look.at(small), shown.at_ms
        if shot is None or before is None:
            shot = _Growing(last_ms, look)
        elif shot.ends_at(last_ms, look, before):
            yield shot.ended(last_ms)
            shot = _Growing(last_ms, look)
        shot.add(shown, look, still)
        before = look
    if shot is not None:
        yield shot.ended(over(last_ms))
