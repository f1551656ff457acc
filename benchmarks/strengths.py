"""Whether strong is strong: what the starter's answers are called, where what was asked for is there and where not.

    python benchmarks/strengths.py       # needs $LIKEWISE_SHARED

Photos of flickr8k, caltech101 and grocery are the library. *There*: the name of each class of caltech101; right are its
photos. *Not there*: things that none of the photos shows, though some show something near. *A tenth*: libraries in
which every tenth photo is of the class asked for. *Few*: libraries of some photos, one of which is right, or none.
Beside what the app does, the same with mean and deviation instead of median and quartile, and normal tails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import heading
from retrieval import SHARED, STARTER, WEIGHTS, decode

from core.decode.pool import DecodePool
from core.embed.starter import Starter
from core.paths import model_cache
from core.records import Strength, Vectors
from core.search.calibrate import chance, score, strength

ABSENT = [
    "an underwater welding competition",
    "quarterly tax return of a limited company",
    "a submarine",
    "a nuclear power plant",
    "an x-ray of a knee",
    "a galaxy seen through a telescope",
    "a chess tournament",
    "an igloo",
    "a bagpipe player",
    "a volcano erupting",
    "a court room",
    "the Eiffel tower",
    "a fire engine",
    "a dentist at work",
    "a circus tent",
    "a microscope image of bacteria",
    "a vineyard",
    "a lighthouse in a storm",
    "an oil rig",
    "a cable car",
    "a steam locomotive",
    "a hospital bed",
    "a priest",
    "a polar bear",
    "a traffic jam at night",
    "a printed circuit board",
    "a medieval castle",
]
Measure = Callable[[Vectors, Vectors, Vectors], NDArray[np.float64]]
"""Surprises (n,) of a question (dim,) in a library (n, dim) beside strangers (s, dim)."""


def ours(question: Vectors, library: Vectors, strangers: Vectors) -> NDArray[np.float64]:
    """What the app does."""
    measured = chance(question[None], library, np.ones(len(library)), strangers)
    return measured.surprises(library @ question[:, None])[:, 0].astype(np.float64)


def plain(question: Vectors, library: Vectors, strangers: Vectors) -> NDArray[np.float64]:
    """Mean and deviation."""
    by_chance = np.concatenate([library, strangers]) @ question
    deviations: NDArray[np.float64] = (library @ question - by_chance.mean()) / max(float(by_chance.std()), 1e-3)
    return deviations


def bands(surprises: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which are at least likely, and which are strong."""
    found = [strength(score(float(surprise))) for surprise in surprises]
    return np.array([one is not Strength.WEAK for one in found]), np.array([one is Strength.STRONG for one in found])


def report_large(
    name: str, measure: Measure, library: Vectors, strangers: Vectors, asked: Vectors, absent: Vectors, truth: object
) -> None:
    """One row: all photos as one library."""
    right = np.asarray(truth)
    likely, strong = (
        np.array(rows) for rows in zip(*(bands(measure(q, library, strangers)) for q in asked), strict=True)
    )
    wrong = [bands(measure(q, library, strangers)) for q in absent]
    values = [
        (likely & right).sum() / right.sum(),
        (strong & right).sum() / right.sum(),
        (likely & right).sum() / max(1, likely.sum()),
        (strong & right).sum() / max(1, strong.sum()),
        np.mean([likely.any() for likely, _ in wrong]),
        np.mean([strong.any() for _, strong in wrong]),
    ]
    print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")


def report_shares(
    name: str, measure: Measure, library: Vectors, strangers: Vectors, asked: Vectors, absent: Vectors, truth: object
) -> None:
    """One row: libraries of which a tenth is right, and small ones."""
    rng = np.random.default_rng(0)
    right = np.asarray(truth)
    tenth: list[NDArray[np.bool_]] = []
    few = {count: (list[bool](), list[bool]()) for count in (5, 20, 100)}
    for question, row in zip(asked, right, strict=True):
        mine, others = np.flatnonzero(row), np.flatnonzero(~row)
        some = library[np.concatenate([mine, rng.choice(others, 9 * len(mine), replace=False)])]
        tenth.append(bands(measure(question, some, strangers))[0][: len(mine)])
        for count, (there, _) in few.items():
            some = library[np.concatenate([rng.choice(mine, 1), rng.choice(others, count - 1, replace=False)])]
            there.append(bool(bands(measure(question, some, strangers))[0][0]))
    for question in absent:
        for count, (_, not_there) in few.items():
            some = library[rng.choice(len(library), count, replace=False)]
            not_there.append(bool(bands(measure(question, some, strangers))[0].any()))
    cells = [f"{np.concatenate(tenth).mean():.2f}"]
    cells += [f"{np.mean(there):.2f} / {np.mean(not_there):.2f}" for there, not_there in few.values()]
    print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    heading("Strengths")
    starter = Starter(STARTER, weights=WEIGHTS, device="cpu", cache=model_cache())
    pool = DecodePool(os.cpu_count() or 1, limit_s=60, max_pixels=100_000_000, max_bytes=1 << 30)
    photos, classes = [], []
    try:
        for name in ("flickr8k", "caltech101", "grocery"):
            labels, decoded = decode(pool, Path(SHARED) / "data" / name)
            for start in range(0, len(decoded), 16):
                segments = [one.segments[0] for one in decoded[start : start + 16]]
                photos.append(next(iter(starter.encode_media(segments).values())))
            classes += [row["class"] if name == "caltech101" else "" for row in labels]
    finally:
        pool.close(10)
    library = np.concatenate(photos)
    names = sorted(set(classes) - {""})
    (asked,) = starter.encode_query([f"a photo of a {name.replace('_', ' ').lower()}" for name in names]).values()
    (absent,) = starter.encode_query(ABSENT).values()
    truth = np.array([[one == name for one in classes] for name in names])
    strangers = next(iter(starter.strangers().values()))
    nobody = strangers[:0]
    print(f"\n{len(library)} photos, {len(names)} names, {len(ABSENT)} things that are not there")
    print("\n| all photos | recall likely | strong | precision likely | strong | any likely if not there | strong |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    contestants = (("median and quartile", ours), ("mean and deviation", plain))
    for name, measure in contestants:
        report_large(name, measure, library, strangers, asked, absent, truth)
    print("\n| likely | a tenth is right | 5 photos: one right / none | 20 photos | 100 photos |")
    print("| --- | --- | --- | --- | --- |")
    for name, measure in contestants:
        report_shares(name, measure, library, strangers, asked, absent, truth)
        report_shares(f"{name}, no strangers", measure, library, nobody, asked, absent, truth)


if __name__ == "__main__":
    main()
