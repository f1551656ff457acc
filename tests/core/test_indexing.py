"""The library follows the disk, loses nothing and does nothing twice; with real photos, decoders and models."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core import (
    Activity,
    BugFound,
    Engine,
    Event,
    FolderError,
    FolderState,
    Kind,
    LibraryChanged,
    Outcome,
    Progress,
    ProgressChanged,
    Reason,
)
from core.runtime.worker import Priority
from core.understanding import Understanding
from tests.conftest import children, until
from tests.core.decode.media import noise, write_sound
from tests.core.steps import WAIT_S, ask, index, names, rescan, work_of


def test_unchanged_files_are_not_read_twice(engine: Engine, photos: Path) -> None:
    assert work_of(engine, lambda: index(engine, photos)) == 8
    assert work_of(engine, lambda: rescan(engine)) == 0


def test_new_changed_and_removed_files(engine: Engine, photos: Path, samples: Path) -> None:
    index(engine, photos)
    shutil.copy(samples / "motorcycle_left.png", photos / "new.png")
    shutil.copy(samples / "hubble_deep_field.jpg", photos / "chelsea.png")
    (photos / "rocket.jpg").unlink()

    assert work_of(engine, lambda: rescan(engine)) == 2

    assert names(ask(engine, "a motorcycle"))[0] == "new.png"
    assert names(ask(engine, "stars and galaxies in space"))[0] == "chelsea.png"
    assert [result.path.name for result in ask(engine).results if result.missing] == ["rocket.jpg"]
    assert len(ask(engine).results) == 9


def test_moves_keep_what_was_understood(open_library: Callable[[], Engine], photos: Path) -> None:
    engine = open_library()
    engine.start(watch=False)
    index(engine, photos)
    before = {result.path.name: result.item_id for result in ask(engine).results}
    engine.close()
    (photos / "sub").mkdir()
    (photos / "chelsea.png").rename(photos / "sub" / "cat.png")  # the same inode
    shutil.copy(photos / "coffee.png", photos / "sub" / "cup.png")  # another inode, the same bytes
    (photos / "coffee.png").unlink()

    engine = open_library()
    engine.start(watch=False)
    engine.wait_idle().result(WAIT_S)
    after = {result.path.name: result.item_id for result in ask(engine).results}

    assert after["cat.png"] == before["chelsea.png"]
    assert after["cup.png"] == before["coffee.png"]
    assert names(ask(engine, "a cat"))[0] == "cat.png"
    assert {result.path.name for result in ask(engine).results if result.missing} == {"coffee.png"}
    assert len(after) == 9


def test_one_bad_file_costs_nothing_else_and_can_be_retried(engine: Engine, photos: Path, samples: Path) -> None:
    bad = photos / "broken.jpg"
    bad.write_bytes((samples / "rocket.jpg").read_bytes()[:5000])
    (photos / "empty.png").touch()
    index(engine, photos)

    failures = {failure.path.name: failure for failure in engine.failures().result(WAIT_S)}
    assert set(failures) == {"broken.jpg", "empty.png"}
    assert failures["empty.png"].reason is Reason.EMPTY
    assert failures["broken.jpg"].sentence
    assert len(ask(engine).results) == 8

    assert work_of(engine, lambda: rescan(engine)) == 0, "a failed file is tried again only when asked, or changed"
    shutil.copy(samples / "rocket.jpg", bad)
    assert engine.retry().result(WAIT_S) == 2
    engine.wait_idle().result(WAIT_S)
    assert [failure.path.name for failure in engine.failures().result(WAIT_S)] == ["empty.png"]


def test_removing_a_folder_is_undone_by_adding_it(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    before = {result.path: result.item_id for result in ask(engine).results}
    folder = engine.folders().result(WAIT_S)[0]

    engine.remove_folder(folder.folder_id).result(WAIT_S)
    assert ask(engine, "a cat").outcome is Outcome.EMPTY_LIBRARY
    index(engine, photos)

    assert {result.path: result.item_id for result in ask(engine).results} == before


def test_an_unplugged_drive_is_not_a_deletion(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    away = photos.with_name("unplugged")
    photos.rename(away)
    photos.mkdir()

    rescan(engine)
    assert engine.folders().result(WAIT_S)[0].state is FolderState.OFFLINE
    cat = ask(engine, "a cat").results[0]
    assert (cat.path.name, cat.can_be_opened) == ("chelsea.png", False)
    assert engine.thumbnail(cat.item_id).result(WAIT_S) is not None

    photos.rmdir()
    away.rename(photos)
    assert work_of(engine, lambda: rescan(engine)) == 0
    assert engine.folders().result(WAIT_S)[0].state is FolderState.ONLINE


def test_a_drive_unplugged_while_files_wait_keeps_nobody_waiting(engine: Engine, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(photos, other)
    index(engine, other)
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    away = photos.with_name("unplugged")
    photos.rename(away)
    engine.resume()

    rescan(engine)
    assert engine.status().result(WAIT_S).waiting == 8
    assert engine.progress.activity is Activity.IDLE

    away.rename(photos)
    rescan(engine)
    assert engine.status().result(WAIT_S).waiting == 0


def test_what_went_away_while_it_waited_is_no_failure_and_read_when_the_drive_is_back(
    engine: Engine, photos: Path
) -> None:
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    away = photos.with_name("unplugged")
    photos.rename(away)
    engine.resume()  # before anybody has noticed
    engine.wait_idle().result(WAIT_S)
    assert engine.failures().result(WAIT_S) == []
    rescan(engine)
    away.rename(photos)
    rescan(engine)

    assert engine.failures().result(WAIT_S) == []
    assert len(ask(engine).results) == 8


def test_lost_thumbnails_are_made_again(open_library: Callable[[], Engine], photos: Path, tmp_path: Path) -> None:
    engine = open_library()
    engine.start(watch=False)
    index(engine, photos)
    engine.close()
    (tmp_path / "library" / "thumbnails.db").unlink()

    engine = open_library()
    cat = ask(engine, "a cat").results[0]
    picture = engine.thumbnail(cat.item_id).result(WAIT_S)
    assert picture is not None
    (photos / "chelsea.png").unlink()
    until(lambda: engine.thumbnail(cat.item_id).result(WAIT_S) == picture)  # it is kept when nothing else is to be done


def test_a_look_up_does_not_wait_for_a_thumbnail_that_is_made_again(
    open_library: Callable[[], Engine], photos: Path, tmp_path: Path
) -> None:
    engine = open_library()
    engine.start(watch=False)
    index(engine, photos)
    cat = ask(engine, "a cat").results[0]
    engine.close()
    (tmp_path / "library" / "thumbnails.db").unlink()

    others = children()
    engine = open_library()
    engine.preview(cat.file_id, 100).result(WAIT_S)
    (decoder,) = (pid for pid, command in children().items() if "core.decode.child" in command and pid not in others)
    os.kill(decoder, signal.SIGSTOP)
    missing = engine.thumbnail(cat.item_id)
    until(lambda: engine._read.waiting == 0)
    engine.details(cat.file_id).result(WAIT_S)
    assert not missing.done()
    os.kill(decoder, signal.SIGCONT)
    assert missing.result(WAIT_S) is not None


def test_folders_that_cannot_be_watched(engine: Engine, photos: Path, tmp_path: Path) -> None:
    engine.add_folder(photos).result(WAIT_S)

    ours, unheard_of = tmp_path / "library" / "stores", tmp_path / ("x" * 300)
    for path in (tmp_path / "absent", photos / "chelsea.png", tmp_path, ours, unheard_of):
        with pytest.raises(FolderError, match=path.name):
            engine.add_folder(path).result(WAIT_S)


def test_pause_resume_and_cancel(engine: Engine, photos: Path) -> None:
    engine.pause()
    engine.add_folder(photos).result(WAIT_S)
    engine.rescan().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 8
    assert ask(engine).outcome is Outcome.EMPTY_LIBRARY

    engine.cancel()
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 8
    engine.resume()
    engine.wait_idle().result(WAIT_S)

    status = engine.status().result(WAIT_S)
    assert (status.waiting, status.files, status.items) == (0, 8, 8)
    assert engine.progress.activity is Activity.IDLE


def test_closing_in_the_middle_goes_on_next_time(open_library: Callable[[], Engine], photos: Path) -> None:
    with Image.open(photos / "rocket.jpg") as picture:
        for number in range(60):
            picture.rotate(number).save(photos / f"rocket {number}.jpg")
    for _ in range(3):
        engine = open_library()
        engine.start(watch=False)
        engine.add_folder(photos).result(WAIT_S)
        engine.rescan().result(WAIT_S)
        engine.close()

    engine = open_library()
    engine.start(watch=False)
    engine.wait_idle().result(WAIT_S)

    status = engine.status().result(WAIT_S)
    assert (status.files, status.waiting, status.failed) == (68, 0, 0)


def test_a_live_folder_is_followed(open_library: Callable[[], Engine], photos: Path, samples: Path) -> None:
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    changed = threading.Event()
    engine.events.subscribe(lambda event: changed.set() if isinstance(event, LibraryChanged) else None)

    shutil.copy(samples / "motorcycle_left.png", photos / "new.png")

    while changed.wait(WAIT_S):
        changed.clear()
        if names(ask(engine, "a motorcycle"))[0] == "new.png":
            return
    pytest.fail("the new photo never turned up")


def test_listening_is_said_while_only_that_is_left(engine: Engine, photos: Path) -> None:
    for number in range(3):
        write_sound(photos / f"{number}.wav", noise(2 + number), "pcm_s16le")
    told: list[Progress] = []
    engine.events.subscribe(lambda event: told.append(event.progress) if isinstance(event, ProgressChanged) else None)
    index(engine, photos)
    at_work = [progress for progress in told if progress.activity in {Activity.INDEXING, Activity.LISTENING}]
    listening = [progress for progress in at_work if progress.activity is Activity.LISTENING]
    assert at_work[-len(listening) :] == listening, "all else comes first"
    assert (listening[0].done, listening[0].total) == (0, 3)
    assert listening[-1].done == 3
    assert told[-1].activity is Activity.IDLE
    (folder,) = engine.folders().result(WAIT_S)
    assert folder.found == {Kind.IMAGE: 8, Kind.AUDIO: 3}


def test_after_a_bug_nothing_claims_to_be_done_that_is_not(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun goes back to the queue before anybody looks whether something is left in it."""
    embed, let_go = Understanding.embed, threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, BugFound):  # the store has other things to do just now
            monkeypatch.setattr(Understanding, "embed", embed)
            engine._store.call(Priority.URGENT, lambda _: let_go.wait(WAIT_S))
            bugs.append(event)

    def fail(*_: object) -> None:
        raise ValueError("a bug of ours")

    bugs: list[BugFound] = []
    engine.events.subscribe(hear)
    monkeypatch.setattr(Understanding, "embed", fail)
    engine.add_folder(photos).result(WAIT_S)
    until(lambda: bool(bugs))
    idle = engine.wait_idle()
    time.sleep(0.3)
    let_go.set()
    idle.result(WAIT_S)
    assert len(ask(engine).results) == 8
