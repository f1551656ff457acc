from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.words import split_words


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("dog -beach", "dog", "beach"),
        ("dog −beach on grass", "dog on grass", "beach"),
        ("-crowd", "", "crowd"),
        ('dog -"two men" -sea', "dog", "two men, sea"),
        ("dog -“two men”", "dog", "two men"),
        ('dog -"still typ', "dog", "still typ"),
        ("a black-and-white cat", "a black-and-white cat", ""),
        ('"a -b c" -d', '"a -b c"', "d"),
        ("dog - beach", "dog - beach", ""),
        ("dog – beach", "dog – beach", ""),
        ("dog -", "dog -", ""),
        ("--help", "--help", ""),
        ("  two  spaces ", "  two  spaces ", ""),
    ],
)
def test_words_after_a_minus_sign_are_not_wanted(typed: str, wanted: str, unwanted: str) -> None:
    assert split_words(typed) == (wanted, unwanted)


@given(st.text(alphabet='ab -−"“”\n', max_size=30))
def test_no_letter_is_lost(typed: str) -> None:
    wanted, unwanted = split_words(typed)
    assert sorted(letter for letter in typed if letter.isalpha()) == sorted(
        letter for letter in wanted + unwanted if letter.isalpha()
    )
