"""Brings a model here from the hub: beside its place, checked, and into its place in one step when it is whole.

What is there of a download that broke off or was cancelled stays, and the next one goes on from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Any, Self, TypeAlias

from core.errors import ModelError
from core.models.cards import family_of
from core.models.contents import CONFIGURATION, configuration, lacking, torchvisions
from core.models.hub import PART
from core.models.receipt import NAME, File, Receipt, has_etag
from core.records import ModelCard
from core.runtime.child_process import ChildProcess, ChildStartError, python_command
from core.runtime.file_lock import lock_file
from core.runtime.worker import run_aside

_ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # with it the hub would be asked for more than files
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
_LOOK_S = 0.1
_ROOM = 1.1
"""How much of a disk a download may need, as a multiple of what is to come."""

Progress: TypeAlias = Callable[[int, int], None]
_Files: TypeAlias = Mapping[str, tuple[int, str]]
"""Size and digest on the hub of each file."""


def download(
    card: ModelCard, folder: Path, partial: Path, *, progress: Progress, cancelled: Callable[[], bool]
) -> None:
    """Downloads what `card` needs into `folder`; until it is whole it grows in `partial`.

    What is in `folder` is damaged, but what is sound of it is not downloaded again.

    Raises ModelError, or CancelledError within a second after `cancelled` says so.
    """
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with _alone(partial), _Hub(cancelled) as hub:
            if folder.exists():
                shutil.rmtree(partial, ignore_errors=True)
                folder.replace(partial)
            partial.mkdir(exist_ok=True)
            _download(card, folder, partial, hub, progress)
    except OSError as error:
        raise ModelError(f"The download cannot be written: {error.filename}: {error.strerror}.") from error
    except ChildStartError as error:
        raise ModelError(f"The download could not be started: {error}") from error


def size_of(folder: Path) -> int:
    """What the files of a folder take; 0 if it is not there."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a part that has just got its name
            status = path.stat()
            size += status.st_size if S_ISREG(status.st_mode) else 0
    return size


def _download(card: ModelCard, folder: Path, partial: Path, hub: _Hub, progress: Progress) -> None:
    listing = hub.ask({"list": card.repository, "patterns": card.files})
    files: _Files = listing["files"]
    _check_complete(card, files, card.family)
    _forget_others(partial, files)
    total = sum(size for size, _ in files.values())
    _check_room(card, partial, total - size_of(partial))

    def tell() -> None:
        progress(size_of(partial), total)

    family = ""
    for name in (CONFIGURATION, *sorted(files.keys() - {CONFIGURATION})):
        size, etag = files[name]
        if not has_etag(partial / name, size, etag):
            where = {"repository": card.repository, "commit": listing["commit"], "folder": str(partial)}
            hub.ask({"file": name, "size": size, "etag": etag, **where}, tell)
        if name == CONFIGURATION:  # tells whether the rest is of any use
            family = checked_family(card, partial)
            _check_complete(card, files, family)
    tell()
    taken = {name: File.read(partial / name) for name in files}
    Receipt(partial / NAME, partial, taken, card.model_id, family, listing["licence"], listing["commit"]).save()
    partial.replace(folder)


def checked_family(card: ModelCard, folder: Path) -> str:
    """Which family runs the model in a folder. Raises ModelError if it is not the one that the card says."""
    family = "resnet50" if torchvisions(folder) else family_of(configuration(folder), card.model_id)
    if card.family not in {"", family}:
        raise ModelError(f"{card.title} should be a model of the family {card.family}, and this is one of {family}.")
    return family


def _check_complete(card: ModelCard, files: _Files, family: str) -> None:
    if missing := lacking(list(files), family):
        raise ModelError(f"{card.repository} lacks {missing}, so Likewise cannot use it.", "Choose another model.")
    if any(size is None or etag is None for size, etag in files.values()):
        raise ModelError(
            "The hub does not say how large the files are and what their digests are, so they could not be checked.",
            "If HF_ENDPOINT names a mirror, try another.",
        )


def _forget_others(partial: Path, files: _Files) -> None:
    """Removes what is of no use for `files`: they may have changed since a part of them was downloaded."""
    for path in [path for path in partial.rglob("*") if path.is_file()]:
        if path.relative_to(partial).as_posix().removesuffix(PART) not in files:
            path.unlink()


def _check_room(card: ModelCard, folder: Path, missing_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    needed_bytes = missing_bytes * _ROOM
    if needed_bytes > free_bytes:
        raise ModelError(
            f"There is too little room on the disk: {card.title} needs {needed_bytes / 1e6:,.0f} MB more in {folder}, "
            f"and {free_bytes / 1e6:,.0f} MB are free.",
            "Make room, or name a folder on another disk in LIKEWISE_MODELS.",
        )


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    lock = lock_file(partial.with_name(f"{partial.name}.lock"))
    if lock is None:
        raise ModelError("Another Likewise is downloading this model.", "Wait until it has done so.")
    with lock:
        yield


class _Hub:
    """The process that talks to the hub; see `core.models.hub`."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._child = ChildProcess(python_command("core.models.hub"), {**os.environ, **_ENVIRONMENT})

    def __enter__(self) -> Self:
        self._child.greet()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.end()

    def ask(self, request: Mapping[str, Any], tell: Callable[[], None] = lambda: None) -> Mapping[str, Any]:
        """Waits for the answer, with `tell` called now and then. Raises ModelError or CancelledError."""
        self._child.send(request, b"")
        answering = run_aside("download", lambda: self._child.receive(0))
        try:
            while not wait([answering], _LOOK_S).done:
                if self._cancelled():
                    raise CancelledError
                tell()
        finally:
            if not answering.done():
                self._child.kill()
                wait([answering])  # nobody may read from a pipe that is closed
        try:
            answer, _ = answering.result()
        except EOFError:
            raise ModelError("The download was ended from outside.", "Try again; what is here stays.") from None
        if "bug" in answer:
            raise RuntimeError(answer["bug"])
        if "error" in answer:
            raise ModelError(*answer["error"])
        return answer
