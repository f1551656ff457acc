"""A score says how unlikely a match is by chance, for this question, in a library of this size."""

from __future__ import annotations

import numpy as np
import pytest

from core.records import Strength
from core.search.calibrate import score, strength, surprises


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_chance_is_measured_for_each_question() -> None:
    rng = np.random.default_rng(0)
    library = unit(rng.standard_normal((500, 64)) + 0.5)
    strangers = unit(rng.standard_normal((200, 64)) + 0.5)
    general, particular = unit(np.stack([np.ones(64), rng.standard_normal(64)]))

    for question in (general, particular):
        of_all = surprises(library @ question, question, library, strangers)
        assert abs(of_all.mean()) < 0.2, "what everything has is no surprise"
        assert of_all.std() == pytest.approx(1, abs=0.2)
    same = (
        surprises(np.float32([0.5]), general, library, strangers),
        surprises(np.float32([0.5]), particular, library, strangers),
    )
    assert same[0][0] < same[1][0], "0.5 is much for a particular question and little for one that suits anything"


def test_strangers_stand_in_for_a_library_of_a_few() -> None:
    rng = np.random.default_rng(1)
    strangers = unit(rng.standard_normal((200, 64)))
    cats = unit(rng.standard_normal((1, 64)) + 0.1 * rng.standard_normal((5, 64)))

    of_cats = surprises(cats @ cats[0], cats[0], cats, strangers)

    assert of_cats.min() > 4, "that all five are cats does not make a cat any less of a match"


def test_a_score_falls_with_the_size_of_the_library() -> None:
    assert score(4.0, 1_000) > score(4.0, 100_000)
    assert score(1.0, 5) == score(1.0, 1_000)
    assert 0 <= score(-50.0, 10**9) < score(50.0, 1) <= 1


@pytest.mark.parametrize(
    ("surprise", "expected"), [(2.0, Strength.WEAK), (3.5, Strength.LIKELY), (5.0, Strength.STRONG)]
)
def test_bands_in_a_library_of_a_thousand(surprise: float, expected: Strength) -> None:
    assert strength(score(surprise, 1_000)) is expected
