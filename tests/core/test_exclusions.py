"""What the rules leave out cannot be found, costs nothing, and comes back unread when it is taken in again."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from core import Engine, Rule, Settings, Skipped, open_engine
from core.opening import settings_of
from tests.conftest import WAIT_S
from tests.core.steps import ask, index, names, rescan, work_of


def leave_out(engine: Engine, patterns: str) -> None:
    engine.change_settings(replace(engine.settings, exclude=patterns)).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)


def skipped(engine: Engine) -> dict[tuple[Rule, str], tuple[int, int]]:
    (folder,) = engine.folders().result(WAIT_S)
    return {(of.rule, of.pattern): (of.files, of.folders) for of in folder.skipped}


def test_a_pattern_takes_files_out_and_its_end_brings_them_back_unread(engine: Engine, photos: Path) -> None:
    (photos / "Drafts").mkdir()
    shutil.copy(photos / "coffee.png", photos / "Drafts" / "cup.png")
    index(engine, photos)
    before = {result.path.name: result.item_id for result in ask(engine).results}

    assert work_of(engine, lambda: leave_out(engine, "*.jpg\nDrafts/")) == 0
    assert set(names(ask(engine))) == before.keys() - {"rocket.jpg", "retina.jpg", "cup.png"}
    assert engine.failures().result(WAIT_S) == []
    assert skipped(engine) == {(Rule.PATTERN, "*.jpg"): (2, 0), (Rule.PATTERN, "Drafts/"): (0, 1)}

    leave_out(engine, "")
    assert {result.path.name: result.item_id for result in ask(engine).results} == before, "known by its content"
    assert skipped(engine) == {}


def test_leaving_out_everything_is_no_unplugged_drive(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    leave_out(engine, "*")
    (folder,) = engine.folders().result(WAIT_S)
    assert (folder.state, folder.files) == ("online", 0)


def test_a_pattern_counts_from_the_next_start_on_too(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    leave_out(engine, "*.jpg")
    assert settings_of(engine.library).exclude == "*.jpg"
    library = engine.library.root
    engine.close()
    shutil.copy(photos / "rocket.jpg", photos / "new.jpg")
    with open_engine(library) as again:
        again.start(watch=False)
        again.wait_idle().result(WAIT_S)
        assert len(names(ask(again))) == 6


def test_what_is_too_large_is_left_out_and_no_failure(tmp_path: Path, photos: Path) -> None:
    (photos / "large.jpg").write_bytes(os.urandom(1_500_000))
    with open_engine(tmp_path / "library", Settings(max_file_mb=1, decode_processes=1)) as engine:
        engine.start(watch=False)
        index(engine, photos)
        assert engine.failures().result(WAIT_S) == []
        assert "large.jpg" not in names(ask(engine))
        assert skipped(engine) == {(Rule.TOO_LARGE, ""): (1, 0)}


def test_patterns_are_looked_at_before_they_count(engine: Engine, photos: Path) -> None:
    (photos / "Drafts").mkdir()
    shutil.copy(photos / "coffee.png", photos / "Drafts" / "cup.png")
    index(engine, photos)
    leave_out(engine, "rocket.jpg")
    seen = engine.left_out_by("*.jpg\nrocket.jpg\nDrafts/\n!").result(WAIT_S)
    assert (seen.known, seen.files) == (8, 2), "one of them is left out already"
    assert seen.wrong == ("!",)
    at = os.fspath(photos)
    assert seen.by_pattern == (
        Skipped(Rule.PATTERN, "*.jpg", 1, 0, (f"{at}/retina.jpg",)),
        Skipped(Rule.PATTERN, "rocket.jpg", 1, 0, (f"{at}/rocket.jpg",)),
        Skipped(Rule.PATTERN, "Drafts/", 1, 0, (f"{at}/Drafts/cup.png",)),
    )
    assert len(ask(engine).results) == 8, "only looked at"


def test_hidden_and_system_folders_are_counted_and_our_own_never_entered(engine: Engine, photos: Path) -> None:
    for name in (".git", "node_modules", "@eaDir"):
        (photos / name).mkdir()
        shutil.copy(photos / "coffee.png", photos / name)
    index(engine, photos)
    assert len(ask(engine).results) == 8
    assert skipped(engine) == {(Rule.HIDDEN, ""): (0, 1), (Rule.SYSTEM, ""): (0, 2)}
    rescan(engine)


def test_library_inside_a_watched_folder_is_not_indexed(tmp_path: Path, photos: Path) -> None:
    with open_engine(photos / "library", Settings(decode_processes=1)) as engine:
        (photos / "library").mkdir(exist_ok=True)
        shutil.copy(photos / "coffee.png", photos / "library" / "cup.png")
        engine.start(watch=False)
        index(engine, photos)
        assert len(ask(engine).results) == 8
