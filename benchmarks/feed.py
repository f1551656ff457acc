"""Real photos and speech in any number, each with bytes of its own, so that none is known before it is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from core.records import Kind

DATA = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data"
_SETS = {Kind.IMAGE: ("flickr8k", "caltech101"), Kind.AUDIO: ("speech_read",)}
_NAMES = {Kind.IMAGE: "*.jpg", Kind.AUDIO: "*.flac"}


def sources(kind: Kind) -> list[Path]:
    """Real files of a kind. Raises FileNotFoundError where there are none."""
    found = [path for name in _SETS[kind] for path in sorted((DATA / name / "dev").glob(_NAMES[kind]))]
    if not found:
        raise FileNotFoundError(f"no media in {DATA}; name their folder in LIKEWISE_SHARED")
    return found


def write_photo(path: Path, originals: Sequence[Path], number: int) -> None:
    """A copy of one of the photos with a few bytes behind its end, which no decoder minds."""
    shutil.copyfile(originals[number % len(originals)], path)
    with path.open("ab") as file:
        file.write(b"%d" % number)


def write_photos(folder: Path, count: int) -> None:
    """So many photos."""
    folder.mkdir(parents=True)
    originals = sources(Kind.IMAGE)
    for number in range(count):
        write_photo(folder / f"{number:06}.jpg", originals, number)


def write_speech(folder: Path) -> None:
    """All recordings of speech there are."""
    folder.mkdir(parents=True)
    for path in sources(Kind.AUDIO):
        shutil.copyfile(path, folder / path.name)
