"""CLIP and SigLIP: the reference implementation's vectors, of any folder that holds such a model."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from core.embed.clip import Clip
from core.errors import ModelError
from core.records import ImageView, Role, Segment, Vectors
from tests import tiny_models
from tests.core.embed.conftest import Here, card, cosines, likeness

Seen: TypeAlias = "Callable[[Path, ImageView], Segment]"

TEXTS = ("a cat", "Two dogs run along the shore.", "x", "", "very " * 100 + "long")


@dataclass(frozen=True)
class Reference:
    """What transformers' own processor and model make of photos and texts."""

    folder: Path
    kind: Any

    def model(self) -> Any:
        return self.kind.from_pretrained(self.folder, dtype=torch.float32).eval()

    def pictures(self, photos: list[Path]) -> Vectors:
        process = transformers.AutoImageProcessor.from_pretrained(self.folder)
        pixels = process([Image.open(photo).convert("RGB") for photo in photos], return_tensors="pt")
        with torch.no_grad():
            return self.model().get_image_features(**pixels).pooler_output.numpy()

    def words(self, texts: tuple[str, ...], **options: Any) -> Vectors:
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        tokens = tokenizer(list(texts), padding="max_length", truncation=True, return_tensors="pt", **options)
        with torch.no_grad():
            return self.model().get_text_features(**tokens).pooler_output.numpy()


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def tiny_siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.siglip(tmp_path_factory.mktemp("siglip"))


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Path], Clip]:
    def make(folder: Path, model_id: str = "clip") -> Clip:
        return Clip(card("clip", Role.PICTURES, model_id), weights=Here(folder), device="cpu", cache=tmp_path / "cache")

    return make


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor that has no bfloat16."""
    monkeypatch.setattr(Clip, "reduced", False)


def encoded(encoder: Clip, photos: list[Path], seen: Seen) -> Vectors:
    (space,) = encoder.spec.spaces
    view = encoder.spec.view
    assert view is not None
    return encoder.encode_media([seen(photo, view) for photo in photos])[space.space_id]


def asked(encoder: Clip, texts: tuple[str, ...]) -> Vectors:
    (space,) = encoder.spec.spaces
    return encoder.encode_query(texts)[space.space_id]


@pytest.mark.usefixtures("exact")
def test_clip_gives_the_vectors_of_the_reference(
    tiny_clip: Path, made: Callable[[Path], Clip], sample_photos: list[Path], seen: Seen
) -> None:
    """Texts are padded to 77 tokens there, and not here."""
    encoder, reference = made(tiny_clip), Reference(tiny_clip, transformers.CLIPModel)
    assert likeness(encoded(encoder, sample_photos, seen), reference.pictures(sample_photos)) >= 0.999
    assert cosines(asked(encoder, TEXTS), reference.words(TEXTS)).min() >= 0.99999
    assert encoder.runs_on == "processor"


@pytest.mark.usefixtures("exact")
def test_siglip_gives_the_vectors_of_the_reference(
    tiny_siglip: Path, made: Callable[[Path], Clip], sample_photos: list[Path], seen: Seen
) -> None:
    """It squeezes pictures into a square, and reads the padding of texts: without, they are others."""
    encoder, reference = made(tiny_siglip), Reference(tiny_siglip, transformers.SiglipModel)
    assert likeness(encoded(encoder, sample_photos, seen), reference.pictures(sample_photos)) >= 0.999
    expected = reference.words(TEXTS, return_attention_mask=False)
    assert cosines(asked(encoder, TEXTS), expected).min() >= 0.99999


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_fewer_digits_change_little(
    kind: str, request: pytest.FixtureRequest, made: Callable[[Path], Clip], sample_photos: list[Path], seen: Seen
) -> None:
    """Where the processor has bfloat16; elsewhere this is the test above."""
    folder = request.getfixturevalue(f"tiny_{kind}")
    encoder = made(folder)
    reference = Reference(folder, getattr(transformers, {"clip": "CLIPModel", "siglip": "SiglipModel"}[kind]))
    assert likeness(encoded(encoder, sample_photos, seen), reference.pictures(sample_photos)) >= 0.995
    assert encoder.runs_on in {"processor", "processor, bf16"}


def test_a_picture_is_the_same_alone_and_among_others(
    tiny_clip: Path, made: Callable[[Path], Clip], sample_photos: list[Path], seen: Seen
) -> None:
    encoder = made(tiny_clip)
    together = encoded(encoder, sample_photos * 7, seen)
    assert len(together) == 7 * len(sample_photos)
    for start in (0, len(sample_photos)):
        for number, photo in enumerate(sample_photos):
            np.testing.assert_allclose(encoded(encoder, [photo], seen)[0], together[start + number], atol=1e-3)
    assert encoded(encoder, [], seen).shape == (0, encoder.spec.spaces[0].dim)


def test_other_weights_make_another_space(tiny_clip: Path, tmp_path: Path, made: Callable[[Path], Clip]) -> None:
    other = tiny_models.clip(tmp_path / "other", seed=1)
    copy = shutil.copytree(tiny_clip, tmp_path / "copy")
    spaces = [made(folder).spec.spaces[0].space_id for folder in (tiny_clip, other, copy)]
    assert spaces[0] == spaces[2] != spaces[1]
    (copy / "preprocessor_config.json").write_text(
        (tiny_clip / "preprocessor_config.json").read_text().replace('"resample": 3', '"resample": 2')
    )
    assert made(copy).spec.spaces[0].space_id not in spaces
    assert made(copy).spec.view == ImageView(32, 32, bilinear=True)


def test_the_model_is_named_as_the_user_names_it(
    tiny_clip: Path, made: Callable[[Path, str], Clip], sample_photos: list[Path], seen: Seen, tmp_path: Path
) -> None:
    encoder = made(tiny_clip, "openai/clip-vit-large-patch14")
    (space,) = encoder.spec.spaces
    assert space.space_id.startswith("openai/clip-vit-large-patch14/clip@")
    encoder.load()
    assert len(list((tmp_path / "cache").glob("openai--clip-vit-large-patch14-words-*"))) == 3


def test_torchs_own_file_is_read_and_no_program_in_it_is_run(
    tiny_clip: Path, tmp_path: Path, made: Callable[[Path], Clip]
) -> None:
    """Older repositories have no safetensors."""
    copy = shutil.copytree(tiny_clip, tmp_path / "copy")
    (copy / "model.safetensors").unlink()
    model = transformers.CLIPModel.from_pretrained(tiny_clip)
    torch.save(model.state_dict(), copy / "pytorch_model.bin")
    assert cosines(asked(made(copy), TEXTS), asked(made(tiny_clip), TEXTS)).min() > 0.9999

    torch.save({"weights": Path("/")}, copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="hold more than numbers"):
        made(copy).load()


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def without_a_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["text_projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def other_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert"}')


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_preprocessing(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize("damage", [other_type, no_json, no_weights, no_preprocessing])
def test_a_folder_without_such_a_model_is_told_at_once(
    damage: Callable[[Path], None], tiny_clip: Path, tmp_path: Path, made: Callable[[Path], Clip]
) -> None:
    copy = shutil.copytree(tiny_clip, tmp_path / "copy")
    damage(copy)
    with pytest.raises(ModelError, match="Download the model again"):
        made(copy)


@pytest.mark.parametrize("damage", [cut, without_a_tensor, no_tokenizer])
def test_a_damaged_folder_is_an_error_with_advice(
    damage: Callable[[Path], None], tiny_clip: Path, tmp_path: Path, made: Callable[[Path], Clip]
) -> None:
    copy = shutil.copytree(tiny_clip, tmp_path / "copy")
    damage(copy)
    with pytest.raises(ModelError, match="Download the model again"):
        made(copy).load()


WATCH = """
import sys
from pathlib import Path
told = []
sys.addaudithook(lambda event, _: told.append(event) if event.startswith("socket.") else None)
import numpy as np
from core.embed.clip import Clip
from core.records import ModelCard, Role, Segment
class Here:
    def folder(self): return Path(sys.argv[1])
card = ModelCard("clip", "clip", Role.PICTURES, "", "", "")
encoder = Clip(card, weights=Here(), device="auto", cache=Path(sys.argv[2]))
assert not {"torch", "transformers", "openvino", "tokenizers"} & set(sys.modules)
encoder.encode_query(["a cat"])
encoder.encode_media([Segment({encoder.spec.view: np.zeros((32, 32, 3), np.uint8)})])
assert not told, told
"""


def test_preparing_opens_no_connection_and_a_second_start_needs_no_torch(tiny_clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c"]
    arguments = [str(tiny_clip), str(tmp_path)]
    first = subprocess.run([*command, WATCH, *arguments], check=True, timeout=110, capture_output=True)
    assert (first.stdout, first.stderr) == (b"", b"")
    again = WATCH + "assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([*command, again, *arguments], check=True, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("reduced", [False, True])
def test_vit_b_32_gives_the_vectors_of_the_reference(
    reduced: bool,
    shared: Path,
    tmp_path: Path,
    made: Callable[[Path], Clip],
    monkeypatch: pytest.MonkeyPatch,
    sample_photos: list[Path],
    seen: Seen,
) -> None:
    """The real size and the real vocabulary (without a tokenizer.json), random weights."""
    monkeypatch.setattr(Clip, "reduced", reduced)
    torch.manual_seed(0)
    folder = tmp_path / "model"
    transformers.CLIPModel(transformers.CLIPConfig()).save_pretrained(folder)
    shutil.copytree(shared / "models" / "clip-tokenizer", folder, dirs_exist_ok=True)
    encoder, reference = made(folder), Reference(folder, transformers.CLIPModel)
    least = 0.995 if reduced else 0.999
    assert encoder.spec.view == ImageView(224, 224)
    assert likeness(encoded(encoder, sample_photos, seen), reference.pictures(sample_photos)) >= least
    assert cosines(asked(encoder, TEXTS), reference.words(TEXTS)).min() >= least
