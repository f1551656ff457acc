"""What a disk may hold after the power failed: all that was synced, and of the rest whatever had got there.

What was written to a file is safe once that file was synced, a name in a folder once that folder was. Of all else each
sector, each name may be there or not, in any order; sectors that were just being written may hold anything; a file may
be longer than what was written of it. No file system leaves more to chance, most much less.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
LOST_ANYWAY = (b"-shm", b".lock")
"""What is made anew by whoever opens the library next."""
_HEAD = struct.Struct("<5q")


@dataclass(frozen=True, slots=True)
class Record:
    """One call that `recorder.c` saw, by its letter there: c(reate), d(irectory), w(rite), t(runcate), s(ync) …"""

    what: str
    inode: int
    at: int
    first: bytes
    second: bytes


def read_journal(path: Path) -> Iterator[Record]:
    """What was recorded, in order."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        what, inode, offset, one, two = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Record(chr(what), inode, offset, data[at : at + one], data[at + one : at + one + two])
        at += one + two


@dataclass(slots=True)
class _Node:
    """A file or folder: what of it is safe, and what was done to it since it was last synced."""

    is_folder: bool
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)

    def sync(self) -> None:
        for record in self.pending:
            _apply(self.safe, record)
        self.pending.clear()

    def after_power_loss(self, rng: random.Random) -> bytes:
        data, kept = bytearray(self.safe), rng.choice((0.0, 0.3, 0.7, 1.0))
        for record in self.pending:
            if rng.random() < kept:
                _apply(data, record)
            elif record.what == "w" and rng.random() < 0.5:
                _tear(data, record, rng)
        return bytes(data)


@dataclass(frozen=True, slots=True)
class _Naming:
    """A name that appeared (or was taken over) in a folder, went, or both."""

    node: _Node | None
    new: bytes | None
    old: bytes | None

    @property
    def folders(self) -> set[bytes]:
        return {os.path.dirname(name) for name in (self.new, self.old) if name is not None}  # noqa: PTH120 - bytes


def _apply(data: bytearray, record: Record) -> None:
    end = record.at + len(record.first)
    if record.what == "t":
        del data[record.at :]
    data.extend(bytes(max(0, end - len(data))))
    if record.what == "w":
        data[record.at : end] = record.first


def _tear(data: bytearray, record: Record, rng: random.Random) -> None:
    """Some sectors arrive, some do not, one or the other holds nonsense; the file may have grown nevertheless."""
    start, end = record.at, record.at + len(record.first)
    if rng.random() < 0.5:
        data.extend(bytes(max(0, end - len(data))))
    for sector in range(start - start % SECTOR, end, SECTOR):
        begin, stop = max(start, sector), min(end, sector + SECTOR)
        came = rng.random()
        if came < 0.45:
            _apply(data, Record("w", 0, begin, record.first[begin - start : stop - start], b""))
        elif came < 0.5:
            _apply(data, Record("w", 0, begin, rng.randbytes(stop - begin), b""))


class Disk:
    """The folder `root` as it is when this is made, all of it safe; then as records say."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._nodes: dict[int, _Node] = {}
        self._safe: dict[bytes, _Node] = {}
        self._now: dict[bytes, _Node] = {}
        self._namings: list[_Naming] = []
        self._folders: dict[int, bytes] = {}
        for path in (root, *root.rglob("*")):
            raw = os.fsencode(path)
            node = _Node(path.is_dir(), bytearray() if path.is_dir() else bytearray(path.read_bytes()))
            self._know(path.stat().st_ino, raw, node)
            self._safe[raw] = self._now[raw] = node

    def apply(self, record: Record) -> None:
        """One more call; marks change nothing."""
        if record.what in "cd":
            node = _Node(record.what == "d")
            self._know(record.inode, record.first, node)
            self._name(_Naming(node, record.first, None))
        elif record.what in "wt":
            self._nodes[record.inode].pending.append(record)
        elif record.what == "s":
            self._sync(record.inode)
        elif record.what == "r":
            self._name(_Naming(self._now[record.first], record.second, record.first))
        elif record.what == "u":
            self._name(_Naming(None, None, record.first))

    def files(self) -> dict[bytes, bytes]:
        """What every file holds now, by its path below the root; without what is made anew anyway."""
        found = {}
        for path, node in self._now.items():
            if not node.is_folder and not path.endswith(LOST_ANYWAY):
                data = bytearray(node.safe)
                for record in node.pending:
                    _apply(data, record)
                found[path.removeprefix(self._root)] = bytes(data)
        return found

    def lose_power(self, rng: random.Random, to: Path) -> None:
        """Makes `to` what the root may be when the power comes back."""
        names, base = dict(self._safe), os.fsencode(to)
        for naming in self._survivors(rng):
            _rename(names, naming)
        for path in sorted(names):  # a folder before what is in it
            place, node = base + path.removeprefix(self._root), names[path]
            if not os.path.isdir(os.path.dirname(place)) or path.endswith(LOST_ANYWAY):  # noqa: PTH112, PTH120 - bytes
                continue
            if node.is_folder:
                os.mkdir(place)  # noqa: PTH102 - bytes
            else:
                Path(os.fsdecode(place)).write_bytes(node.after_power_loss(rng))

    def _survivors(self, rng: random.Random) -> Iterable[_Naming]:
        if rng.random() < 0.5:  # a file system with a log keeps them in order
            return self._namings[: rng.randint(0, len(self._namings))]
        kept = rng.choice((0.0, 0.3, 0.7, 1.0))
        return [naming for naming in self._namings if rng.random() < kept]

    def _know(self, inode: int, path: bytes, node: _Node) -> None:
        self._nodes[inode] = node
        if node.is_folder:
            self._folders[inode] = path

    def _name(self, naming: _Naming) -> None:
        _rename(self._now, naming)
        self._namings.append(naming)

    def _sync(self, inode: int) -> None:
        folder = self._folders.get(inode)
        if folder is None:
            self._nodes[inode].sync()
            return
        for naming in self._namings:
            if folder in naming.folders:
                _rename(self._safe, naming)
        self._namings = [naming for naming in self._namings if folder not in naming.folders]


def _rename(names: dict[bytes, _Node], naming: _Naming) -> None:
    if naming.old is not None:
        names.pop(naming.old, None)
    if naming.new is not None and naming.node is not None:
        names[naming.new] = naming.node
