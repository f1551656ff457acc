import os

import pytest

from core.cli.table import count, shown, size, table


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"/photos/Caf\xc3\xa9 \xe2\x98\x80 100%.jpg", "/photos/Café ☀ 100%.jpg"),
        (b"new\nline\ttab\x1b[31m\x7f.jpg", "new\\x0aline\\x09tab\\x1b[31m\\x7f.jpg"),
        (b"\xe2\x80\xaegpj.exe", "\\u202egpj.exe"),
        (b"zero\xe2\x80\x8bwidth\xef\xbb\xbf", "zero\\u200bwidth\\ufeff"),
        (b"para\xe2\x80\xa9graph", "para\\u2029graph"),
        (b"\xff\xfe.jpg", "\\xff\\xfe.jpg"),
        (b"\xf3\xa0\x81\x81tag", "\\U000e0041tag"),
        ("می\u200cخواهم 👩\u200d👧.jpg".encode(), "می\u200cخواهم 👩\u200d👧.jpg"),
    ],
)
def test_names_are_shown_safely(name: bytes, expected: str) -> None:
    assert shown(os.fsdecode(name)) == expected


def test_columns_are_aligned_and_nothing_trails() -> None:
    rows = [("1", "strong", "a long name"), ("12", "weak", "b"), ("3", "", "")]
    assert table(("#", "match", "file"), rows, numbers=(0,)).splitlines() == [
        " #  match   file",
        " 1  strong  a long name",
        "12  weak    b",
        " 3",
    ]


def test_numbers_are_words() -> None:
    assert [count(number, "file") for number in (0, 1, 12345)] == ["0 files", "1 file", "12,345 files"]
    sizes = [0, 1, 999, 1000, 12_345_678, 5_000_000_000, 3_000_000_000_000, 10**16]
    expected = ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "12.3 MB", "5.0 GB", "3.0 TB", "10000.0 TB"]
    assert [size(number) for number in sizes] == expected
