"""A score says how unlikely a match is by chance, for this question, in this library."""

from __future__ import annotations

import numpy as np
import pytest

from core.records import Strength
from core.search.calibrate import alike, best_of, chance, chances, score, strength, surprise_of

NOBODY = np.empty((0, 64), np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def surprises(
    library: np.ndarray, question: np.ndarray, strangers: np.ndarray = NOBODY, owners: object = None
) -> np.ndarray:
    """Of everything in the library; each row is an item of its own unless `owners` says otherwise."""
    weights = np.ones(len(library))
    if owners is not None:
        _, places, sizes = np.unique(np.asarray(owners), return_inverse=True, return_counts=True)
        weights = (chances(sizes, alike(library, places, sizes)) / sizes)[places]
    return chance(question[None], library, weights, strangers).surprises(library @ question[:, None])[:, 0]


def strengths(found: np.ndarray) -> list[Strength]:
    return [strength(score(float(surprise))) for surprise in found]


def test_chance_is_measured_for_each_question() -> None:
    rng = np.random.default_rng(0)
    library, strangers = unit(rng.standard_normal((500, 64)) + 0.5), unit(rng.standard_normal((200, 64)) + 0.5)
    general, particular = unit(np.stack([np.ones(64), rng.standard_normal(64)]))

    for question in (general, particular):
        of_all = surprises(library, question, strangers)
        assert abs(np.median(of_all)) < 0.2, "what everything has is no surprise"
        assert of_all.std() == pytest.approx(1, abs=0.2)
    half = np.full((1, 1), 0.5, np.float32)
    of_general, of_particular = (
        chance(question[None], library, np.ones(500), strangers).surprises(half)[0, 0]
        for question in (general, particular)
    )
    assert of_general < of_particular, "0.5 is much for a particular question and little for one that suits anything"


def test_strangers_stand_in_for_a_library_of_a_few() -> None:
    rng = np.random.default_rng(1)
    strangers = unit(rng.standard_normal((200, 64)))
    cats = unit(rng.standard_normal((1, 64)) + 0.1 * rng.standard_normal((5, 64)))

    assert surprises(cats, cats[0], strangers).min() > 4, "that all five are cats does not make one less of a match"


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_matches_do_not_make_each_other_weak(share: float) -> None:
    rng = np.random.default_rng(2)
    dog, dogs = unit(rng.standard_normal(64)), int(1000 * share)
    others = unit(rng.standard_normal((1000 - dogs, 64)))
    library = np.concatenate([unit(dog + 0.08 * rng.standard_normal((dogs, 64))), others])

    bands = strengths(surprises(library, dog))

    assert Strength.WEAK not in bands[:dogs]
    assert Strength.STRONG not in bands[dogs:]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_a_library_of_a_few_is_modest(count: int) -> None:
    rng = np.random.default_rng(3)
    strong = 0
    for _ in range(200):
        library = unit(rng.standard_normal((count, 64)))
        strong += Strength.STRONG in strengths(surprises(library, unit(rng.standard_normal(64))))
        if count < 5:
            assert Strength.STRONG not in strengths(surprises(library, library[0])), "too few to compare it with"
    assert strong <= 2


def test_an_hour_of_rain_does_not_make_everything_else_a_surprise() -> None:
    rng = np.random.default_rng(4)
    rain = unit(unit(rng.standard_normal(64)) + 0.001 * rng.standard_normal((1900, 64)))
    library = np.concatenate([rain, unit(rng.standard_normal((100, 64)))])
    owners = [0] * 1900 + list(range(1, 101))
    question = unit(rng.standard_normal(64))

    as_items, as_rows = surprises(library, question, owners=owners), surprises(library, question)

    assert strengths(as_items).count(Strength.STRONG) == 0
    assert strengths(as_rows).count(Strength.STRONG) > 5, "else this test tells nothing"


def test_lines_of_one_talk_are_compared_with_each_other() -> None:
    rng = np.random.default_rng(5)
    lines = unit(rng.standard_normal((300, 64)))

    bands = strengths(surprises(lines, unit(lines[7] + 0.05 * rng.standard_normal(64)), owners=[1] * 300))

    assert bands[7] is Strength.STRONG
    assert bands.count(Strength.STRONG) == 1


def test_alike_segments_count_as_few() -> None:
    count = np.array([1.0, 10.0, 1000.0])
    assert chances(count, 0.0).tolist() == count.tolist()
    assert chances(count, 1.0).tolist() == [1.0, 1.0, 1.0]
    assert 5 < chances(count, 0.1)[1] < 10
    rng = np.random.default_rng(6)
    owners = np.repeat(np.arange(100), 10)
    centres = rng.standard_normal((100, 64))[owners]
    for noise, least, most in [(0.1, 0.9, 1.0), (1.0, 0.4, 0.6), (50.0, 0.0, 0.1)]:
        library = unit(centres + noise * rng.standard_normal((1000, 64)))
        likeness = alike(library, owners, np.full(100, 10))
        assert least <= likeness.mean() <= most


def test_the_best_of_many_is_less_of_a_surprise() -> None:
    rng = np.random.default_rng(7)
    best = rng.standard_normal((4000, 100)).max(axis=1)
    assert np.mean(best_of(best, 100.0) > 2) == pytest.approx(0.0228, abs=0.012), "about as if it were drawn once"
    some = np.float32([-3, -1, 0, 1, 3, 9])
    assert best_of(some, 1.0).tolist() == some.tolist()
    assert (np.diff(best_of(some, 50.0)) > 0).all(), "the order is the same"
    assert not np.isnan(best_of(np.float32([-np.inf]), 50.0)).any()


@pytest.mark.parametrize("expected", [0.001, 0.01, 0.3, 1.0, 100.0])
def test_a_surprise_is_what_chance_gives_so_often(expected: float) -> None:
    assert score(surprise_of(expected)) == pytest.approx(1 / (1 + expected), rel=1e-3)


@pytest.mark.parametrize(
    ("surprise", "expected"), [(2.0, Strength.WEAK), (3.5, Strength.LIKELY), (5.0, Strength.STRONG)]
)
def test_bands(surprise: float, expected: Strength) -> None:
    assert strength(score(surprise)) is expected
    assert 0 <= score(-50.0) < score(50.0) <= 1
