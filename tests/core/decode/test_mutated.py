"""Broken files of every format, by the thousand: each ends in an answer or in one of the reasons, in nothing else."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import chain, cycle
from pathlib import Path

import pytest

from core.decode.pool import DecodePool
from core.errors import MediaError
from core.records import Decoded, Reason, Wanted
from core.runtime.sandbox import resident_bytes
from tests.conftest import children
from tests.core.decode.conftest import VIEW
from tests.core.decode.seeds import FORMATS, make_seed, mutated
from tests.core.decode.test_decode_pool import decoding

SEED = 20261126
ALL = Wanted((VIEW,), sound=True)
WAIT_S = 600
TRUE_REASONS = set(Reason) - {Reason.UNREADABLE, Reason.CHANGED_WHILE_READING, Reason.NOT_UNDERSTOOD}
"""The drive is in order, and nobody touches the files."""
AT_ONCE = 64
GROWTH_BYTES = 64 << 20
ONCE_DEADLY: tuple[tuple[str, int], ...] = ()
"""Format and number of the mutated files that ever made a decoder crash or hang. None did so far."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    return {extension: make_seed(extension, folder) for extension in FORMATS}


def reasons(pool: DecodePool, paths: Iterator[Path]) -> Iterator[tuple[Path, str]]:
    """Each file's end: the reason that it failed for, or nothing. Files are removed again."""
    asked: dict[Path, Future[Decoded]] = {}

    def first() -> tuple[Path, str]:
        path = next(iter(asked))
        error = asked.pop(path).exception(WAIT_S)
        assert error is None or isinstance(error, MediaError), (path.name, error)
        path.unlink()
        return path, error.reason if error is not None else ""

    for path in paths:
        asked[path] = pool.decode(os.fsencode(path), ALL)
        if len(asked) == AT_ONCE:
            yield first()
    while asked:
        yield first()


def broken(seeds: dict[str, bytes], folder: Path, total: int) -> Iterator[Path]:
    """Files that are broken, each in a way of its own; the name says how to make it again."""
    others = list(seeds.values())
    fresh = ((extension, SEED + number // len(seeds)) for number, extension in zip(range(total), cycle(seeds)))
    for extension, number in chain(ONCE_DEADLY, fresh):
        path = folder / f"{number}.{extension}"
        path.write_bytes(mutated(seeds[extension], others[number % len(others)], number))
        yield path


def test_every_seed_is_whole(seeds: dict[str, bytes], pool: DecodePool, tmp_path: Path) -> None:
    """Else nothing would be shown by breaking it."""
    for extension, seed in seeds.items():
        path = tmp_path / f"seed.{extension}"
        path.write_bytes(seed)

        decoded = pool.decode(os.fsencode(path), ALL).result(WAIT_S)

        assert decoded.segments, extension
        assert len(seed) < 60_000, extension


@pytest.mark.parametrize("total", [1000, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_broken_files_end_in_an_answer_or_a_reason(seeds: dict[str, bytes], tmp_path: Path, total: int) -> None:
    processes = set(children())
    with decoding(2) as pool:
        ended = Counter[str]()
        bad = []
        memory = 0
        for path, reason in reasons(pool, broken(seeds, tmp_path, total)):
            ended[reason] += 1
            if ended.total() % 500 == 0:
                gc.collect()  # as the program does: an error and what it happened in hold each other
            memory = memory or resident_bytes()
            if reason in {Reason.DECODER_CRASHED, Reason.TOO_SLOW}:
                bad.append(path.name)

        grown = resident_bytes() - memory
    print(f"{ended.total()} files, seed {SEED}: {dict(ended)}, {grown >> 20} MB grown")  # noqa: T201 - the figures
    assert bad == [], "reported, and the rest went on; but keep them in ONCE_DEADLY and see why"
    assert ended.total() >= total
    assert set(ended) <= {"", *TRUE_REASONS}
    assert ended[""] > total / 20, "some are broken so little that they can be read"
    assert len(ended) > 4
    assert grown < GROWTH_BYTES
    assert set(children()) == processes
