"""What every registered encoder promises."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.embed.encoder import ENCODERS, Encoder, make_encoder
from core.models.wheel import read_weights
from core.records import ImageView, Segment, Vectors

TEXTS = ("a cat", "people walking on a beach at sunset", "x", "Grüße, 猫 🐈", "very " * 2000 + "long")


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request: pytest.FixtureRequest, model_cache: Path) -> Iterator[Encoder]:
    made = make_encoder(request.param, weights=read_weights, device="cpu", cache=model_cache)
    made.load()
    yield made
    made.unload()


@pytest.fixture
def segments(encoder: Encoder, sample_photos: list[Path], seen: Callable[[Path, ImageView], Segment]) -> list[Segment]:
    return [seen(photo, encoder.spec.view) for photo in sample_photos]


def assert_as_promised(encoder: Encoder, vectors: dict[str, Vectors], count: int, answers: str) -> None:
    dims = {space.space_id: space.dim for space in encoder.spec.spaces if answers == "" or getattr(space, answers)}
    assert {space: rows.shape for space, rows in vectors.items()} == {
        space: (count, dim) for space, dim in dims.items()
    }
    for rows in vectors.values():
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_media_and_words_fill_the_spaces_of_the_spec(encoder: Encoder, segments: list[Segment]) -> None:
    assert_as_promised(encoder, dict(encoder.encode_media(segments)), len(segments), "")
    assert_as_promised(encoder, dict(encoder.encode_query(TEXTS)), len(TEXTS), "answers_text")


def test_strangers_are_many_and_differ_in_every_space(encoder: Encoder) -> None:
    strangers = dict(encoder.strangers())
    count = len(next(iter(strangers.values())))
    assert count >= 100
    assert_as_promised(encoder, strangers, count, "")
    for rows in strangers.values():
        assert len(np.unique(rows, axis=0)) == count


def test_nothing_in_gives_nothing_out(encoder: Encoder) -> None:
    assert_as_promised(encoder, dict(encoder.encode_media([])), 0, "")
    assert_as_promised(encoder, dict(encoder.encode_query([])), 0, "answers_text")


def test_the_same_input_gives_the_same_vectors(encoder: Encoder, segments: list[Segment]) -> None:
    for encode, given in ((encoder.encode_media, segments), (encoder.encode_query, TEXTS)):
        once, again = encode(given), encode(given)
        for space in once:
            np.testing.assert_array_equal(once[space], again[space])


def test_a_vector_does_not_depend_on_its_batch(encoder: Encoder, segments: list[Segment]) -> None:
    for encode, given in ((encoder.encode_media, segments), (encoder.encode_query, TEXTS)):
        together = encode(given)
        for number, one in enumerate(given):
            for space, row in encode([one]).items():
                np.testing.assert_allclose(row[0], together[space][number], atol=1e-5)


def test_different_photos_get_different_vectors(encoder: Encoder, segments: list[Segment]) -> None:
    for rows in encoder.encode_media(segments).values():
        scores = rows @ rows.T
        assert scores[~np.eye(len(rows), dtype=bool)].max() < 0.95


def test_works_again_after_unload(encoder: Encoder, segments: list[Segment]) -> None:
    before = encoder.encode_media(segments[:1])
    encoder.unload()
    encoder.load()
    after = encoder.encode_media(segments[:1])
    for space in before:
        np.testing.assert_allclose(before[space], after[space], atol=1e-5)


def run_apart(code: str, *arguments: str) -> list[str]:
    """Runs `code` in a process of its own; gives what it printed as JSON."""
    finished = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    printed: list[str] = json.loads(finished.stdout)
    return printed


def test_listing_encoders_imports_nothing_heavy() -> None:
    code = """
import json, sys
from pathlib import Path
from core.embed.encoder import ENCODERS, make_encoder
from core.models.wheel import read_weights
specs = [make_encoder(name, weights=read_weights, device="auto", cache=Path("/nowhere")).spec for name in ENCODERS]
assert all(spec.spaces for spec in specs)
print(json.dumps([name for name in ("torch", "openvino", "transformers", "timm", "tokenizers") if name in sys.modules]))
"""
    assert run_apart(code) == []
