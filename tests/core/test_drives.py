"""Drives that come and go, files that move or vanish; with real mounts, photos, decoders and models."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Engine, FileId, FolderError, FolderState, ItemId
from tests.conftest import REPOSITORY, until
from tests.core.conftest import FakeClock
from tests.core.steps import WAIT_S, ask, index, names, rescan, work_of

Found = dict[str, tuple[FileId, ItemId]]


def known(engine: Engine) -> Found:
    return {result.path.name: (result.file_id, result.item_id) for result in ask(engine).results}


@pytest.fixture
def other(tmp_path: Path, samples: Path) -> Path:
    """A second folder to be watched, with a photo of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(samples / "motorcycle_left.png", folder)
    return folder


@pytest.fixture
def unmounting(tmp_path: Path, samples: Path) -> Callable[[int, int], None]:
    """Unplugs a drive so many times, in a namespace where it is ours to mount."""
    refused = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", f"mount -t tmpfs try '{tmp_path}'"], check=False, capture_output=True, text=True
    )
    if refused.returncode:
        pytest.skip(f"nothing can be mounted here: {refused.stderr.strip()}")
    photos = [str(samples / name) for name in ("coins.png", "horse.png", "page.png")]

    def run(cycles: int, seed: int) -> None:
        sys.stdout.write(f"seed {seed}\n")
        within = ["unshare", "-Urm", sys.executable, "-m", "tests.core.unmounting"]
        done = subprocess.run(
            [*within, str(tmp_path), str(cycles), str(seed), *photos],
            check=False,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=WAIT_S + 20 * cycles,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_ten_times_unplugged_nothing_is_forgotten_or_read_again(unmounting: Callable[[int, int], None]) -> None:
    unmounting(10, 7)


@pytest.mark.slow
def test_a_hundred_times_unplugged_nothing_is_forgotten_or_read_again(unmounting: Callable[[int, int], None]) -> None:
    unmounting(100, random.randrange(10**6))


def test_a_deleted_file_is_asked_about_then_hidden_and_comes_back_as_it_was(
    engine: Engine, photos: Path, time_of_day: FakeClock
) -> None:
    index(engine, photos)
    before = known(engine)
    (photos / "rocket.jpg").rename(photos.with_name("elsewhere.jpg"))

    rescan(engine)
    (missing,) = [result for result in ask(engine).results if result.missing]
    assert (missing.path.name, missing.away) == ("rocket.jpg", None)
    time_of_day.now_s += 59
    rescan(engine)
    assert known(engine) == before
    time_of_day.now_s += 1
    rescan(engine)
    assert known(engine) == {name: ids for name, ids in before.items() if name != "rocket.jpg"}
    assert "rocket.jpg" not in names(ask(engine, "a rocket"))
    assert engine.folders().result(WAIT_S)[0].lost == 1
    assert engine.status().result(WAIT_S).files == 7

    photos.with_name("elsewhere.jpg").rename(photos / "rocket.jpg")
    assert work_of(engine, lambda: rescan(engine)) == 0
    assert known(engine) == before
    assert names(ask(engine, "a rocket on the launch pad"))[0] == "rocket.jpg"


def test_a_deleted_file_is_looked_for_again_unasked(
    open_library: Callable[[], Engine], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.scanning.CONFIRM_AFTER_S", 0.2)
    monkeypatch.setattr("core.store.presence.CONFIRM_AFTER_S", 0.2)
    engine = open_library()
    engine.start(watch=True)
    index(engine, photos)
    (photos / "rocket.jpg").unlink()
    until(lambda: "rocket.jpg" not in known(engine))
    assert len(known(engine)) == 7


def test_a_file_that_is_deleted_and_written_anew_was_never_away(
    engine: Engine, photos: Path, time_of_day: FakeClock
) -> None:
    index(engine, photos)
    before = known(engine)
    data = (photos / "rocket.jpg").read_bytes()
    (photos / "rocket.jpg").unlink()
    rescan(engine)
    (photos / "rocket.jpg").write_bytes(data)
    time_of_day.now_s += 120
    rescan(engine)
    assert known(engine) == before
    assert not any(result.missing for result in ask(engine).results)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("other_first", [False, True])
def test_a_move_to_another_watched_folder_keeps_everything(
    open_library: Callable[[], Engine], photos: Path, other: Path, closed: bool, other_first: bool
) -> None:
    engine = open_library()
    engine.start(watch=False)
    for folder in (other, photos) if other_first else (photos, other):
        index(engine, folder)
    before = known(engine)
    if closed:
        engine.close()
    (other / "sub").mkdir()
    (photos / "chelsea.png").rename(other / "sub" / "cat.png")
    (photos / "coffee.png").rename(other / "coffee.png")
    (other / "motorcycle_left.png").rename(photos / "motorcycle.png")
    if closed:
        engine = open_library()
        engine.start(watch=False)

    assert work_of(engine, lambda: rescan(engine)) == 0, "no byte of them is read again"

    renamed = {"chelsea.png": "cat.png", "motorcycle_left.png": "motorcycle.png"}
    assert known(engine) == {renamed.get(name, name): ids for name, ids in before.items()}
    cat = ask(engine, "a cat").results[0]
    assert cat.path == other / "sub" / "cat.png"
    counts = {folder.path: (folder.files, folder.lost) for folder in engine.folders().result(WAIT_S)}
    assert counts == {photos: (7, 0), other: (2, 0)}


def test_a_move_into_a_folder_that_is_watched_later_keeps_everything(
    engine: Engine, photos: Path, tmp_path: Path, time_of_day: FakeClock
) -> None:
    index(engine, photos)
    before = known(engine)
    new = tmp_path / "new"
    new.mkdir()
    (photos / "chelsea.png").rename(new / "cat.png")
    for _ in range(2):
        rescan(engine)
        time_of_day.now_s += 60
    rescan(engine)
    assert "cat.png" not in known(engine)

    assert work_of(engine, lambda: index(engine, new)) == 0
    assert known(engine)["cat.png"] == before["chelsea.png"]


def test_a_copy_elsewhere_is_no_move(engine: Engine, photos: Path, other: Path) -> None:
    index(engine, photos)
    index(engine, other)
    before = known(engine)
    shutil.copy2(photos / "chelsea.png", other / "copy.png")
    (other / "linked.png").hardlink_to(photos / "coffee.png")
    rescan(engine)
    after = known(engine)
    assert {name: after[name] for name in before} == before
    assert after["copy.png"][1] == before["chelsea.png"][1]
    assert after["linked.png"][1] == before["coffee.png"][1]


def test_renames_in_place_keep_everything(engine: Engine, photos: Path) -> None:
    for name in ("a", "b"):
        (photos / name).mkdir()
    (photos / "chelsea.png").rename(photos / "a" / "one.png")
    (photos / "coffee.png").rename(photos / "b" / "one.png")
    index(engine, photos)
    before = {result.path: (result.file_id, result.item_id) for result in ask(engine).results}
    (photos / "rocket.jpg").rename(photos / "Rocket.JPG")
    (photos / "a").rename(photos / "spare")
    (photos / "b").rename(photos / "a")
    (photos / "spare").rename(photos / "b")

    assert work_of(engine, lambda: rescan(engine)) == 0

    after = {result.path: (result.file_id, result.item_id) for result in ask(engine).results}
    assert after[photos / "Rocket.JPG"] == before[photos / "rocket.jpg"]
    assert after[photos / "b" / "one.png"] == before[photos / "a" / "one.png"]
    assert after[photos / "a" / "one.png"] == before[photos / "b" / "one.png"]
    assert len(after) == len(before)


def test_another_drive_in_its_place_changes_nothing_until_the_user_says_so(
    engine: Engine, photos: Path, other: Path, time_of_day: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.watch.root._is_fixed", lambda _: False)  # the drive of the tests can be unplugged
    index(engine, photos)
    before = known(engine)
    (folder,) = engine.folders().result(WAIT_S)
    photos.rename(photos.with_name("unplugged"))
    other.rename(photos)
    for _ in range(3):
        rescan(engine)
        time_of_day.now_s += 3600
    (folder,) = engine.folders().result(WAIT_S)
    assert (folder.state, folder.lost) == (FolderState.CHANGED, 0)
    assert known(engine) == before
    assert {result.away for result in ask(engine).results} == {folder.away}

    engine.accept_folder(folder.folder_id).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    assert engine.folders().result(WAIT_S)[0].state is FolderState.ONLINE
    assert "motorcycle_left.png" in known(engine)
    time_of_day.now_s += 60
    rescan(engine)
    assert set(known(engine)) == {"motorcycle_left.png"}

    photos.rename(other)
    photos.with_name("unplugged").rename(photos)
    assert work_of(engine, lambda: rescan(engine)) == 0, "the first one is back: nothing of it was forgotten"
    engine.accept_folder(folder.folder_id).result(WAIT_S)
    time_of_day.now_s += 60
    rescan(engine)
    assert known(engine) == before


def test_an_emptied_folder_is_away_until_the_user_says_so(engine: Engine, photos: Path, time_of_day: FakeClock) -> None:
    index(engine, photos)
    (folder,) = engine.folders().result(WAIT_S)
    for photo in photos.iterdir():
        photo.unlink()
    rescan(engine)
    assert engine.folders().result(WAIT_S)[0].state is FolderState.OFFLINE
    assert len(known(engine)) == 8

    engine.accept_folder(folder.folder_id).result(WAIT_S)
    time_of_day.now_s += 60
    rescan(engine)
    assert known(engine) == {}
    assert engine.folders().result(WAIT_S)[0].state is FolderState.ONLINE


def test_a_folder_that_is_not_there_cannot_be_accepted(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    (folder,) = engine.folders().result(WAIT_S)
    photos.rename(photos.with_name("unplugged"))
    with pytest.raises(FolderError, match="cannot be reached"):
        engine.accept_folder(folder.folder_id).result(WAIT_S)
    assert len(known(engine)) == 8


def test_a_month_later_lost_files_are_forgotten_but_many_only_when_the_user_says_so(
    engine: Engine, photos: Path, other: Path, time_of_day: FakeClock
) -> None:
    index(engine, photos)
    index(engine, other)
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        (photos / name).unlink()
    for days in (0, 1, 7, 7, 7, 7, 7):
        time_of_day.now_s += days * 86400
        rescan(engine)
    folder = engine.folders().result(WAIT_S)[0]
    assert (folder.lost, folder.asks) == (3, 3)

    engine.settle_lost(folder.folder_id, keep=True).result(WAIT_S)
    time_of_day.now_s += 86400
    rescan(engine)
    folder = engine.folders().result(WAIT_S)[0]
    assert (folder.lost, folder.asks) == (3, 0)

    (photos / "coins.png").unlink()
    for days in (0, 1, 7, 7, 7, 7, 7):
        time_of_day.now_s += days * 86400
        rescan(engine)
    folder = engine.folders().result(WAIT_S)[0]
    assert (folder.lost, folder.asks) == (3, 0), "one of five is no mass: it was forgotten"


def test_the_users_files_are_never_touched(engine: Engine, photos: Path, time_of_day: FakeClock) -> None:
    index(engine, photos)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in [photos, *photos.iterdir()]}
    rescan(engine)
    time_of_day.now_s += 60
    rescan(engine)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in [photos, *photos.iterdir()]} == before
    assert not [path for path in photos.iterdir() if path.name.startswith(".")]
