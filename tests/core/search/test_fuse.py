"""What several spaces know of segments and their items, as one order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.search.calibrate import surprise_of
from core.search.fuse import Evidence, Fused, Medium, fuse

NONE = np.nan


def said_by(part: int, medium: Medium, surprises: Sequence[float], **more: object) -> Evidence:
    return Evidence(part, medium, np.array(surprises, np.float32), **more)  # type: ignore[arg-type]


def fused(*evidence: Evidence, starts: Sequence[int] | None = None, agreement: float = 0.0) -> Fused:
    """Each segment is an item of its own unless `starts` says otherwise."""
    count = len(evidence)
    matrix = np.full((count, count), agreement) + (1 - agreement) * np.eye(count)
    begin = np.arange(len(evidence[0].surprises)) if starts is None else np.array(starts)
    return fuse(evidence, matrix, begin)


def test_one_space_keeps_its_own_surprises() -> None:
    found = fused(said_by(0, Medium.SEEN, [1, 5, -2]))
    assert found.items.tolist() == found.segments.tolist() == [1, 5, -2]


def test_what_cannot_be_known_is_not_held_against_a_segment() -> None:
    """A photo, and a line of speech, asked by words in both of their spaces."""
    found = fused(said_by(0, Medium.SEEN, [5, NONE]), said_by(0, Medium.SAID, [NONE, 4]))
    assert found.items.tolist() == [5, 4]
    assert found.speaker.tolist() == [0, 1]


def test_two_models_that_look_at_the_same_are_together_surer_than_one_and_not_if_they_always_agree() -> None:
    pieces = said_by(0, Medium.SEEN, [4, 4, 6]), said_by(0, Medium.SEEN, [4, NONE, 0])
    apart, same = fused(*pieces), fused(*pieces, agreement=1.0)
    assert apart.items == pytest.approx([8 / np.sqrt(2), 4, 6 / np.sqrt(2)])
    assert same.items == pytest.approx([4, 4, 3])


def test_the_best_segment_speaks_for_its_item_as_the_best_of_so_many() -> None:
    surprises = [5, 1, 0, 2, 5]
    apart = fused(said_by(0, Medium.SEEN, surprises, alike=0.0), starts=[0, 4])
    alike = fused(said_by(0, Medium.SEEN, surprises, alike=1.0), starts=[0, 4])
    assert apart.best.tolist() == alike.best.tolist() == [0, 4]
    assert alike.items.tolist() == [5, 5]
    assert apart.items[1] == 5
    assert 4 < apart.items[0] < 5


def test_seen_and_said_is_better_than_either_and_one_alone_is_enough() -> None:
    """Three videos of a shot and a line each."""
    seen, said = [5, NONE, 5, NONE, 0, NONE], [NONE, 5, NONE, -1, NONE, 5]
    found = fused(said_by(0, Medium.SEEN, seen), said_by(0, Medium.SAID, said), starts=[0, 2, 4])
    assert found.items == pytest.approx([np.sqrt(50), 5, 5])


def test_all_parts_of_a_question_matter() -> None:
    found = fused(said_by(0, Medium.SEEN, [4, 7, 0, -1]), said_by(1, Medium.SEEN, [4, 0, 7, -1]))
    assert found.items.argmax() == 0
    assert found.items == pytest.approx([8 / np.sqrt(2), 7 / np.sqrt(2), 7 / np.sqrt(2), -2 / np.sqrt(2)])
    sure = fused(said_by(0, Medium.SEEN, [4]), said_by(1, Medium.SEEN, [4]), agreement=1.0)
    assert sure.items == pytest.approx([4]), "the same asked twice is asked once"


def test_parts_may_match_in_different_moments() -> None:
    found = fused(said_by(0, Medium.SEEN, [6, 0, 6, 0]), said_by(1, Medium.SEEN, [0, 6, 0, 0]), starts=[0, 2])
    assert found.items[0] > 1.8 * found.items[1]


def test_less_only_ever_takes_away() -> None:
    wanted = said_by(0, Medium.SEEN, [6, 6, 6, 0])
    unwanted = said_by(1, Medium.SEEN, [7, 0.5, -9, -9], less=True)
    plain, found = fused(wanted), fused(wanted, unwanted)
    assert found.items[0] < 0
    assert found.items[1:].tolist() == plain.items[1:].tolist(), "being unlike it is no merit, nor is chance a fault"
    assert found.speaker.tolist() == [0, 0, 0, 0]


def test_a_video_is_judged_by_the_moment_that_has_what_is_wanted_alone() -> None:
    wanted = said_by(0, Medium.SEEN, [6, 5.5, 6, 1])
    unwanted = said_by(1, Medium.SEEN, [8, 0, 8, 8], less=True)
    found = fused(wanted, unwanted, starts=[0, 2])
    assert found.best.tolist() == [1, 2]
    assert found.items[0] > 4 > found.items[1]


def test_of_many_things_a_match_must_be_more_convincing() -> None:
    few, many = (fused(said_by(0, Medium.SEEN, [5, 3], count=count)).items for count in (10, 1_000_000))
    assert few.tolist() == [5, 3]
    assert (many < few).all()
    assert many[0] == pytest.approx(surprise_of(1_000_000 * 2.87e-7), abs=0.15)


def test_nothing_known_is_no_match() -> None:
    found = fused(said_by(0, Medium.SEEN, [NONE, 1]), said_by(1, Medium.SEEN, [9, 0], less=True))
    assert found.items.tolist() == [-np.inf, 1]


def test_equals_keep_their_order() -> None:
    found = fused(said_by(0, Medium.SEEN, [3, 3, 3, 3]), starts=[0, 3])
    assert found.best.tolist() == [0, 3]
