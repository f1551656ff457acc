"""Several spaces, one order."""

from __future__ import annotations

import numpy as np

from core.records import SpaceId, SpaceSpec
from core.search.fuse import fuse

WORDS = SpaceSpec(SpaceId("words"), 4, answers_text=True, answers_media=False, reason="matches the words")
LOOKS = SpaceSpec(SpaceId("looks"), 4, answers_text=False, answers_media=True, reason="looks like")


def test_what_both_spaces_say_beats_what_one_says() -> None:
    ids = np.array([3, 5, 9])
    ranked = fuse(ids, [(WORDS, np.float32([4, 3, 0])), (LOOKS, np.float32([0, 3, 4.5]))])

    assert ranked.segments.tolist() == [5, 9, 3]
    assert [spec.space_id for spec in ranked.spaces] == ["words", "looks", "words"]


def test_one_space_keeps_its_own_surprises() -> None:
    ranked = fuse(np.array([1, 2]), [(WORDS, np.float32([1, 2]))])

    assert ranked.segments.tolist() == [2, 1]
    assert ranked.surprises.tolist() == [2, 1]


def test_a_segment_unknown_to_a_space_counts_as_chance_there() -> None:
    ranked = fuse(np.array([1, 2]), [(WORDS, np.float32([np.nan, 1])), (LOOKS, np.float32([4, 1]))])

    assert ranked.segments.tolist() == [1, 2]


def test_ties_go_to_the_older() -> None:
    ranked = fuse(np.array([7, 2, 4]), [(WORDS, np.float32([1, 1, 1]))])

    assert ranked.segments.tolist() == [2, 4, 7]
