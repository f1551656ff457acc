from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import wording
from core import Kind


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("beach.jpg", "beach.jpg"),
        ("a\nb.jpg", "a␊b.jpg"),
        ("photo\u202egpj.exe", "photo\ufffdgpj.exe"),
        ("a\u2066b\u2069", "a\ufffdb\ufffd"),
        ("\x7f\x9b", "\ufffd\ufffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩\u200d👧.jpg", "👨\u200d👩\u200d👧.jpg"),
        ("<b>bold</b>.jpg", "<b>bold</b>.jpg"),
    ],
)
def test_names_that_could_lie_are_shown_as_they_are(raw: str, shown: str) -> None:
    assert wording.safe(raw) == shown


def test_a_name_that_is_not_utf_8_can_be_shown() -> None:
    assert wording.name_of(Path("/pictures/caf\udce9.jpg")) == "caf\ufffd.jpg"


@given(st.text(st.characters(codec=None)))
def test_any_name_can_be_shown(raw: str) -> None:
    wording.safe(raw).encode("utf-8")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "less than a minute"),
        (61, "about 1 min"),
        (240, "about 4 min"),
        (3600, "about 60 min"),
        (7300, "about 2 hours"),
    ],
)
def test_durations_are_said_no_more_exactly_than_known(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


def test_counts_agree_with_their_noun() -> None:
    assert wording.count(1, "photo") == "1 photo"
    assert wording.count(0, "photo") == "0 photos"
    assert {wording.kind_name(kind) for kind in Kind} == {"photo", "sound", "video"}


def test_a_month_is_named_and_an_unknown_one_admitted() -> None:
    assert wording.month("2026-11-03T10:00:00") == "November 2026"
    assert wording.month("") == "No date"


def test_times_are_said_as_players_do() -> None:
    assert [wording.clock(ms) for ms in (0, 134_999, 3_734_000)] == ["0:00", "2:14", "1:02:14"]


def test_what_there_is_of_each_kind_is_counted() -> None:
    assert wording.media({Kind.AUDIO: 2, Kind.IMAGE: 1}) == "1 photo, 2 sounds"
    assert wording.media({Kind.IMAGE: 600}, at_least=True) == "600+ photos"
    assert wording.media({Kind.IMAGE: 500, Kind.VIDEO: 100}, at_least=True) == "600+ files"
    assert wording.media({}) == "0 files"
