"""`likewise models`, with a hub on this computer to download from."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.core.cli.program import Done, likewise
from tests.core.store.test_library import in_a_namespace
from tests.hub import Hub

CLIP = "openai/clip-vit-base-patch32"
WEIGHTS_BYTES = 3_000_000

Models = Callable[..., Done]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with all that a CLIP needs but sense."""
    folder = tmp_path / "repositories" / CLIP
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"}))
    for name in ("preprocessor_config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    header = {"weights": {"dtype": "U8", "shape": [WEIGHTS_BYTES], "data_offsets": [0, WEIGHTS_BYTES]}}
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + os.urandom(WEIGHTS_BYTES))
    return folder


@pytest.fixture
def hub(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("LIKEWISE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache-of-others"))
    with Hub(tmp_path / "repositories") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def models(hub: Hub, tmp_path: Path) -> Models:
    """Runs `likewise models` on a library of its own."""
    return lambda *arguments: likewise("models", *arguments, "--library", tmp_path / "library")


def about(models: Models, model_id: str) -> dict[str, object]:
    return next(model for model in models("list", "--json").json if model["id"] == model_id)


def test_the_list_says_what_there_is(models: Models, hub: Hub) -> None:
    done = models("list")
    head, *rows = done.out.splitlines()
    assert head.split()[:3] == ["model", "size", "state"]
    assert {"starter", "clip", "whisper"} <= {row.split()[0] for row in rows}
    assert about(models, "starter")["in_use"] is True
    clip = about(models, "clip")
    assert (clip["state"], clip["reason"], clip["bytes"]) == ("not here", "It is not on this computer.", 0)
    assert hub.requests == []


def test_a_model_that_finds_no_room_is_listed_with_what_to_do(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    mounted = 'mount -t tmpfs -o size=1m tmpfs "$1"; export LIKEWISE_MODEL_CACHE="$1"'
    script = f'{mounted}; exec "$2" -m core models list --library "$3"'
    done = in_a_namespace(script, str(cache), sys.executable, str(tmp_path / "library"))
    assert done.returncode == 0, done.stderr
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("whisper "))
    assert "unavailable" in row
    *_, said = done.stdout.splitlines()
    assert said.startswith(f"whisper: The model whisper could not be made ready in {cache} (No space left on device).")
    assert said.endswith("Make room there, or name another folder in LIKEWISE_MODEL_CACHE.")


def test_nothing_is_downloaded_before_somebody_agrees(models: Models, hub: Hub) -> None:
    done = models("download", "clip")
    assert (done.code, done.out) == (2, "")
    assert "about 610.0 MB; say that you want that with --yes" in done.err
    assert hub.requests == []


def test_a_model_comes_is_checked_and_goes(models: Models, hub: Hub, tmp_path: Path) -> None:
    done = models("download", CLIP, "--yes")
    assert done == Done(0, "Downloaded clip. Use it from now on: likewise models use clip\n", "")
    assert about(models, "clip")["state"] == "not loaded"
    assert int(str(about(models, "clip")["bytes"])) > WEIGHTS_BYTES
    assert models("verify", "clip") == Done(0, "clip: every file is as it should be\n", "")

    hub.requests.clear()
    assert models("download", "clip").err == "CLIP ViT-B/32 is here already.\n"
    assert hub.requests == []

    weights = tmp_path / "models" / CLIP.replace("/", "--") / "model.safetensors"
    weights.write_bytes(bytes(weights.stat().st_size))
    broken = models("verify")
    assert broken.code == 1
    assert "model.safetensors is damaged" in broken.err
    assert "starter: every file is as it should be\n" in broken.out
    assert about(models, "clip")["state"] == "not here"
    assert models("remove", "clip").code == 0
    assert not weights.parent.exists()
    assert "has downloaded nothing of CLIP" in models("remove", "clip").err


def test_a_folder_of_the_users_own_is_used(models: Models, hub: Hub, repository: Path, tmp_path: Path) -> None:
    assert models("folder", CLIP, repository).out == f"clip is taken from {repository}\n"
    assert about(models, "clip")["state"] == "not loaded"
    assert models("folder", "clip", tmp_path / "nowhere").code == 2
    (tmp_path / "empty").mkdir()
    assert "holds no config.json" in models("folder", "clip", tmp_path / "empty").err
    assert hub.requests == []


def test_what_is_here_can_be_used_and_what_is_not_cannot(models: Models) -> None:
    assert models("use", "starter").out == "starter is in use\n"
    refused = models("use", "clip")
    assert (refused.code, refused.out) == (1, "")
    assert "It is not on this computer." in refused.err


@pytest.mark.parametrize("action", [("download", "--yes"), ("verify",), ("remove",), ("use",)])
def test_a_model_that_does_not_exist_is_a_sentence(models: Models, hub: Hub, action: tuple[str, ...]) -> None:
    done = models(action[0], "clop", *action[1:])
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("There is no model 'clop'. These there are: starter, clip")
    assert hub.requests == []


def test_on_a_terminal_it_asks_and_shows_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "core", "models", "download", "clip", "--library", str(tmp_path / "library")]
    for said in (b"n\n", b"y\n"):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        hub.trouble.chunk_s = 0.02
        with subprocess.Popen(command, cwd=REPOSITORY, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            os.write(ours, said)
            shown = b""
            while True:
                try:
                    shown += os.read(ours, 4096)
                except OSError:  # how Linux says that the other end is closed
                    break
            os.close(ours)
            assert process.stdout
            out = process.stdout.read()
        assert b"Download clip, about 610.0 MB? [y/N] " in shown
        assert bool(hub.requests) == (said == b"y\n")
    assert b"Downloading:" in shown
    assert b"M/3.00M [" in shown
    assert out.startswith(b"Downloaded clip.")


def test_an_interrupted_download_goes_on_the_next_time(models: Models, hub: Hub, tmp_path: Path) -> None:
    heard = ["env", "--default-signal=INT"]  # what a shell starts in the background would ignore it
    command = [*heard, sys.executable, "-m", "core", "models", "download", "clip", "--yes"]
    hub.trouble.chunk_s = 0.03
    process = subprocess.Popen(
        [*command, "--library", tmp_path / "library"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while hub.sent["model.safetensors"] < WEIGHTS_BYTES // 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert "broke off after" in str(about(models, "clip")["reason"])
    assert models("download", "clip", "--yes").code == 0
    assert hub.fetched("model.safetensors")[-1].begin > WEIGHTS_BYTES // 4
