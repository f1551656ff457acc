"""A cache that may be deleted or damaged at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.records import ContentHash
from core.store.thumbnails import Thumbnails

MANY = [(ContentHash(b"%032d" % number), np.random.default_rng(number).bytes(9000)) for number in range(200)]
OPEN = Callable[[], Thumbnails]


@pytest.fixture
def open_thumbnails(tmp_path: Path) -> Iterator[OPEN]:
    opened: list[Thumbnails] = []

    def open_it() -> Thumbnails:
        opened.append(Thumbnails(tmp_path / "thumbnails.db"))
        return opened[-1]

    yield open_it
    for thumbnails in opened:
        thumbnails.close()


def test_what_is_put_is_got_until_removed(open_thumbnails: OPEN) -> None:
    writer, reader = open_thumbnails(), open_thumbnails()
    writer.put_many(MANY)
    assert [reader.get(content) for content, _ in MANY] == [jpeg for _, jpeg in MANY]
    writer.put_many([(MANY[0][0], b"other")])
    assert reader.get(MANY[0][0]) == b"other"
    writer.remove([MANY[0][0], ContentHash(b"unknown")])
    assert reader.get(MANY[0][0]) is None


def test_it_lasts(tmp_path: Path) -> None:
    with closing(Thumbnails(tmp_path / "t.db")) as thumbnails:
        thumbnails.put_many(MANY)
    with closing(Thumbnails(tmp_path / "t.db")) as thumbnails:
        assert thumbnails.get(MANY[7][0]) == MANY[7][1]


@pytest.mark.parametrize("damage", ["not a database", "zeroed pages", "truncated", "empty"])
def test_damaged_cache_is_replaced(tmp_path: Path, open_thumbnails: OPEN, damage: str) -> None:
    path = tmp_path / "thumbnails.db"
    with closing(Thumbnails(path)) as thumbnails:
        thumbnails.put_many(MANY)
    data = path.read_bytes()
    path.write_bytes(
        {
            "not a database": b"hello" * 1000,
            "zeroed pages": data[:100] + bytes(len(data) - 100),
            "truncated": data[: len(data) // 3],
            "empty": b"",
        }[damage]
    )
    writer, reader = open_thumbnails(), open_thumbnails()
    assert reader.get(ContentHash(b"never there")) is None
    writer.put_many(MANY)
    assert [reader.get(content) for content, _ in MANY] == [jpeg for _, jpeg in MANY]


def test_reader_follows_when_the_writer_replaces_the_cache(tmp_path: Path, open_thumbnails: OPEN) -> None:
    path = tmp_path / "thumbnails.db"
    reader = open_thumbnails()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    open_thumbnails().put_many(MANY[:1])
    assert reader.get(MANY[0][0]) == MANY[0][1]
