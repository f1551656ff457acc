"""The Perceiver: the published network's latents, from its own files, at a fraction of its work."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import PerceiverForMultimodalAutoencoding

from core.embed import latents
from core.embed.head import unit
from core.embed.perceiver import Perceiver
from core.embed.repository import Repository
from core.errors import ModelError
from core.records import (
    CLIP_FRAMES,
    CLIP_PX,
    CLIP_RATE_HZ,
    CLIP_SAMPLES,
    Clip,
    Segment,
    Vectors,
)
from tests.tiny_perceiver import PUBLISHED, make_perceiver, open_perceiver, save_perceiver

FASTEST_PX = 12


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_perceiver(tmp_path_factory.mktemp("perceiver"))


@pytest.fixture(scope="module")
def encoder(repository: Path, model_cache: Path) -> Iterator[Perceiver]:
    made = open_perceiver(repository, model_cache)
    yield made
    made.unload()


@pytest.fixture(scope="module")
def clips(sample_photos: list[Path]) -> list[Clip]:
    """A pan over each photo, each faster than the last, with a tone."""
    seconds = np.arange(CLIP_SAMPLES) / CLIP_RATE_HZ
    made = []
    for number, photo in enumerate(sample_photos[:3]):
        width = CLIP_PX + FASTEST_PX * CLIP_FRAMES
        with Image.open(photo) as opened:
            wide = np.asarray(opened.convert("RGB").resize((width, CLIP_PX)))
        lefts = range(0, CLIP_FRAMES * (number + 1) * 4, (number + 1) * 4)
        frames = np.stack([wide[:, left : left + CLIP_PX] for left in lefts])
        sound = np.sin(2 * np.pi * 220 * (number + 1) * seconds) * 0.3
        made.append(Clip(frames, sound.astype(np.float32)))
    return made


def vectors(encoder: Perceiver, clips: list[Clip]) -> Vectors:
    (rows,) = encoder.encode_media([Segment(clip=clip) for clip in clips]).values()
    return rows


def published(model: PerceiverForMultimodalAutoencoding, clip: Clip) -> Vectors:
    """(latents, dim): what the network's own forward ends its encoder with."""
    inputs = {
        "image": torch.from_numpy(clip.frames).permute(0, 3, 1, 2)[None] / 255,
        "audio": torch.from_numpy(clip.sound)[None, :, None],
        "label": torch.zeros(1, model.config.num_labels),
    }
    points = {"image": torch.arange(1), "audio": torch.arange(1), "label": None}
    with torch.inference_mode():
        answer = model(inputs=inputs, subsampled_output_points=points, output_hidden_states=True)
    latents: Vectors = answer.hidden_states[-1][0].numpy()
    return latents


def row(clip: Clip) -> Vectors:
    return np.concatenate([clip.frames.ravel(), clip.sound], dtype=np.float32)[None]


def by_torch(module: torch.nn.Module, clip: Clip) -> Vectors:
    with torch.inference_mode():
        (states,) = module(torch.from_numpy(row(clip)))
    computed: Vectors = states[0].numpy()
    return computed


def test_latents_are_those_of_the_published_forward(encoder: Perceiver, clips: list[Clip]) -> None:
    model = make_perceiver()
    expected = np.stack([published(model, clip) for clip in clips])
    assert np.abs(expected[0] - expected[1:]).max() > 0.1
    computed = np.concatenate([states for (states,) in encoder._ready()([row(clip) for clip in clips])])
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-4)  # an error would average out in a vector
    np.testing.assert_allclose(vectors(encoder, clips), unit(expected.mean(1)), atol=1e-5)


def test_so_they_are_in_the_published_size(tmp_path: Path, clips: list[Clip]) -> None:
    """By torch, for time; that OpenVINO computes the same is seen above, and in benchmarks/perceiver.py."""
    module = latents.build(Repository(save_perceiver(tmp_path, **PUBLISHED)))
    model = make_perceiver(**PUBLISHED)
    model.perceiver.decoder = None  # its work begins where the latents are known
    np.testing.assert_allclose(by_torch(module, clips[0]), published(model, clips[0]), rtol=0, atol=1e-4)


def test_vectors_fill_the_space_of_the_spec(encoder: Perceiver, clips: list[Clip]) -> None:
    (space,) = encoder.spec.spaces
    assert encoder.spec.reads(Segment(clip=clips[0]))
    assert not encoder.spec.reads(Segment(sound=clips[0].sound))
    assert (space.answers_media, space.answers_text, space.reason) == (True, False, "moves like")
    rows = vectors(encoder, clips)
    assert (rows.shape, rows.dtype) == ((len(clips), space.dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert vectors(encoder, []).shape == (0, space.dim)
    assert encoder.strangers()[space.space_id].shape == (0, space.dim)
    assert encoder.encode_query(["a cat"]) == {}


def test_a_vector_depends_on_its_clip_alone(encoder: Perceiver, clips: list[Clip]) -> None:
    together = vectors(encoder, clips)
    np.testing.assert_array_equal(together, vectors(encoder, clips))
    for number, clip in enumerate(clips):
        np.testing.assert_allclose(vectors(encoder, [clip])[0], together[number], atol=1e-6)


def test_what_is_seen_heard_and_in_which_order_all_count(encoder: Perceiver, clips: list[Clip]) -> None:
    one, other, _ = clips
    changed = [one, Clip(other.frames, one.sound), Clip(one.frames, other.sound), Clip(one.frames[::-1], one.sound)]
    rows = vectors(encoder, changed)
    distances = np.linalg.norm(rows[:, None] - rows, axis=2)
    assert distances[~np.eye(len(rows), dtype=bool)].min() > 1e-4


def test_a_clip_that_cannot_be_computed_is_marked(encoder: Perceiver, clips: list[Clip]) -> None:
    broken = Clip(clips[0].frames, np.full(CLIP_SAMPLES, np.nan, np.float32))
    rows = vectors(encoder, [broken, clips[0]])
    assert np.isnan(rows[0]).all()
    assert np.isfinite(rows[1]).all()


def test_works_again_after_unload(encoder: Perceiver, clips: list[Clip]) -> None:
    before = vectors(encoder, clips[:1])
    assert encoder.runs_on == "processor"
    compiled = weakref.ref(encoder._ready()._queue)
    encoder.unload()
    assert encoder.runs_on == ""
    assert compiled() is None, "half a gigabyte is not given back"
    encoder.load()
    np.testing.assert_allclose(vectors(encoder, clips[:1]), before, atol=1e-6)


def test_weights_as_torch_saves_them_give_the_same(repository: Path, tmp_path: Path, clips: list[Clip]) -> None:
    shutil.copy(repository / "config.json", tmp_path)
    torch.save(make_perceiver().state_dict(), tmp_path / "pytorch_model.bin")
    one, other = (by_torch(latents.build(Repository(folder)), clips[0]) for folder in (repository, tmp_path))
    np.testing.assert_array_equal(one, other)


def test_other_weights_make_another_space(repository: Path, encoder: Perceiver, tmp_path: Path) -> None:
    copy = shutil.copytree(repository, tmp_path / "copy")
    assert open_perceiver(copy, tmp_path).spec == encoder.spec
    save_perceiver(copy, seed=1)
    other = open_perceiver(copy, tmp_path).spec
    assert other.spaces[0].space_id != encoder.spec.spaces[0].space_id


class Intruder:
    """What runs code when a careless reader opens it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def lacks_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def lacks_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()


def has_half_a_configuration(folder: Path) -> None:
    (folder / "config.json").write_text((folder / "config.json").read_text("utf-8")[:100], "utf-8")


def is_another_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["PerceiverForMaskedLM"]}), "utf-8")


def has_half_its_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def has_weights_of_another_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"num_latents": 13}), "utf-8")


def has_damaged_weights_as_torch_saves_them(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def has_weights_that_are_a_program(folder: Path) -> None:
    lacks_weights(folder)
    torch.save({"perceiver.embeddings.latents": Intruder(folder / "intruded")}, folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lacks_weights, "holds no weights"),
        (lacks_configuration, "not the multimodal Perceiver"),
        (has_half_a_configuration, "cannot be used"),
        (is_another_model, "not the multimodal Perceiver"),
        (has_half_its_weights, "cannot be used"),
        (has_weights_of_another_size, "do not fit"),
        (has_damaged_weights_as_torch_saves_them, "hold more than numbers"),
        (has_weights_that_are_a_program, "hold more than numbers"),
    ],
)
def test_files_that_are_not_as_published_are_a_sentence(
    repository: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    folder = shutil.copytree(repository, tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelError, match=sentence) as raised:
        open_perceiver(folder, tmp_path / "cache").load()
    assert len(str(raised.value)) < 500
    assert not (folder / "intruded").exists()


WATCH = """
import sys
from pathlib import Path
import numpy as np
from core.embed.perceiver import Perceiver
from core.records import Clip, ModelCard, Role, Segment

class Here:
    def folder(self):
        return Path(sys.argv[1])

card = ModelCard("perceiver", "perceiver", Role.MOTION, "", "", "")
encoder = Perceiver(card, weights=Here(), device="cpu", cache=Path(sys.argv[2]))
assert encoder.spec.spaces
assert not {"torch", "transformers", "openvino"} & set(sys.modules)
clip = Clip(np.zeros((16, 224, 224, 3), np.uint8), np.zeros(30720, np.float32))
assert np.isfinite(*encoder.encode_media([Segment(clip=clip)]).values()).all()
assert not {"torch", "transformers"} & set(sys.modules)
"""


def test_the_spec_needs_nothing_heavy_nor_a_second_start_torch(
    repository: Path, encoder: Perceiver, model_cache: Path
) -> None:
    encoder.load()  # the cache is warm
    command = [sys.executable, "-W", "error", "-c", WATCH, str(repository), str(model_cache)]
    subprocess.run(command, check=True, timeout=60)
