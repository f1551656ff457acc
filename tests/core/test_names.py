"""Files with names that nobody expects are indexed, found and listed like all others, byte by byte."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from core import Engine, Question
from tests.conftest import WAIT_S
from tests.core.cli.program import likewise
from tests.core.steps import ask, knowing, rescan, work_of
from tests.hostile import LONGEST, TOTAL, names

MORE_THAN_ALL = 2 * TOTAL


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one picture has all the names."""
    folder = tmp_path_factory.mktemp("named") / os.fsdecode(b"<b>folder\n\xff\xe2\x80\xae")
    folder.mkdir()
    picture = folder / "plain.png"
    Image.new("RGB", (40, 30), "teal").save(picture)
    data = picture.read_bytes()
    picture.unlink()
    for name in names():
        (folder / os.fsdecode(name)).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, named: Path, model_cache: Path) -> Iterator[Engine]:
    with knowing(named, tmp_path_factory.mktemp("library")) as engine:
        yield engine


def test_there_are_enough_and_they_are_as_bad_as_they_get() -> None:
    every = names()
    assert len(every) >= 500
    assert max(map(len, every)) == LONGEST
    assert sum(b"\n" in name for name in every) > 20
    assert sum(not _is_text(name) for name in every) > 20


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_typed(name: bytes) -> bool:
    """Whether it is what remains of it when it is typed: blanks around a question are no part of it."""
    return _is_text(name) and name.decode() == name.decode().strip()


def test_every_name_is_indexed_and_kept_byte_by_byte(engine: Engine, named: Path) -> None:
    assert engine.failures().result(WAIT_S) == []
    shown = ask(engine, limit=MORE_THAN_ALL).results
    assert sorted(os.fsencode(result.path) for result in shown) == sorted(map(os.fsencode, named.iterdir()))
    assert all(result.path.is_file() for result in shown)
    assert work_of(engine, lambda: rescan(engine)) == 0


def test_every_name_that_is_text_finds_its_file(engine: Engine, named: Path) -> None:
    lost = []
    some = [name for name in names() if _is_typed(name)][::3]
    asked = {name: engine.search(Question(name.decode(), limit=3)) for name in some}
    for name, future in asked.items():
        found = {os.fsencode(result.path.name) for result in future.result(WAIT_S).results}
        if name not in found:
            lost.append(name)
    assert lost == [], lost


def test_details_of_every_name_can_be_asked_for(engine: Engine) -> None:
    results = ask(engine, limit=MORE_THAN_ALL).results
    details = [engine.details(result.file_id) for result in results[::9]]
    assert {detail.result(WAIT_S).size_bytes for detail in details} == {results[0].path.stat().st_size}


def test_the_command_line_lists_every_name_and_none_acts_upon_the_terminal(engine: Engine, named: Path) -> None:
    question = ("search", "teal", "-k", str(MORE_THAN_ALL), "--library", engine.library.root)

    listed = likewise(*question, "--json")
    printed = likewise(*question)

    paths = sorted(os.fsencode(result["path"]) for result in json.loads(listed.out))
    assert paths == sorted(os.fsencode(named) + b"/" + name for name in names())
    assert listed.out.isascii()
    lines = printed.out.splitlines()
    assert len(lines) == len(names()) + 1
    for text in (printed.out, printed.err, listed.err):
        acting = {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}} - {"\n"}
        assert acting <= {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", "/nowhere/\x1b[2Ja\nb"),
        ("similar", "/nowhere/\x1b[2Ja\nb.png"),
        ("similar", os.fsdecode(b"/nowhere/\xff\xe2\x80\xae.png")),
        ("status", "--library", "/proc/\x1b[2Ja\nb"),
        ("search", "a", "--kind", "\x1b[2J"),
        ("status", "\x1b[2J"),
    ],
)
def test_what_went_wrong_is_said_without_acting_upon_the_terminal(arguments: tuple[str, ...], tmp_path: Path) -> None:
    more = () if "--library" in arguments else ("--library", tmp_path / "library")

    done = likewise(*arguments, *more)

    assert done.code in {1, 2}
    assert done.err.count("\n") == 1
    assert not {one for one in done.out + done.err if unicodedata.category(one) in {"Cc", "Cf"}} - {"\n"}
