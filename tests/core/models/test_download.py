"""Downloads from a hub on this computer: what arrives, what is asked for, and all that can go wrong."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.shelf import Shelf
from core.records import ModelCard, Role
from tests.conftest import REPOSITORY
from tests.core.models.conftest import CLIP, STRANGE, WHISPER
from tests.core.models.steps import get, get_some, same
from tests.hub import Hub

FILES = {"config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"}


@pytest.fixture
def clip(shelf: Shelf) -> ModelCard:
    return shelf.card("clip")


@pytest.fixture
def own_hub(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub whose repositories a test may change."""
    shutil.copytree(tiny_models, tmp_path / "repositories")
    with Hub(tmp_path / "repositories") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_what_is_needed_arrives_and_nothing_else(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    told = get(shelf, clip)
    folder = shelf.weights(clip).folder()
    assert same(folder, hub, CLIP, FILES)
    size = sum(len(hub.files(CLIP)[name]) for name in FILES)
    assert told[-1] == (size, size)
    assert told == sorted(told)
    assert shelf.here(clip).bytes == size
    assert shelf.here(clip).place == str(folder)


def test_the_model_works_as_the_original(shelf: Shelf, hub: Hub, clip: ModelCard, tiny_models: Path) -> None:
    import torch
    from transformers import CLIPModel

    get(shelf, clip)
    ours, theirs = (
        CLIPModel.from_pretrained(folder, local_files_only=True).state_dict()
        for folder in (shelf.weights(clip).folder(), tiny_models / CLIP)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_nothing_is_asked_before_and_after(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    shelf.cards()
    shelf.card("someone/unknown")
    shelf.here(clip)
    with pytest.raises(ModelError, match="not on this computer"):
        shelf.weights(clip).folder()
    assert hub.requests == []

    get(shelf, clip)
    assert [request.path.rpartition("/")[2] for request in hub.requests[1:]] == sorted(FILES)
    assert hub.requests[0].path == f"/api/models/{CLIP}"
    hub.requests.clear()
    get(shelf, clip)
    shelf.verify(clip)
    shelf.weights(clip).folder()
    assert hub.requests == []


def test_no_token_is_sent_unless_the_user_has_one(
    shelf: Shelf, hub: Hub, clip: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    get(shelf, clip)
    assert {request.headers.get("authorization") for request in hub.requests} == {None}
    shelf.remove(clip)
    hub.requests.clear()
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    get(shelf, clip)
    assert {request.headers.get("authorization") for request in hub.requests} == {"Bearer hf_mine"}


def test_a_connection_that_breaks_again_and_again_only_takes_longer(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    hub.trouble.drop_after = 3_000_000
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)
    assert [request.begin for request in hub.fetched("model.safetensors")] == [0, 3_000_000, 6_000_000]
    assert hub.sent["model.safetensors"] == len(hub.files(CLIP)["model.safetensors"])


def test_a_cancelled_download_goes_on_where_it_was(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    there = get_some(shelf, clip, hub, 2_000_000)
    assert not shelf.here(clip).present
    assert re.search(r"broke off after [2-8] MB", shelf.here(clip).reason)
    told = get(shelf, clip)
    assert told[0][0] >= there
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)
    first, second = hub.fetched("model.safetensors")
    assert first.begin == 0
    assert 2_000_000 <= second.begin <= there


def test_cancelling_does_not_wait_for_the_network(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    hub.trouble.stalls = True
    with pytest.raises(CancelledError):
        get(shelf, clip, cancelled=lambda: len(hub.requests) > 0)
    assert len(hub.requests) == 1


def test_killed_in_the_middle_it_goes_on_where_it_was(shelf: Shelf, hub: Hub, clip: ModelCard, tmp_path: Path) -> None:
    code = (
        "from core.models.shelf import Shelf; from pathlib import Path; import sys\n"
        "shelf = Shelf(Path(sys.argv[1]))\n"
        "shelf.download(shelf.card('clip'), progress=lambda *told: None, cancelled=lambda: False)"
    )
    hub.trouble.chunk_s = 0.02
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "models"], cwd=REPOSITORY) as process:
        while hub.sent["model.safetensors"] < 2_000_000:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    hub.trouble.chunk_s = 0.0
    assert not shelf.here(clip).present
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)
    assert hub.fetched("model.safetensors")[-1].begin >= 1_500_000


def test_a_part_that_was_spoilt_is_fetched_anew(shelf: Shelf, hub: Hub, clip: ModelCard, tmp_path: Path) -> None:
    get_some(shelf, clip, hub, 2_000_000)
    (part,) = (tmp_path / "models" / "partial").rglob("*.part")
    with part.open("r+b") as file:
        file.write(b"\0" * 4096)
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)


def test_a_server_that_knows_no_ranges_sends_everything_again(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    get_some(shelf, clip, hub, 2_000_000)
    hub.trouble.ignores_ranges = True
    get(shelf, clip)
    assert len(hub.fetched("model.safetensors")) == 2
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)


def test_a_model_that_changed_meanwhile_is_the_new_one(shelf: Shelf, own_hub: Hub, clip: ModelCard) -> None:
    get_some(shelf, clip, own_hub, 2_000_000)
    weights = own_hub.folder / CLIP / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"changed!")
    (own_hub.folder / CLIP / "tokenizer.json").unlink()
    (own_hub.folder / CLIP / "vocab.json").write_text("{}")
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), own_hub, CLIP, {*FILES, "vocab.json"})


def test_other_bytes_than_the_hub_lists_are_refused(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    for name in ("model.safetensors", "tokenizer.json"):  # one by its sha256, one by git's digest
        hub.trouble.wrong = {name}
        with pytest.raises(ModelError, match=rf"{name} .* arrived damaged"):
            get(shelf, clip)
        assert not shelf.here(clip).present
    hub.trouble.wrong = set()
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)


def test_a_disk_with_too_little_room_is_seen_before_anything_is_fetched(
    shelf: Shelf, hub: Hub, clip: ModelCard
) -> None:
    hub.trouble.claimed = {"model.safetensors": 10**18}
    with pytest.raises(ModelError, match=r"CLIP ViT-B/32 needs 1,100,000,000,000 MB more .* and [\d,]+ MB are free"):
        get(shelf, clip)
    assert len(hub.requests) == 1


def test_a_disk_that_fills_up_on_the_way_is_a_sentence_and_keeps_what_is_there(
    shelf: Shelf, hub: Hub, clip: ModelCard
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, limits[1]))
    try:
        with pytest.raises(ModelError, match="The disk is full"):
            get(shelf, clip)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert shelf.here(clip).bytes >= 3_000_000
    get(shelf, clip)
    assert hub.fetched("model.safetensors")[-1].begin == 3_000_000
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)


def test_a_folder_that_cannot_be_made_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "models")
    with pytest.raises(ModelError, match="cannot be written"):
        get(shelf, shelf.card("clip"))
    assert hub.requests == []


def test_a_model_with_an_owner_who_asks_for_consent_says_where_to_give_it(
    shelf: Shelf, hub: Hub, clip: ModelCard
) -> None:
    hub.trouble.gated = {CLIP}
    with pytest.raises(ModelError, match=f"accept terms .* Accept them at {hub.url}/{CLIP}"):
        get(shelf, clip)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(403, r"does not let you download .* \(403\)"), (429, "asked too often"), (500, r"error \(500\)")],
)
def test_refusals_are_sentences(shelf: Shelf, hub: Hub, clip: ModelCard, status: int, sentence: str) -> None:
    hub.trouble.status = status
    with pytest.raises(ModelError, match=sentence):
        get(shelf, clip)


def test_a_repository_that_is_not_there_is_a_sentence(shelf: Shelf, hub: Hub) -> None:
    with pytest.raises(ModelError, match="has no model someone/unknown"):
        get(shelf, shelf.card("someone/unknown"))


def test_a_listed_file_that_is_not_there_is_a_sentence(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    hub.trouble.missing = {"model.safetensors"}
    with pytest.raises(ModelError, match=r"A file of .* is missing"):
        get(shelf, clip)


def test_an_incomplete_repository_is_refused_before_anything_is_fetched(
    shelf: Shelf, own_hub: Hub, clip: ModelCard
) -> None:
    for name in ("tokenizer.json", "pytorch_model.bin", "model.safetensors"):
        (own_hub.folder / CLIP / name).unlink()
    with pytest.raises(ModelError, match="lacks weights"):
        get(shelf, clip)
    assert len(own_hub.requests) == 1


def test_weights_are_taken_in_the_old_form_where_there_is_no_other(shelf: Shelf, own_hub: Hub, clip: ModelCard) -> None:
    (own_hub.folder / CLIP / "model.safetensors").unlink()
    get(shelf, clip)
    assert same(shelf.weights(clip).folder(), own_hub, CLIP, FILES - {"model.safetensors"} | {"pytorch_model.bin"})


def test_divided_weights_come_whole(shelf: Shelf, own_hub: Hub, clip: ModelCard) -> None:
    folder = own_hub.folder / CLIP
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-00001-of-00001.safetensors"}})
    )
    get(shelf, clip)
    divided = {"model-00001-of-00001.safetensors", "model.safetensors.index.json"}
    assert same(shelf.weights(clip).folder(), own_hub, CLIP, FILES - {"model.safetensors"} | divided)


def test_offline_is_offline(shelf: Shelf, hub: Hub, clip: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        get(shelf, clip)
    assert hub.requests == []


def test_no_connection_is_a_sentence(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    hub.close()
    with pytest.raises(ModelError, match=f"No connection to {hub.url}"):
        get(shelf, clip)


def test_a_hub_that_goes_away_in_the_middle_keeps_what_is_there(
    shelf: Shelf, hub: Hub, clip: ModelCard, tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile() -> bool:
        if hub.sent["model.safetensors"] > 500_000:
            hub.close()
        return False

    hub.trouble.chunk_s = 0.02
    with pytest.raises(ModelError, match=r"it broke off .* what is here stays"):
        get(shelf, clip, cancelled=meanwhile)
    there = shelf.here(clip).bytes
    assert there > 100_000
    with Hub(tiny_models) as again:
        monkeypatch.setenv("HF_ENDPOINT", again.url)
        assert get(shelf, clip)[0][0] >= there


def test_a_hub_that_does_not_answer_is_a_sentence(
    shelf: Shelf, hub: Hub, clip: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "1")
    hub.trouble.stalls = True
    with pytest.raises(ModelError, match="did not answer in time"):
        get(shelf, clip)


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("https://{}", "could not show that it is who it says"),
        ("hub.example", "names no address"),
        ("http://{}/somewhere/else", "no model|not the hub's|error"),
    ],
)
def test_a_wrong_address_is_a_sentence(
    shelf: Shelf, hub: Hub, clip: ModelCard, monkeypatch: pytest.MonkeyPatch, endpoint: str, sentence: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint.format(hub.url.removeprefix("http://")))
    with pytest.raises(ModelError, match=sentence):
        get(shelf, clip)


def test_a_proxy_is_used(shelf: Shelf, hub: Hub, clip: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    get(shelf, clip)
    assert {request.headers["host"] for request in hub.requests} == {"hub.example"}


def test_a_stranger_is_known_once_it_is_here(shelf: Shelf, hub: Hub, tmp_path: Path) -> None:
    assert WHISPER not in {card.model_id for card in shelf.cards()}
    get(shelf, shelf.card(WHISPER))
    card = Shelf(tmp_path / "models").cards()[-1]
    assert (card.model_id, card.family, card.role, card.licence) == (WHISPER, "whisper", Role.SOUNDS, "mit")
    assert card.size_bytes == shelf.here(card).bytes
    shelf.remove(card)
    assert WHISPER not in {card.model_id for card in shelf.cards()}


def test_a_kind_that_cannot_be_used_is_refused_before_its_weights_are_fetched(shelf: Shelf, hub: Hub) -> None:
    with pytest.raises(ModelError, match="'llama', which Likewise cannot use"):
        get(shelf, shelf.card(STRANGE))
    assert hub.fetched("model.safetensors") == []


def test_a_repository_that_holds_another_family_than_its_card_says_is_refused(
    shelf: Shelf, own_hub: Hub, clip: ModelCard
) -> None:
    shutil.copy(own_hub.folder / WHISPER / "config.json", own_hub.folder / CLIP)
    with pytest.raises(ModelError, match="should be a model of the family clip"):
        get(shelf, clip)
    assert own_hub.fetched("model.safetensors") == []


def test_two_downloads_of_one_model_do_not_mix(shelf: Shelf, hub: Hub, clip: ModelCard) -> None:
    refused: list[str] = []

    def meanwhile() -> bool:
        if hub.sent["model.safetensors"] and not refused:
            with pytest.raises(ModelError, match="Another Likewise is downloading") as caught:
                get(shelf, clip)
            refused.append(str(caught.value))
        return False

    hub.trouble.chunk_s = 0.01
    get(shelf, clip, cancelled=meanwhile)
    assert refused
    assert same(shelf.weights(clip).folder(), hub, CLIP, FILES)


def test_the_hub_here_is_a_hub_to_the_real_client(hub: Hub, tmp_path: Path) -> None:
    """What the tests above are worth depends on it."""
    code = (
        "import sys; from huggingface_hub import snapshot_download\n"
        "snapshot_download(sys.argv[1], cache_dir=sys.argv[2], ignore_patterns=['*.py'])"
    )
    command = [sys.executable, "-c", code, WHISPER, tmp_path / "cache"]
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (snapshot,) = (tmp_path / "cache" / f"models--{WHISPER.replace('/', '--')}" / "snapshots").iterdir()
    there = {path.relative_to(snapshot).as_posix(): path.read_bytes() for path in snapshot.rglob("*") if path.is_file()}
    assert there == {name: content for name, content in hub.files(WHISPER).items() if not name.endswith(".py")}
