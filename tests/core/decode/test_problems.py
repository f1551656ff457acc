"""What a user reads about a file that could not be read: what happened, and what can be done. Nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.decode.problems import explain, media_error, unreadable
from core.records import Reason

OF_THE_MODELS = {Reason.NOT_UNDERSTOOD}
"""Said by who understands, not by who decodes."""
NOT_FOR_USERS = re.compile(
    r"traceback|error:|exception|errno|none\b|null|0x[0-9a-f]|\bpil\b|pillow|ffmpeg|libav|\bav\.|codec|<|>|\{|\}|\n|__",
    re.IGNORECASE,
)
TO_DO = re.compile(r"\b(copy|save|raise|try|check|change|add)\b|is left out|will be read again", re.IGNORECASE)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in OF_THE_MODELS])
def test_every_reason_says_what_happened_and_what_to_do(reason: Reason) -> None:
    error = media_error(reason)

    assert re.search(r"\b(files?|memory)\b", error.what, re.IGNORECASE)
    assert TO_DO.search(error.advice), error.advice
    assert_plain(str(error))


def test_there_are_about_a_dozen_reasons() -> None:
    assert 10 <= len(Reason) <= 14


@pytest.mark.parametrize(
    "error",
    [
        OSError("decoder error -2 when reading image file"),
        ValueError("buffer is not large enough"),
        SyntaxError("broken PNG file (chunk b'\\x00\\x00')"),
        KeyError(0x8769),
        IndexError("tuple index out of range"),
        AttributeError("'NoneType' object has no attribute 'read'"),
        MemoryError(),
        RuntimeError("Invalid input: Unspecified: <b>&nbsp;"),
        OSError("Unsupported BMP pixel depth (30000)"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        AssertionError(),
        Exception("Traceback (most recent call last):\n  File x"),
    ],
)
def test_nothing_of_an_exceptions_own_words_reaches_the_user(error: Exception) -> None:
    said = str(explain(error))

    assert_plain(said)
    assert TO_DO.search(said)
    assert str(error) == "" or str(error) not in said


@pytest.mark.parametrize("number", [1, 2, 5, 13, 20, 24, 40, 110, 116])
def test_what_the_system_refused_is_said_in_its_words(number: int) -> None:
    error = unreadable(OSError(number, os.strerror(number), "/secret/place"))

    assert_plain(str(error))
    assert "/secret" not in str(error)


def assert_plain(text: str) -> None:
    assert text.endswith(".")
    assert text[0].isupper()
    assert len(text) < 200
    assert not NOT_FOR_USERS.search(text), text


def test_the_reasons_are_in_the_manual(request: pytest.FixtureRequest) -> None:
    """Somebody will look them up."""
    manual = (Path(str(request.config.rootpath)) / "docs").glob("*.md")
    text = "\n".join(page.read_text("utf-8") for page in manual).lower()
    assert [reason for reason in Reason if str(reason) not in text] == []
