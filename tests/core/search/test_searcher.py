"""One ranked answer over photos, video moments, sounds and spoken lines."""

from __future__ import annotations

import pytest

from core.records import Outcome, Strength
from tests.core.search.conftest import MadeLibrary, Part, lines, names, shots, windows


@pytest.fixture
def full(made: MadeLibrary) -> MadeLibrary:
    """A hundred photos, twenty videos and sounds, forty lines, none like another."""
    made.add_many(100)
    made.add_many(20, "mp4", parts=4)
    made.add_many(20, "wav", parts=3)
    made.add("other/lecture.wav", *windows("lecture"), *lines(*(f"sentence {number}" for number in range(40))))
    return made


def test_words_find_what_is_seen_and_what_is_said(full: MadeLibrary) -> None:
    full.add("photo.jpg", Part(seen="dog"))
    full.add("video.mp4", *shots("road", "house", "dog", "sea"))
    full.add("talk.mp4", *shots("desk", "wall"), *lines("hello there", "the train leaves|train", "about my pet|dog"))
    full.add("speech.wav", *windows("voice", "voice"), *lines("good morning|morning", "he has a hound|dog"))

    answer = full.ask("dog")

    assert answer.outcome is Outcome.FOUND
    by_name = {result.path.name: result for result in answer.results[:4]}
    assert by_name.keys() == {"photo.jpg", "video.mp4", "talk.mp4", "speech.wav"}
    assert all(result.strength is Strength.STRONG for result in by_name.values())
    assert all(result.strength is Strength.WEAK for result in answer.results[4:])
    shown = {name: (result.reason, result.start_ms, result.line) for name, result in by_name.items()}
    assert shown == {
        "photo.jpg": ("matches the words", None, ""),
        "video.mp4": ("matches the words", 20_000, ""),
        "talk.mp4": ("heard at 00:08", 8_000, "about my pet"),
        "speech.wav": ("heard at 00:04", 4_000, "he has a hound"),
    }


def test_nothing_is_strong_for_what_is_not_there(full: MadeLibrary) -> None:
    full.add("speech.wav", *windows("voice"), *lines("good morning|morning", "he has a hound|dog"))

    answer = full.ask("submarine")

    assert answer.outcome is Outcome.NO_GOOD_MATCH
    assert len(answer.results) == 20
