"""What tests of downloads do again and again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from core.models.shelf import Shelf
from core.records import ModelCard
from tests.hub import Hub


def get(shelf: Shelf, card: ModelCard, *, cancelled: Callable[[], bool] = lambda: False) -> list[tuple[int, int]]:
    """Downloads, and answers what was told of the progress."""
    told: list[tuple[int, int]] = []
    shelf.download(card, progress=lambda got, total: told.append((got, total)), cancelled=cancelled)
    return told


def get_some(shelf: Shelf, card: ModelCard, hub: Hub, part_bytes: int) -> int:
    """Downloads slowly and cancels when `part_bytes` are there; answers how many are."""
    got = 0

    def note(now: int, total: int) -> None:
        nonlocal got
        got = now

    hub.trouble.chunk_s = 0.02
    with pytest.raises(CancelledError):
        shelf.download(card, progress=note, cancelled=lambda: got > part_bytes)
    hub.trouble.chunk_s = 0.0
    return shelf.here(card).bytes


def same(folder: Path, hub: Hub, repository: str, names: set[str]) -> bool:
    """Whether a folder holds these files, and a receipt, exactly as the hub has them."""
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del there["likewise.json"]
    return there == {name: content for name, content in hub.files(repository).items() if name in names}
