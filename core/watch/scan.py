"""Lists a folder's media files by `lstat` alone: no file is opened, no link followed, no border of a drive crossed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.records import FoundFile, Kind, Rule, Skipped
from core.watch.identity import signature_from
from core.watch.rules import Left, Rules

_FILES_BETWEEN_STOPS = 500


@dataclass(frozen=True, slots=True)
class Listing:
    """The media files below a folder, in order of path within each directory.

    `unread` are the directories of whose contents nothing is known: unreadable, gone while we looked, another drive
    mounted there, or (the root itself) absent, exchanged meanwhile, or not listed to the end; and whatever could not be
    asked for. What is not in `files`, but is one of them or below one, may well exist. `skipped` says what was
    passed over by which rule.
    """

    root: bytes
    files: tuple[FoundFile, ...] = ()
    unread: frozenset[bytes] = frozenset()
    skipped: tuple[Skipped, ...] = ()


def scan(
    root: Path,
    kind_of: Callable[[bytes], Kind | None],
    *,
    rules: Rules | None = None,
    exclude: Iterable[Path] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Listing:
    """Lists `root` and what is below it. Never raises for what it finds, or does not find.

    Args:
        root: the folder; may itself be hidden or a mount point, as the user named it.
        kind_of: what kind of media a file name stands for; None means none.
        rules: what is left out; by default what is hidden or a system's own.
        exclude: directories to pass over wherever they turn up, by identity (our own data).
        stop: asked now and then; when it says yes the listing ends, with the root `unread`.
    """
    return _Scan(root, kind_of, rules or Rules(), exclude, stop).run()


class _Scan:
    def __init__(
        self,
        root: Path,
        kind_of: Callable[[bytes], Kind | None],
        rules: Rules,
        exclude: Iterable[Path],
        stop: Callable[[], bool],
    ) -> None:
        self._folder = root
        self._root = os.fsencode(root)
        self._below = len(self._root.rstrip(os.sep.encode())) + 1
        self._kind_of = kind_of
        self._rules = rules
        self._stop = stop
        self._visited = {identity for path in exclude if (identity := identity_of(path))}
        self._files: list[FoundFile] = []
        self._unread: set[bytes] = set()
        self._skipped: dict[Left, Skipped] = {}

    def run(self) -> Listing:
        before = identity_of(self._folder)
        if before is None or not self._walk(before) or identity_of(self._folder) != before:
            self._unread.add(self._root)
        return Listing(self._root, tuple(self._files), frozenset(self._unread), tuple(self._skipped.values()))

    def _walk(self, root_identity: tuple[int, int]) -> bool:
        """Lists directory after directory, depth first; returns whether it came to the end."""
        self._visited.add(root_identity)
        waiting = [self._root]
        while waiting:
            directory = waiting.pop()
            if self._stop():
                return False
            try:
                with os.scandir(directory) as entries:
                    ordered = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._leave_unread(directory, error, is_directory=True)
                continue
            below: list[bytes] = []
            for number, entry in enumerate(ordered, start=1):
                if number % _FILES_BETWEEN_STOPS == 0 and self._stop():
                    return False
                self._look_at(entry, root_identity[0], below)
            waiting += reversed(below)
        return True

    def _look_at(self, entry: os.DirEntry[bytes], device: int, below: list[bytes]) -> None:
        is_directory = False
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
            kind = None if is_directory else self._kind_of(entry.name)
            if not is_directory and kind is None:
                return
            if left := self._rules.entry(entry.path[self._below :], is_directory=is_directory):
                self._skip(left, entry.path, is_directory=is_directory)
                return
            status = os.lstat(entry.path)  # DirEntry.stat() has no inode on Windows
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave_unread(entry.path, error, is_directory=is_directory)
            return
        if kind is not None:
            if not stat.S_ISREG(status.st_mode):
                return
            if left := self._rules.size(kind, status.st_size):
                self._skip(left, entry.path, is_directory=False)
            else:
                self._files.append(FoundFile(entry.path, kind, signature_from(status)))
        elif status.st_dev != device:
            self._unread.add(entry.path)
        elif stat.S_ISDIR(status.st_mode) and (identity := (status.st_dev, status.st_ino)) not in self._visited:
            self._visited.add(identity)
            below.append(entry.path)

    def _leave_unread(self, path: bytes, error: OSError, *, is_directory: bool) -> None:
        self._unread.add(path)
        if not isinstance(error, FileNotFoundError):
            self._skip((Rule.UNREADABLE, ""), path, is_directory=is_directory)

    def _skip(self, left: Left, path: bytes, *, is_directory: bool) -> None:
        more = Skipped(*left, files=not is_directory, folders=is_directory, examples=(os.fsdecode(path),))
        self._skipped[left] = self._skipped[left].plus(more) if left in self._skipped else more


def identity_of(path: Path) -> tuple[int, int] | None:
    """The (device, inode) of a folder, by which it is recognised under any name; None if it cannot be reached."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
