"""The engine's front as far as the state of files goes: in numbers, in lists, as a table; and what is at a path."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from core.reading import Reading
from core.records import Failure, FileStanding, Given, Standing
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.watch.given import look_at


class StandingFront:
    """Part of `Engine`, which sets the attribute. Every method returns at once."""

    _read: Lane[Reading]

    def failures(self) -> Future[list[Failure]]:
        """Every file that could not be indexed, newest first."""
        return self._read.call(Priority.INTERACTIVE, Reading.failures)

    def standings(self) -> Future[dict[Standing, int]]:
        """How many files have each standing."""
        return self._read.call(Priority.INTERACTIVE, Reading.standings)

    def files(self, standing: Standing, limit: int) -> Future[list[FileStanding]]:
        """Files of one standing, those that failed last first."""
        return self._read.call(Priority.INTERACTIVE, Reading.files, standing, limit)

    def look_at(self, paths: Sequence[Path]) -> Future[Given]:
        """Which of `paths` are files and which folders. Touches the drives, so it is not for the caller's thread."""
        return self._read.call(Priority.INTERACTIVE, lambda _: look_at(paths))

    def export_files(self, to: Path, standing: Standing | None = None) -> Future[int]:
        """Writes the files of one standing, or all, to a table (CSV); answers how many. Fails with LibraryError."""
        return self._read.call(Priority.NORMAL, Reading.export_files, to, standing)
