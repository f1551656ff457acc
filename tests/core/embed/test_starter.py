"""The starter encoder: right answers, early answers, nothing told to anybody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch

from core.embed import efficientnet, minilm, starter
from core.embed.device import run_graph, run_on_accelerator
from core.embed.head import Head, unit
from core.embed.processor import run_on_processor
from core.embed.starter import Starter
from core.errors import ModelError
from core.models.shelf import Shelf
from core.paths import resource
from core.records import ImageView, Segment, WeightFile
from tests.conftest import WAIT_S

SHELF = Shelf(Path("/nowhere"))
CARD = SHELF.card("starter")
WEIGHTS = SHELF.weights(CARD)
Seen: TypeAlias = "Callable[[Path, ImageView], Segment]"


@pytest.fixture(scope="module")
def encoder(model_cache: Path) -> Iterator[Starter]:
    made = Starter(CARD, weights=WEIGHTS, device="cpu", cache=model_cache)
    yield made
    made.unload()


def test_words_find_the_photo_they_describe(encoder: Starter, sample_photos: list[Path], seen: Seen) -> None:
    words, _ = encoder.spec.spaces
    photos = encoder.encode_media([seen(photo, encoder.spec.view) for photo in sample_photos])[words.space_id]
    for text, photo in {
        "a cat": "chelsea.png",
        "a cup of coffee": "coffee.png",
        "a motorcycle": "motorcycle_left.png",
        "a rocket about to be launched": "rocket.jpg",
    }.items():
        question = encoder.encode_query([text])[words.space_id][0]
        assert sample_photos[int(np.argmax(photos @ question))].name == photo


def test_a_mirrored_photo_looks_most_like_itself(encoder: Starter, sample_photos: list[Path], seen: Seen) -> None:
    _, looks = encoder.spec.spaces
    segments = [seen(photo, encoder.spec.view) for photo in sample_photos]
    mirrored = [Segment({view: pixels[:, ::-1] for view, pixels in segment.views.items()}) for segment in segments]
    stored, asked = (encoder.encode_media(some)[looks.space_id] for some in (segments, mirrored))
    np.testing.assert_array_equal((asked @ stored.T).argmax(axis=1), np.arange(len(segments)))


def test_what_it_runs_on_is_known_once_a_picture_was_seen(
    encoder: Starter, sample_photos: list[Path], seen: Seen
) -> None:
    encoder.unload()
    encoder.load()
    assert encoder.runs_on == ""
    encoder.encode_media([seen(sample_photos[0], encoder.spec.view)])
    assert encoder.runs_on == "processor"


def test_openvino_gives_what_torch_gives(model_cache: Path, sample_photos: list[Path], seen: Seen) -> None:
    graph = efficientnet.graph(WEIGHTS)
    pixels = [seen(photo, efficientnet.VIEW).views[efficientnet.VIEW][None] for photo in sample_photos]
    run = run_graph(graph, "cpu", model_cache)
    with torch.no_grad():
        expected = graph.build()(torch.from_numpy(np.concatenate(pixels)))
    for output, reference in zip(zip(*run(pixels), strict=True), expected, strict=True):
        cosine = (unit(np.concatenate(output)) * unit(reference.numpy())).sum(axis=1)
        assert cosine.min() > 0.99999


def test_words_are_those_of_sentence_transformers(model_cache: Path) -> None:
    """Against all-MiniLM-L6-v2's own pipeline: padded batch, attention mask, mean over tokens, unit norm."""
    texts = ["a cat", "Two dogs run along the shore .", "Café DEL mar"]
    tower = minilm.MiniLM(WEIGHTS, model_cache)
    tokenizer, _ = tower.load()
    rows = [tokenizer.encode(text).ids for text in texts]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    bert = minilm.MiniLM(WEIGHTS, model_cache)._build().bert
    with torch.no_grad():
        states = bert(input_ids=tokens, attention_mask=mask).last_hidden_state
    mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    np.testing.assert_allclose(tower.embed(texts), unit(mean.numpy()), atol=1e-5)
    assert tokenizer.encode("Café").tokens == ["[CLS]", "cafe", "[SEP]"]


def test_a_picture_that_gives_no_direction_is_marked(encoder: Starter) -> None:
    head = Head.read(resource("starter", "head.safetensors"))
    features = np.stack([np.zeros(1280), np.full(1280, np.nan), np.ones(1280)]).astype(np.float32)
    logits = np.zeros((3, 1000), np.float32)
    for rows in (head.words(features, logits), head.looks(features)):
        assert np.isnan(rows[:2]).all()
        assert np.isfinite(rows[2]).all()


def test_another_head_makes_another_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Starter(CARD, weights=WEIGHTS, device="cpu", cache=tmp_path).spec
    head = Head.read(resource("starter", "head.safetensors"))
    replace(head, text_mean=head.text_mean + 1).write(tmp_path / "head.safetensors")
    monkeypatch.setattr(starter, "resource", lambda *_: tmp_path / "head.safetensors")
    other = Starter(CARD, weights=WEIGHTS, device="cpu", cache=tmp_path).spec
    assert {space.space_id for space in shipped.spaces}.isdisjoint(space.space_id for space in other.spaces)


@pytest.mark.parametrize("name", ["head.safetensors", "strangers.safetensors"])
def test_a_damaged_file_of_ours_is_a_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("head.safetensors", "strangers.safetensors"):
        content = resource("starter", file).read_bytes()
        (tmp_path / file).write_bytes(content[:-100] if file == name else content)
    monkeypatch.setattr(starter, "resource", lambda _, file: tmp_path / file)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        Starter(CARD, weights=WEIGHTS, device="cpu", cache=tmp_path).strangers()


def test_the_head_is_small_and_comes_with_its_card() -> None:
    assert sum(path.stat().st_size for path in resource("starter").iterdir()) < 5_000_000
    assert "Flickr8k" in resource("starter", "CARD.md").read_text("utf-8")


WATCH = """
import os, sys
told = []
sys.addaudithook(lambda event, _: told.append(event) if event.startswith("socket.") else None)
from pathlib import Path
import numpy as np
from core.embed.starter import Starter
from core.models.shelf import Shelf
from core.records import Segment
shelf = Shelf(Path("/nowhere"))
card = shelf.card("starter")
encoder = Starter(card, weights=shelf.weights(card), device="auto", cache=Path(sys.argv[1]))
encoder.load()
encoder.encode_query(["a cat"])
"""


def test_the_first_answer_in_words_needs_no_torch(encoder: Starter, model_cache: Path) -> None:
    encoder.load()  # the cache is warm
    code = WATCH + "assert not {'torch', 'transformers', 'timm', 'skimage'} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(model_cache)], check=True, timeout=WAIT_S)


def test_preparing_both_networks_opens_no_connection(tmp_path: Path) -> None:
    code = WATCH + (
        "encoder.encode_media([Segment({encoder.spec.view: np.zeros((224, 224, 3), np.uint8)})])\n"
        "assert not told, told\n"
        "assert 'torch' in sys.modules and 'openvino' in sys.modules\n"
        "assert not [name for name, module in sys.modules.items() if name.startswith('openvino_telemetry') and module]"
    )
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], check=True, timeout=WAIT_S, capture_output=True
    )
    assert (said.stdout, said.stderr) == (b"", b"")


@pytest.fixture
def small_cache(tmp_path: Path, encoder: Starter, model_cache: Path) -> Path:
    """The image network's files, in a cache of their own."""
    run_on_processor(efficientnet.graph(WEIGHTS), model_cache)
    for path in model_cache.glob("efficientnet*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


class Unasked:
    def file(self, file: WeightFile) -> bytes:
        raise ModelError(f"asked for {file.member}")

    def folder(self) -> Path:
        raise ModelError("asked for a folder")


def test_a_sound_copy_needs_no_weights(small_cache: Path) -> None:
    run = run_on_processor(efficientnet.graph(Unasked()), small_cache)
    assert len(run([np.zeros((1, 224, 224, 3), np.uint8)])[0]) == 2


@pytest.mark.parametrize("part", ["xml", "bin", "json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_copy_is_never_used(small_cache: Path, part: str, damage: str) -> None:
    (path,) = small_cache.glob(f"*.{part}")
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-7])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(ModelError, match="asked for"):
        run_on_processor(efficientnet.graph(Unasked()), small_cache)


def test_a_damaged_copy_is_made_anew(small_cache: Path) -> None:
    (path,) = small_cache.glob("*.bin")
    sound = path.read_bytes()
    path.write_bytes(sound[:-7])
    run_on_processor(efficientnet.graph(WEIGHTS), small_cache)
    assert path.read_bytes() == sound
    assert len(list(small_cache.iterdir())) == 3


def test_copies_of_earlier_revisions_are_removed(small_cache: Path) -> None:
    (small_cache / "efficientnet-lite0-0123456789abcdef.bin").write_bytes(b"old")
    (small_cache / "minilm-0123456789abcdef.bin").write_bytes(b"of another graph")
    run_on_processor(replace(efficientnet.graph(WEIGHTS), revision="new"), small_cache)
    assert sorted(path.suffix for path in small_cache.glob("efficientnet*")) == [".bin", ".json", ".xml"]
    assert (small_cache / "minilm-0123456789abcdef.bin").exists()


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"no folder")
    run = run_on_processor(efficientnet.graph(WEIGHTS), blocked)
    assert len(run([np.zeros((1, 224, 224, 3), np.uint8)])) == 1
    assert "cannot be kept" in caplog.text


def test_absent_weights_are_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="asked for"):
        Starter(CARD, weights=Unasked(), device="cpu", cache=tmp_path).load()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_card_that_is_not_there_is_an_error_with_advice(model_cache: Path) -> None:
    with pytest.raises(ModelError, match="auto"):
        run_on_accelerator(efficientnet.graph(WEIGHTS), "cuda")


@pytest.mark.gpu
def test_the_graphics_card_gives_what_the_processor_gives(
    model_cache: Path, sample_photos: list[Path], seen: Seen
) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no graphics card")
    segments = [seen(photo, efficientnet.VIEW) for photo in sample_photos]
    there, here = (Starter(CARD, weights=WEIGHTS, device=name, cache=model_cache) for name in ("cuda", "cpu"))
    expected = here.encode_media(segments)
    for space, rows in there.encode_media(segments).items():
        assert (rows * expected[space]).sum(axis=1).min() > 0.9999
