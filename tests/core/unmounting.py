"""Unplugs and plugs in a drive again and again, with real mounts: to be run in a namespace of its own.

    unshare -Urm python -m tests.core.unmounting FOLDER CYCLES SEED PHOTO…

Fails unless, whatever was in the drive's place, no file was forgotten, opened or decoded again, and all can be found.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import Engine, FolderState, Settings, open_engine
from core import pipeline as pipelines
from core.decode.pool import DecodePool
from core.runtime import clock
from tests.core.steps import WAIT_S, ask, index

DAY_S = 86400.0


class Counted:
    """How often files were opened to be hashed, or decoded, since the last `take`."""

    def __init__(self) -> None:
        self._count = 0
        pipelines.content_hash = self._counted(pipelines.content_hash)
        DecodePool.decode = self._counted(DecodePool.decode)  # type: ignore[method-assign]

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **kwargs: Any) -> Any:
            self._count += 1
            return function(*args, **kwargs)

        return count

    def take(self) -> int:
        count, self._count = self._count, 0
        return count


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=WAIT_S)


class Drive:
    """A drive with photos and the place where it is mounted: as it was, or under another device number."""

    def __init__(self, folder: Path, photos: list[Path]) -> None:
        self.place = folder / "media" / "PHOTOS"
        self.place.mkdir(parents=True)
        self._backing = folder / "backing"
        self._backing.mkdir()
        run("mount", "-t", "tmpfs", "drive", self._backing)
        for name in ("files", "nothing"):
            (self._backing / name).mkdir()
        for photo in photos:
            shutil.copy(photo, self._backing / "files" / photo.name)
        self._other = photos[0]

    def plug_in(self, *, renumbered: bool = False) -> None:
        if renumbered:
            layers = f"lowerdir={self._backing / 'files'}:{self._backing / 'nothing'}"
            run("mount", "-t", "overlay", "-o", layers, "drive", self.place)
        else:
            run("mount", "--bind", self._backing / "files", self.place)

    def plug_in_another(self, *, empty: bool) -> None:
        run("mount", "-t", "tmpfs", "other", self.place)
        if not empty:
            shutil.copy(self._other, self.place / f"another {self._other.name}")

    def unplug(self, *, lazy: bool) -> None:
        run("umount", *(["-l"] if lazy else []), self.place)


def scan(engine: Engine) -> FolderState:
    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)
    (folder,) = engine.folders().result(WAIT_S)
    return folder.state


def known(engine: Engine) -> dict[Path, tuple[int, int]]:
    return {result.path: (result.file_id, result.item_id) for result in ask(engine).results}


def main(folder: Path, cycles: int, seed: int, photos: list[Path]) -> None:
    chance = random.Random(seed)
    now_s = [clock.steady_s()]
    clock.steady_s = lambda: now_s[0]
    counted = Counted()
    drive = Drive(folder, photos)
    drive.plug_in()
    with open_engine(folder / "library", Settings(decode_processes=1)) as engine:
        engine.start(watch=False)
        index(engine, drive.place)
        before = known(engine)
        assert len(before) == len(photos)
        assert counted.take() >= len(photos)
        for cycle in range(cycles):
            told = f"cycle {cycle} of seed {seed}"
            lazy = chance.random() < 0.5
            if lazy and chance.random() < 0.5:
                looking = engine.rescan()  # unplugged in the middle of a scan
                drive.unplug(lazy=True)
                looking.result(WAIT_S)
            else:
                drive.unplug(lazy=lazy)
            for _ in range(chance.randint(1, 4)):
                now_s[0] += chance.choice((1.0, 61.0, 40 * DAY_S, -40 * DAY_S))
                another = chance.choice((None, True, False))
                if another is not None:
                    drive.plug_in_another(empty=another)
                state = scan(engine)
                assert state is (FolderState.CHANGED if another is False else FolderState.OFFLINE), told
                answer = ask(engine)
                assert {result.path: (result.file_id, result.item_id) for result in answer.results} == before, told
                assert {result.away.name for result in answer.results if result.away} == {"PHOTOS"}, told
                assert all(engine.thumbnail(result.item_id).result(WAIT_S) for result in answer.results), told
                if another is not None:
                    drive.unplug(lazy=lazy)
            drive.plug_in(renumbered=chance.random() < 0.5)
            assert scan(engine) is FolderState.ONLINE, told
            assert known(engine) == before, told
            assert all(result.can_be_opened for result in ask(engine).results), told
            assert engine.folders().result(WAIT_S)[0].lost == 0, told
            assert counted.take() == 0, f"read or decoded again in {told}"
    drive.unplug(lazy=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
