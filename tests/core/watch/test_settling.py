"""Files that may still be being written are held back: real files, and what the system tells of them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from core.records import FoundFile, Kind
from core.watch import settling
from core.watch.identity import signature_of
from core.watch.settling import Settling, is_open_for_writing
from tests.conftest import until

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")


def found(path: Path) -> FoundFile:
    return FoundFile(os.fsencode(path), Kind.IMAGE, signature_of(os.fsencode(path)))


def held(files: Settling, path: Path, **kwargs: bool) -> bool:
    return bool(files.sift(os.fsencode(path.parent), [found(path)], **kwargs))


def old(path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """As if the file had been left alone for so long already."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


@on_linux
def test_the_system_tells_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb"):
        assert is_open_for_writing(os.fsencode(path)) is True
    assert is_open_for_writing(os.fsencode(path)) is False
    with path.open("rb"):
        assert is_open_for_writing(os.fsencode(path)) is False
    assert is_open_for_writing(os.fsencode(tmp_path / "absent")) is None


@on_linux
def test_who_writes_right_after_being_asked_about_is_not_held_up(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    for number in range(200):
        is_open_for_writing(os.fsencode(path))
        path.write_bytes(b"%d" % number)
    assert path.read_bytes() == b"199"


@on_linux
def test_closed_files_settle_in_a_moment_and_at_once_for_who_asks(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    assert not held(Settling(), path, asked=True)
    files = Settling()
    assert held(files, path)
    assert files.soon
    until(lambda: bool(files.look()))
    assert not held(files, path)
    assert files.next_look_s is None


@on_linux
def test_open_file_is_held_however_quiet_and_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    files = Settling()
    with path.open("wb") as writer:
        writer.write(b"half of it")
        writer.flush()
        old(path, monkeypatch, 60)
        assert held(files, path, asked=True)
        assert files.being_written(os.fsencode(tmp_path)) == [os.fsencode(path)]
        assert not files.soon, "nobody can say how long that takes"
    assert not held(files, path)


@on_linux
def test_file_that_is_left_open_for_ever_is_taken_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    files = Settling()
    with path.open("wb"):
        assert held(files, path)
        old(path, monkeypatch, settling.PATIENCE_S)
        assert not held(files, path)


def test_without_the_systems_word_a_file_must_be_quiet_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    files = Settling(is_open=lambda _: None)
    old(path, monkeypatch, 2)
    assert held(files, path, asked=True)
    old(path, monkeypatch, 1.1)
    assert not held(files, path)


def test_each_change_begins_the_wait_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LOOK_EVERY_S", 0.0)
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    files = Settling(is_open=lambda _: None)
    old(path, monkeypatch, -3600)  # a clock that is behind (a server's): only what is seen counts
    assert held(files, path)
    monkeypatch.setattr(settling, "QUIET_S", 0.3)
    for number in range(5):
        path.write_bytes(b"y" * number)
        assert files.look() == []
        time.sleep(0.1)
    until(lambda: files.look() == [os.fsencode(tmp_path)])


def test_what_changes_for_ever_is_told_of_and_left_to_later_scans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "PATIENCE_S", 0.5)
    monkeypatch.setattr(settling, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(settling, "_NOTABLE_S", 0.1)
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    files = Settling(is_open=lambda _: None)
    assert held(files, path)

    def still_looked_at() -> bool:
        path.write_bytes(path.read_bytes() + b"x")
        assert files.look() == []
        return files.next_look_s is not None

    until(lambda: not still_looked_at())
    assert files.being_written(os.fsencode(tmp_path)) == [os.fsencode(path)]
    assert not files.soon


def test_file_that_vanished_is_for_a_scan_to_find_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LOOK_EVERY_S", 0.0)
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    files = Settling(is_open=lambda _: None)
    assert held(files, path)
    path.unlink()
    assert files.look() == [os.fsencode(tmp_path)]
