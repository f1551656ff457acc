"""Backups through the engine: going back and undoing that, damaged settings, ends that were not clean, places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Engine, LibraryPlaceError, NoticePosted, Role, Settings, open_engine
from tests.conftest import REPOSITORY, WAIT_S
from tests.core.steps import ask, index, names, work_of


def watched(engine: Engine) -> list[Path]:
    return [folder.path for folder in engine.folders().result(WAIT_S)]


def test_going_back_and_undoing_it_reads_nothing_again(engine: Engine, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    index(engine, photos)
    first = engine.backups.create().result(WAIT_S)
    engine.add_folder(tmp_path / "more").result(WAIT_S)
    engine.remove_folder(engine.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)
    engine.change_settings(Settings(decode_processes=2, batch_size=5)).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    found = 8

    before = engine.backups.restore(first.number).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    assert watched(engine) == [photos]
    assert len(ask(engine).results) == found

    engine.backups.restore(before.number).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    assert watched(engine) == [tmp_path / "more"]
    assert engine.settings.batch_size == 5
    assert Settings.parse(engine.library.settings.read_text("utf-8")) == engine.settings

    def again() -> None:
        engine.backups.restore(first.number).result(WAIT_S)
        engine.wait_idle().result(WAIT_S)

    numbers = [backup.number for backup in engine.backups.all().result(WAIT_S)]
    assert numbers == sorted(numbers, reverse=True)
    assert work_of(engine, again) == found, "they are looked at, and known"
    assert len(ask(engine).results) == found


def test_going_back_takes_the_models_of_then(engine: Engine) -> None:
    engine.change_settings(Settings(decode_processes=2)).result(WAIT_S)
    first = engine.backups.create().result(WAIT_S)
    engine.stop_using(Role.SPEECH).result(WAIT_S)
    assert engine.settings.speech_model == ""
    engine.backups.restore(first.number).result(WAIT_S)
    assert engine.settings.speech_model == "minilm"
    assert "minilm" in {model.card.model_id for model in engine.models() if model.in_use}


def test_damaged_settings_are_those_of_the_newest_backup(tmp_path: Path) -> None:
    with open_engine(tmp_path) as engine:
        engine.change_settings(Settings(batch_size=7, sounds_model="")).result(WAIT_S)
    (tmp_path / "settings.json").write_text('{"batch_size": 7, "sounds_mo')
    for _ in range(2):
        with open_engine(tmp_path) as engine:
            engine.opened.result(WAIT_S)
            assert (engine.settings.batch_size, engine.settings.sounds_model) == (7, "")


# ends that were not clean

ENDS_AT_ONCE = (
    "import os, sys; from pathlib import Path; from core import open_engine\n"
    "engine = open_engine(Path(sys.argv[1])); engine.opened.result(); os.kill(os.getpid(), 9)"
)


def crash(library: Path) -> None:
    code = subprocess.run([sys.executable, "-c", ENDS_AT_ONCE, library], cwd=REPOSITORY, check=False).returncode
    assert code == -9


def test_ends_that_were_not_clean_are_counted_until_a_clean_one(tmp_path: Path) -> None:
    seen = []
    for crashes in (0, 1, 1, 0):
        for _ in range(crashes):
            crash(tmp_path)
        with open_engine(tmp_path) as engine:
            engine.opened.result(WAIT_S)
            seen.append(engine.crashes)
    crash(tmp_path)
    crash(tmp_path)
    with open_engine(tmp_path) as engine:
        engine.opened.result(WAIT_S)
        seen.append(engine.crashes)
    assert seen == [0, 1, 1, 0, 2]


@pytest.mark.parametrize("said", ["[1.5, 2.5]", "[99999999999.0, 99999999999.0]", "{}", "not json", "[null]"])
def test_old_strange_and_future_ends_do_not_count(tmp_path: Path, said: str) -> None:
    (tmp_path / ".open-since").write_text(said)
    with open_engine(tmp_path) as engine:
        engine.opened.result(WAIT_S)
        assert engine.crashes == 0


def test_started_paused_nothing_is_read_until_it_is_told_to(open_library: Callable[[], Engine], photos: Path) -> None:
    engine = open_library()
    engine.start(watch=False, crashed=True)
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 8
    assert names(ask(engine)) == []
    engine.resume()
    engine.wait_idle().result(WAIT_S)
    assert len(names(ask(engine))) == 8


# places


def test_a_folder_that_is_kept_in_step_is_refused_unless_the_user_insists(tmp_path: Path) -> None:
    library = tmp_path / "Dropbox" / "likewise"
    with open_engine(library) as engine, pytest.raises(LibraryPlaceError, match="Dropbox keeps in step"):
        engine.opened.result(WAIT_S)
    assert not library.exists(), "nothing was made there"
    with open_engine(library, any_disk=True) as engine:
        engine.opened.result(WAIT_S)
        engine.change_settings(engine.settings).result(WAIT_S)
    with open_engine(library) as engine:
        engine.opened.result(WAIT_S)


def test_the_command_line_insists_with_an_option(tmp_path: Path) -> None:
    library = tmp_path / "OneDrive - Work" / "likewise"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "core", "--library", str(library), *words]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env={**os.environ})

    refused = run("status")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "OneDrive" in refused.stderr
    assert "--any-disk" in refused.stderr
    assert run("--any-disk", "status").returncode == 0
    assert run("status").returncode == 0


# the command line


def test_the_command_line_lists_makes_and_goes_back(tmp_path: Path, photos: Path) -> None:
    def run(*words: str) -> str:
        command = [sys.executable, "-m", "core", "--library", str(tmp_path / "library"), "backup", *words]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert run("list") == ""
    with open_engine(tmp_path / "library") as engine:
        engine.add_folder(photos).result(WAIT_S)
    (only,) = json.loads(run("list", "--json"))
    assert only["folders"] == [str(photos)]
    with open_engine(tmp_path / "library") as engine:
        engine.remove_folder(engine.folders().result(WAIT_S)[0].folder_id).result(WAIT_S)
    assert "0 folders" in run("create")
    assert "1 folder watched" in run("restore", str(only["number"]))
    with open_engine(tmp_path / "library") as engine:
        assert watched(engine) == [photos]


def test_a_restored_library_says_so_through_the_engine(tmp_path: Path, photos: Path) -> None:
    with open_engine(tmp_path / "library") as engine:
        engine.add_folder(photos).result(WAIT_S)
    engine.library.catalog.write_bytes(b"nothing" * 1000)
    said = []
    with open_engine(tmp_path / "library") as engine:
        engine.events.subscribe(lambda event: said.append(event.text) if isinstance(event, NoticePosted) else None)
        engine.start(watch=False)
        engine.wait_idle().result(WAIT_S)
        assert len(ask(engine).results) == 8, "it was read anew by itself"
    assert len(said) == 1
    assert "restored as of" in said[0]
    assert "photos" in said[0]
