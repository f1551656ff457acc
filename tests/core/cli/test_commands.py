"""What each command prints and returns, with real photos, models and libraries."""

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import open_engine
from core.cli.arguments import make_parser
from tests.conftest import REPOSITORY, WAIT_S, until
from tests.core.cli.program import STRANGE, Done, Library, likewise


def is_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text and len(text) > 20


def test_index_ends_with_one_line_and_failures_are_no_error(library: Library) -> None:
    hint = f"likewise failures --library {library.root}"
    assert library.indexed == Done(0, f"Indexed 7 files, 1 failed (see `{hint}`)\n", library.indexed.err)


def test_indexing_again_or_below_looks_through_the_same_folder(library: Library) -> None:
    assert library.ask("index", library.photos).out == library.indexed.out
    assert library.ask("index", library.photos / "deep").out == library.indexed.out
    assert len(library.ask("status", "--json").json["folders"]) == 1


def test_missing_files_are_told_of_until_a_second_look_takes_them_out(
    empty: Callable[..., Done], sample_photos: list[Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for photo in sample_photos[:3]:
        shutil.copy(photo, photos)
    assert "missing" not in empty("index", photos).err
    for photo in sample_photos[:2]:
        (photos / photo.name).unlink()
    (told,) = [line for line in empty("index", photos).err.splitlines() if "missing" in line]
    assert told.startswith("2 files are missing; they are taken out when a look a minute later finds them missing, too")
    assert "2 moved or deleted" in empty("status").out
    with closing(sqlite3.connect(tmp_path / "library" / "catalog.db", isolation_level=None)) as catalog:
        catalog.execute("UPDATE file SET missing_at = missing_at - 60")  # a minute later
    again = empty("index", photos)
    assert again.out == "Indexed 1 file\n"
    assert "missing" not in again.err


def test_words_find_the_photo(library: Library) -> None:
    assert library.ask("search", "a", "cat", "--json").names[0] == "chelsea.png"
    assert library.ask("search", "a rocket launch", "--json").names[0] == "rocket.jpg"


def test_results_are_best_first_and_k_at_most(library: Library) -> None:
    scores = [result["score"] for result in library.ask("search", "a cup of coffee", "--json").json]
    assert len(scores) == 7
    assert scores == sorted(scores, reverse=True)
    assert len(library.ask("search", "a cup of coffee", "-k", "3", "--json").json) == 3


def test_table_has_a_line_for_each_result_whatever_its_name(library: Library) -> None:
    done = library.ask("search", "a woman in a space suit")
    head, *rows = done.out.splitlines()
    assert head.split() == ["#", "match", "score", "file"]
    assert [row.split()[0] for row in rows] == [str(rank) for rank in range(1, 8)]
    assert f"{library.photos}/caf\\xe9 \\x0a\\u202egpj.png" in done.out
    columns = {row.index(str(library.photos)) for row in rows}
    assert columns == {head.index("file")}


def test_strange_name_survives_json_byte_by_byte(library: Library) -> None:
    assert STRANGE in library.ask("search", "a woman in a space suit", "--json").names


def test_example_finds_its_like_wherever_it_lies(library: Library, tmp_path: Path, sample_photos: list[Path]) -> None:
    copy = tmp_path / "outside.png"
    shutil.copy(sample_photos[0], copy)
    (tmp_path / "link.png").symlink_to(copy)
    inside = library.photos / "astronaut.png"
    for example in (copy, tmp_path / "link.png", inside):
        assert {"astronaut.png", STRANGE} & set(library.ask("similar", example, "-k", "2", "--json").names)


def test_kind_that_is_not_there_has_its_own_sentence(library: Library) -> None:
    done = library.ask("search", "a cat", "--kind", "audio", "--json")
    assert (done.code, done.json) == (0, [])
    assert is_sentence(done.err)
    assert library.ask("search", "a cat", "--kind", "audio", "--kind", "image", "--json").names[0] == "chelsea.png"


def test_weak_matches_are_shown_and_said_to_be_weak(library: Library) -> None:
    done = library.ask("search", "quarterly tax return of a limited company", "--json")
    assert done.code == 0
    assert {result["strength"] for result in done.json} == {"weak"}
    assert is_sentence(done.err)


def test_nothing_to_look_for_is_wrong_use(library: Library) -> None:
    for words in ([], ["  "]):
        done = library.ask("search", *words, "--json")
        assert (done.code, done.json) == (2, [])
        assert is_sentence(done.err)


def test_empty_library_says_what_to_do(empty: Callable[..., Done], sample_photos: list[Path]) -> None:
    for question in (("search", "a cat"), ("similar", sample_photos[0])):
        done = empty(*question, "--json")
        assert (done.code, done.json) == (0, [])
        assert "likewise index" in done.err
        assert is_sentence(done.err)


def test_example_that_is_no_picture_is_refused_in_a_sentence(library: Library) -> None:
    done = library.ask("similar", library.photos / "broken.jpg")
    assert (done.code, done.out) == (1, "")
    assert "broken.jpg" in done.err
    assert is_sentence(done.err)


def test_several_examples_are_one_question(library: Library) -> None:
    both = library.ask("similar", library.photos / "chelsea.png", library.photos / "rocket.jpg", "--json")
    assert set(both.names[:2]) == {"chelsea.png", "rocket.jpg"}
    less = library.ask(
        "similar", library.photos / "chelsea.png", "--less", library.photos / "rocket.jpg", "-k", "9", "--json"
    )
    assert less.names[0] == "chelsea.png"
    assert less.names[-1] == "rocket.jpg"


def test_what_is_not_wanted_is_left_out(library: Library) -> None:
    everything = library.ask("search", "--without", "a", "cat", "-k", "99", "--json").names
    assert "chelsea.png" not in everything
    assert "rocket.jpg" in everything
    assert library.ask("search", "a rocket", "--without", "a", "cat", "--json").names[0] == "rocket.jpg"


@pytest.mark.parametrize("stretch", ["1:05", "2:00-1:00", "1:05-", "a-b", "1:2:3:4-5", "-1-2", "5-5"])
def test_a_stretch_that_is_none_is_wrong_use(library: Library, stretch: str) -> None:
    done = likewise("similar", library.photos / "chelsea.png", f"--at={stretch}")
    assert (done.code, done.out) == (2, "")
    assert is_sentence(done.err)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("1:05-1:20", (65_000, 80_000)), ("0-2.5", (0, 2500)), ("1:00:00–1:00:01", (3_600_000, 3_601_000))],
)
def test_stretches(library: Library, typed: str, meant: tuple[int, int]) -> None:
    arguments = make_parser().parse_args(["similar", str(library.photos / "chelsea.png"), "--at", typed])
    assert arguments.at == meant


def test_failures_say_what_and_why(library: Library) -> None:
    (failure,) = library.ask("failures", "--json").json
    assert failure["path"] == str(library.photos / "broken.jpg")
    assert failure["stage"] == "decode"
    text = library.ask("failures").out
    assert str(library.photos / "broken.jpg") in text
    assert failure["sentence"] in text


def test_retry_indexes_what_was_mended(tmp_path: Path, empty: Callable[..., Done], sample_photos: list[Path]) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "1 failed" in empty("index", photos).out
    again = empty("failures", "--retry")
    assert "broken.png" in again.out
    shutil.copy(sample_photos[1], photos / "broken.png")
    mended = empty("failures", "--retry", "--json")
    assert mended.json == []
    assert empty("search", "a cat", "--json").names == ["broken.png"]


def test_status_counts(library: Library) -> None:
    status = library.ask("status", "--json").json
    assert (status["files"], status["items"], status["failed"], status["waiting"]) == (8, 6, 1, 0)
    assert status["size_bytes"] > 10_000
    text = library.ask("status").out
    assert str(library.photos) in text
    assert "8 files (6 different)" in text


def test_doctor_loads_the_models(library: Library) -> None:
    done = library.ask("doctor", "--json")
    assert done.json["problem"] == ""
    states = {model["id"]: model["state"] for model in done.json["models"] if model["in_use"]}
    assert states == {"starter": "ready", "whisper": "ready", "minilm": "ready"}
    assert done.code == (3 if done.json["missing_libraries"] else 0)
    assert done.json["packages"]["torch"] in library.ask("doctor").out


def test_library_that_cannot_be_made_is_a_sentence() -> None:
    done = likewise("status", "--library", "/proc/nowhere")
    assert (done.code, done.out) == (1, "")
    assert is_sentence(done.err)


def test_reader_that_stops_reading_ends_the_command_quietly(library: Library) -> None:
    command = [sys.executable, "-m", "core", "status", "--library", library.root]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def many_photos(folder: Path, photo: Path, number: int) -> Path:
    folder.mkdir()
    data = photo.read_bytes()
    for count in range(number):
        (folder / f"{count}.jpg").write_bytes(data + b"%d" % count)  # what follows the picture makes it another file
    return folder


def test_interrupted_index_ends_quietly_and_goes_on_next_time(
    tmp_path: Path, empty: Callable[..., Done], library: Library
) -> None:
    photos = many_photos(tmp_path / "many", library.photos / "rocket.jpg", 200)
    heard = ["env", "--default-signal=INT"]  # what a shell starts in the background would ignore it
    command = [*heard, sys.executable, "-m", "core", "index", photos, "--library", tmp_path / "library"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until((tmp_path / "library" / "catalog.db-wal").exists)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out, err) == (130, "", "")
    assert empty("index", photos).out == "Indexed 200 files\n"


def test_progress_is_a_bar_on_a_terminal(tmp_path: Path, library: Library) -> None:
    photos = many_photos(tmp_path / "many", library.photos / "rocket.jpg", 100)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "core", "index", photos, "--library", tmp_path / "library"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
        os.close(ours)
        assert process.stdout
        assert process.stdout.read() == b"Indexed 100 files\n"
    assert b"/100 [" in shown
    assert b" files/s]" in shown
    assert shown.rstrip(b" ").endswith(b"\r"), "the bar is gone in the end"


@pytest.mark.parametrize("command", ["search", "similar", "status", "failures", "doctor", "index", "gui"])
def test_each_command_has_help(command: str) -> None:
    done = likewise(command, "--help")
    assert done.code == 0
    assert "--library" in done.out


def test_folder_that_is_suddenly_empty_keeps_what_is_known(
    tmp_path: Path, empty: Callable[..., Done], sample_photos: list[Path]
) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    shutil.copy(sample_photos[1], drive / "cat.png")
    assert empty("index", drive).out == "Indexed 1 file\n"
    (drive / "cat.png").rename(tmp_path / "unplugged.png")
    again = empty("index", drive)
    assert (again.code, again.out) == (0, "Indexed 1 file\n")
    assert "not connected" in again.err
    assert empty("search", "a cat", "--json").names == ["cat.png"]


def test_a_folder_is_used_as_it_is_when_that_is_said(
    tmp_path: Path, empty: Callable[..., Done], sample_photos: list[Path]
) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    shutil.copy(sample_photos[1], drive / "cat.png")
    empty("index", drive)
    (drive / "cat.png").unlink()
    again = empty("index", drive)
    assert "--as-it-is" in again.err
    assert empty("status", "--json").json["folders"][0]["state"] == "offline"
    accepted = empty("index", drive, "--as-it-is")
    assert accepted.code == 0
    assert accepted.err.startswith(
        "1 file is missing; it is taken out when a look a minute later finds it missing, too"
    )
    assert empty("status", "--json").json["folders"][0]["state"] == "online"


def test_a_library_that_is_open_elsewhere_can_be_asked_but_not_changed(library: Library) -> None:
    with open_engine(library.root) as engine:
        engine.opened.result()
        found = likewise("search", "a", "cat", "--json", "--library", library.root)
        like = likewise("similar", library.photos / "rocket.jpg", "--json", "--library", library.root)
        known = likewise("status", "--json", "--library", library.root)
        refused = likewise("index", library.photos, "--library", library.root)

    assert (found.code, found.names[0]) == (0, "chelsea.png")
    assert (like.code, like.names[0]) == (0, "rocket.jpg")
    assert known.json["files"] == 8
    assert refused.code == 1
    assert is_sentence(refused.err)
