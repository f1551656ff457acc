"""Scenes during which the power fails: those of `scenes`, and a whole engine at work. What forks call."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import io
import json
import os
from contextlib import closing, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import core.indexing
from core import CoreError, Engine, Question, Settings, open_engine
from core.opening import settings_of
from core.paths import LibraryPaths
from core.records import Filters
from core.storage import Storage
from core.store.backups import Backups, read_users_rows
from core.store.database import connect_reader
from core.store.reader import Reader
from core.store.vectors.space_index import SpaceIndex
from tests.conftest import WAIT_S
from tests.faults import scenes
from tests.faults.scenes import BROKEN, SCENES, Scene, answers_exactly, persist, prepare

__all__ = ["finish", "prepare", "record", "survive"]

JPEG = b"\xff\xd8"
SETTINGS = Settings(decode_processes=1, batch_size=4)
scenes.Indexing.pictures_are_safe = False
core.indexing.RETRY_AFTER_S = 0.1


def users_state(paths: LibraryPaths) -> list[str]:
    """What only the user can make: its rows, and the settings, each as one text."""
    with closing(connect_reader(paths.catalog)) as connection:
        return [repr(read_users_rows(connection)), repr(settings_of(paths))]


class Living(Scene):
    """Real photos are indexed by a whole engine; the user edits meanwhile; backups are made, one is gone back to."""

    def prepare(self, paths: LibraryPaths) -> None:
        rng = np.random.default_rng(0)
        for number in range(16):
            photo = self._photos(paths) / "ab"[number % 2] / f"{number}.png"
            photo.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8)).save(photo)

    def act(self, paths: LibraryPaths) -> None:
        with persist(lambda: self._open(paths)) as engine:
            for edit in ("add a", "speak", "add b", "back up", "remove b", "hush", "go back", "add b"):
                print("begin", edit, flush=True)
                persist(lambda edit=edit: self._edit(engine, self._photos(paths), edit))  # type: ignore[misc]
                print("state", json.dumps(users_state(paths)), flush=True)
                persist(lambda: engine.wait_idle().result(WAIT_S))
                for result in engine.search(Question(limit=100)).result(WAIT_S).results:
                    if result.path.parent.name == "a":
                        print("saved", result.path, flush=True)

    def _open(self, paths: LibraryPaths) -> Engine:
        engine = open_engine(paths.root, SETTINGS)
        try:
            engine.opened.result(WAIT_S)
        except CoreError:
            engine.close()
            raise
        engine.start(watch=False)
        return engine

    def _edit(self, engine: Engine, photos: Path, edit: str) -> None:
        what, _, which = edit.partition(" ")
        if what == "add":
            engine.add_folder(photos / which).result(WAIT_S)
        elif what == "remove":
            for folder in engine.folders().result(WAIT_S):
                if folder.path.name == which:
                    engine.remove_folder(folder.folder_id).result(WAIT_S)
        elif what == "back":
            self._backup = engine.backups.create().result(WAIT_S).number
            print("backed up", self._backup, flush=True)
        elif what == "go":
            print("backed up", engine.backups.restore(self._backup).result(WAIT_S).number, flush=True)
        else:
            engine.change_settings(replace(SETTINGS, batch_size=8 + len(edit))).result(WAIT_S)

    def is_whole(self, paths: LibraryPaths) -> None:
        super().is_whole(paths)
        with closing(Storage.open(paths)) as storage, closing(Reader(paths)) as reader:
            for result in reader.browse(Filters(), 1000):
                content = reader.content_hash(result.item_id)
                assert content is not None
                assert (storage.thumbnails.get(content) or JPEG).startswith(JPEG)
            for space, dim in reader.spaces().items():
                index = SpaceIndex(paths, reader, space)
                index.open()
                while index.work():
                    pass
                answers_exactly(index, reader, len(reader.searchable(space).come), space, dim)

    def is_done(self, paths: LibraryPaths) -> None:
        with self._open(paths) as engine:
            engine.add_folder(self._photos(paths) / "a").result(WAIT_S)
            engine.wait_idle().result(WAIT_S)
            results = engine.search(Question(limit=100)).result(WAIT_S).results
            found = sorted(result.path for result in results if result.path.parent.name == "a")
            assert found == sorted((self._photos(paths) / "a").iterdir())

    def _photos(self, paths: LibraryPaths) -> Path:
        """Beside the disk whose power fails."""
        return paths.root.parent.parent / "photos"


SCENES["Living"] = Living()


class _Marks(io.TextIOBase):
    """Puts what is printed into the journal, line by line."""

    def __init__(self, recorder: ctypes.CDLL) -> None:
        self._recorder = recorder
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._recorder.record_mark(line.encode())
        return len(text)


def record(name: str, recorder: str, root: str, journal: str) -> None:
    """Acts, and records what is done in the folder that the library lies in."""
    paths, library = LibraryPaths(Path(root)), ctypes.CDLL(recorder)
    assert library.record_start(os.fsencode(paths.root.parent), os.fsencode(journal)) >= 0
    with redirect_stdout(_Marks(library)):  # type: ignore[type-var]
        SCENES[name].act(paths)
    library.record_stop()


def survive(name: str, root: str, *marks: str) -> None:
    """After the end: the library is whole, and whatever was acknowledged by then, `marks`, is there.

    Of what the user had made (`state`) the last two are given if an edit was under way: either may be there.
    """
    paths = LibraryPaths(Path(root))
    SCENES[name].is_whole(paths)
    with closing(Reader(paths)) as reader:
        there = {str(result.path) for result in reader.browse(Filters(), 1000)}
        for snapshot in (snapshot for space in reader.spaces() for snapshot in reader.snapshots(space)):
            with (paths.stores / snapshot.file).open("rb") as file:
                assert hashlib.file_digest(file, "sha256").digest() == snapshot.sha256
    saved = {line.removeprefix("saved ") for line in marks if line.startswith("saved ")}
    assert saved - {os.fsdecode(BROKEN)} <= there
    kept = {backup.number for backup in Backups(paths).all()}
    assert {int(line.split()[-1]) for line in marks if line.startswith("backed up ")} <= kept
    states = [json.loads(line.removeprefix("state ")) for line in marks if line.startswith("state ")]
    if states:
        now = users_state(paths)
        assert all(one in allowed for one, allowed in zip(now, zip(*states[-2:], strict=True), strict=True)), now


def strike(faults: str, root: str, nth: int, error: int) -> None:
    """A whole engine works and the user edits while the nth call that writes into `root` fails; prints how many."""
    paths, library, scene = LibraryPaths(Path(root)), ctypes.CDLL(faults), SCENES["Living"]
    library.fault_arm(os.fsencode(root), nth, error)
    scene.act(paths)
    print(library.fault_calls())
    library.fault_arm(b"", 0, 0)
    scene.is_whole(paths)
    scene.is_done(paths)


def open_again(faults: str, root: str) -> None:
    """An engine opens a library while one call fails, for each in turn; after it another one in the same process."""
    library = ctypes.CDLL(faults)

    def opens(nth: int) -> bool:
        library.fault_arm(os.fsencode(root), nth, errno.EIO)
        with open_engine(Path(root), SETTINGS) as engine:
            error = engine.opened.exception(WAIT_S)
        assert error is None or isinstance(error, CoreError)
        return error is None

    assert opens(0)
    assert opens(0)
    calls, failed = library.fault_calls(), 0
    for nth in range(1, calls + 1):
        failed += not opens(nth)
        assert opens(0), f"after call {nth} of {calls}"
    print(failed)


def finish(name: str, root: str) -> None:
    """And the work goes on."""
    paths, scene = LibraryPaths(Path(root)), SCENES[name]
    if name != "Living":
        scene.act(paths)
    scene.is_done(paths)
