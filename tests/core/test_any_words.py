"""Whatever is typed or pasted is a question: never syntax, never an error, and no name or title is lost to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from core import Engine, Outcome, Question
from tests.conftest import WAIT_S
from tests.core.decode.media import tone, write_sound
from tests.core.steps import knowing, names

SYNTAX = (
    *"\"'*^+-:(){}%_\\;[]/~é \0\n\ud800\U0010ffff\u202e\u200b\u3000",
    *(
        '""',
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR(",
        "name:",
        "place:",
        "--",
        "/*",
        "*/",
        "NULL",
        "0x",
        "?1",
        ":a",
        "@a",
        "$a",
    ),
    *("file", "moon", "2024", "2024-13-45", "may 0000", "//", "e\u0301"),
)
TYPED = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(st.sampled_from(SYNTAX), max_size=12).map("".join),
    st.lists(st.sampled_from(SYNTAX), max_size=12).map(" ".join),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Engine]:
    """Two pictures and a sound, with names and a title."""
    folder = tmp_path_factory.mktemp("media") / "NEAR the moon"
    folder.mkdir()
    for name in ('a "quoted" name AND more.png', "100%_moon*.png"):
        Image.new("RGB", (30, 20), "teal").save(folder / name)
    write_sound(folder / "-moon.wav", tone(1), "pcm_s16le", tags={"title": "name:moon OR (sun"})
    with knowing(folder, tmp_path_factory.mktemp("library"), speech_model="", motion_model="") as engine:
        yield engine


@given(typed=TYPED, unwanted=st.one_of(st.just(""), TYPED))
@example(typed='"', unwanted="")
@example(typed="moon*" * 300, unwanted='"' * 999)
@example(typed="\0", unwanted="\ud800")
@settings(max_examples=250)
def test_any_words_can_be_asked(engine: Engine, typed: str, unwanted: str) -> None:
    answer = engine.search(Question(typed, without=unwanted)).result(WAIT_S)

    assert len(answer.results) <= 3
    assert answer.outcome in set(Outcome)


@pytest.mark.parametrize("letter", ["x", "moon ", '"', "\0", "é", "🦆", "\n"])
def test_a_pasted_book_is_a_question_as_well(engine: Engine, letter: str) -> None:
    book = letter * (1_000_000 // len(letter))

    assert engine.search(Question(book)).result(WAIT_S).outcome in set(Outcome)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ('a "quoted" name AND more', 'a "quoted" name AND more.png'),
        ('"quoted', 'a "quoted" name AND more.png'),
        ("100%_moon*", "100%_moon*.png"),
        ("name:moon OR (sun", "-moon.wav"),
        ("-moon.wav", "-moon.wav"),
    ],
)
def test_what_looks_like_syntax_is_found_as_it_stands(engine: Engine, typed: str, found: str) -> None:
    assert names(engine.search(Question(typed)).result(WAIT_S))[0] == found


@pytest.mark.parametrize("typed", ["%", "_", "%oon%", "moon%png", "?oon", "*"])
def test_nothing_typed_is_a_pattern(engine: Engine, typed: str) -> None:
    results = engine.search(Question(typed)).result(WAIT_S).results
    assert [result.path.name for result in results if result.space == "name"] == []
