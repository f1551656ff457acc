"""Random operations on files, with the app on and off: afterwards the library holds what the disk holds, no more."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from core import Engine
from core.store.reader import Reader
from core.watch.identity import content_hash, signature_of
from tests.conftest import WAIT_S
from tests.core.conftest import FakeClock
from tests.core.steps import ask, rescan

FOLDERS = ("a", "b", "a/deep", "a/deep/er", "c")
NAMES = ("one.png", "ONE.png", "two.png", "three.jpg", "ü.png")
OPERATIONS_AT_ONCE = 50


class Disk:
    """Two watched folders and one beside them, and what users and programs do there."""

    def __init__(self, base: Path, chance: random.Random) -> None:
        self.roots = [base / "root 1", base / "root 2"]
        self.outside = base / "outside"
        self._chance = chance
        self._made = 0
        self.outside.mkdir()
        for folder in (*self.roots, self.outside):
            for number in range(3):  # a folder that is empty could be an unplugged drive
                self._write(folder / f"always {number}.png")

    def files(self) -> Iterator[Path]:
        """What is there for the app to find: regular files that are not hidden."""
        for root in self.roots:
            yield from (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())

    def change(self) -> str:
        """Does one thing; what, for the reader of a failure."""
        does = self._chance.choice(
            [
                self._create,
                self._create,
                self._overwrite,
                self._save_atomically,
                self._rename,
                self._change_case,
                self._swap_folders,
                self._move_folder,
                self._move_out,
                self._link,
                self._link_symbolically,
                self._delete,
                self._delete_tree,
                self._make_tree,
                self._copy,
                self._touch,
            ]
        )
        try:
            does()
        except (OSError, shutil.Error, IndexError) as error:  # not possible just now: nothing to rename, a name taken
            return f"{does.__name__} ({error})"
        return does.__name__

    # operations

    def _create(self) -> None:
        self._write(self._place())

    def _overwrite(self) -> None:
        path = self._file()
        path.write_bytes(self._content())

    def _save_atomically(self) -> None:
        path = self._file()
        temporary = path.with_name(f".{path.name}.swp")
        temporary.write_bytes(self._content())
        temporary.replace(path)

    def _rename(self) -> None:
        self._file().replace(self._place())

    def _change_case(self) -> None:
        path = self._file()
        path.rename(path.with_name(path.name.swapcase()))

    def _swap_folders(self) -> None:
        one, other = self._folder(), self._folder()
        if one in (other, *other.parents) or other in one.parents:
            return
        between = self.outside / "between"
        one.rename(between)
        other.rename(one)
        between.rename(other)

    def _move_folder(self) -> None:
        self._folder().rename(self._chance.choice(self.roots) / self._chance.choice(FOLDERS) / "moved")

    def _move_out(self) -> None:
        self._file().replace(self.outside / self._chance.choice(NAMES))

    def _link(self) -> None:
        self._place().hardlink_to(self._file())

    def _link_symbolically(self) -> None:
        self._place().symlink_to(self._chance.choice([*self.roots, self._file()]))

    def _delete(self) -> None:
        self._file().unlink()

    def _delete_tree(self) -> None:
        shutil.rmtree(self._folder())

    def _make_tree(self) -> None:
        self._write(self._folder() / "x" / "y" / self._chance.choice(NAMES))

    def _copy(self) -> None:
        shutil.copy2(self._file(), self._place())

    def _touch(self) -> None:
        os.utime(self._file())

    # choosing

    def _content(self) -> bytes:
        self._made += 1
        picture = self.outside / "content.png"
        Image.new("RGB", (8, 8), tuple(self._made.to_bytes(3, "big"))).save(picture, compress_level=1)
        return picture.read_bytes()

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._content())

    def _place(self) -> Path:
        place = self._chance.choice(self.roots) / self._chance.choice(FOLDERS) / self._chance.choice(NAMES)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _file(self) -> Path:
        return self._chance.choice(sorted(path for path in self.files() if not path.name.startswith("always")))

    def _folder(self) -> Path:
        return self._chance.choice(
            sorted(path for root in self.roots for path in root.rglob("*") if path.is_dir() and not path.is_symlink())
        )


def contents_in_library(engine: Engine) -> dict[bytes, bytes]:
    """Each file that is found where it should be, and the hash of the content by which it is found."""
    reader = Reader(engine.library)
    try:
        found = {}
        for result in ask(engine, limit=100_000).results:
            if result.missing:
                continue
            content = reader.content_hash(result.item_id)
            assert content is not None
            found[os.fsencode(result.path)] = content
        return found
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("operations", "seed"), [(300, 4), pytest.param(10_000, 5, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_the_library_holds_what_the_disk_holds(
    open_library: Callable[[], Engine], tmp_path: Path, operations: int, seed: int, time_of_day: FakeClock
) -> None:
    done: list[str] = []
    disk = Disk(tmp_path, random.Random(seed))
    for number in range(0, operations, 2 * OPERATIONS_AT_ONCE):
        engine = open_library()
        engine.start(watch=True)
        for root in disk.roots:
            engine.add_folder(root).result(WAIT_S)
        if number:
            compare(engine, disk, done, time_of_day)  # what happened while it was closed
        done = [disk.change() for _ in range(OPERATIONS_AT_ONCE)]
        compare(engine, disk, done, time_of_day)
        engine.close(WAIT_S)
        done = [disk.change() for _ in range(OPERATIONS_AT_ONCE)]
    engine = open_library()
    engine.start(watch=False)
    compare(engine, disk, done, time_of_day)


def compare(engine: Engine, disk: Disk, done: list[str], time_of_day: FakeClock) -> None:
    rescan(engine)
    there = {
        os.fsencode(path): content_hash(os.fsencode(path), signature_of(os.fsencode(path))) for path in disk.files()
    }
    assert contents_in_library(engine) == there, done
    time_of_day.now_s += 60
    rescan(engine)
    assert contents_in_library(engine) == there, done
    assert not any(result.missing for result in ask(engine, limit=100_000).results), done
    assert engine.failures().result(WAIT_S) == [], done
