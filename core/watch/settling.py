"""Files that may still be being written: held back until they have settled, so that no half of a file is read."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from core.records import FoundFile, Signature
from core.watch.identity import signature_from

if sys.platform == "linux":
    import fcntl

CLOSED_S = 1.0
"""A file that nobody has open for writing has settled when it was not changed for so long."""
QUIET_S = 3.0
"""The same where the system does not tell who has it open."""
PATIENCE_S = 600.0
"""An open file that was not changed for so long is taken as it is; one that still changes is left to later scans."""
LOOK_EVERY_S = 1.0
_NOTABLE_S = 10.0
"""Who waits longer than this is told of as being written."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A file that is held back: since when it is known, and has been as it is, in seconds of the monotonic clock."""

    found: FoundFile
    first_s: float
    since_s: float
    is_open: bool
    is_remote: bool


class Settling:
    """Used on one thread. Times of files are compared with the clock only to save waiting; what counts is what is seen.

    `is_open(path)` tells whether somebody has the file open for writing; None when that cannot be known.
    """

    def __init__(self, is_open: Callable[[bytes], bool | None] | None = None) -> None:
        self._is_open = is_open or is_open_for_writing
        self._held: dict[bytes, dict[bytes, _Held]] = {}
        self._look_at_s: dict[bytes, float] = {}

    def sift(
        self, root: bytes, found: Iterable[FoundFile], *, asked: bool = False, is_remote: bool = False
    ) -> list[FoundFile]:
        """Those of all new and changed files below `root` that must be left alone for now.

        Who has `asked` for a scan wants the files as they are: one that is certainly closed then has settled.
        """
        now_s = time.monotonic()
        before = self._held.pop(root, {})
        held = [self._look(file, before.get(file.path), now_s, asked, is_remote) for file in found]
        self._keep(root, {file.found.path: file for file in held if file is not None}, now_s)
        return [file.found for file in self._held.get(root, {}).values()]

    def forget(self, root: bytes) -> None:
        """The folder is not watched any more, or cannot be read."""
        self._held.pop(root, None)
        self._look_at_s.pop(root, None)

    @property
    def next_look_s(self) -> float | None:
        """When `look` should next be called, by the monotonic clock; None when nothing is held back."""
        return min(self._look_at_s.values(), default=None)

    @property
    def soon(self) -> bool:
        """Whether files will have settled in a moment, as far as can be known: nobody has them open."""
        waits = (file for held in self._held.values() for file in held.values())
        return any(not file.is_open and time.monotonic() - file.first_s < PATIENCE_S for file in waits)

    def look(self) -> list[bytes]:
        """Looks at what is held back, where that is due; answers below which roots something has settled or gone."""
        now_s = time.monotonic()
        settled = []
        for root in [root for root, due_s in self._look_at_s.items() if due_s <= now_s]:
            now_held = {}
            for path, file in self._held[root].items():
                seen = _seen(file.found)
                if seen is not None and (still := self._look(seen, file, now_s, False, file.is_remote)):
                    now_held[path] = still
            if len(now_held) < len(self._held[root]):
                settled.append(root)
                del self._look_at_s[root]  # the scan looks at all of them
            else:
                self._keep(root, now_held, now_s)
        return settled

    def being_written(self, root: bytes) -> list[bytes]:
        """The files below `root` that have been written to for a while, or are known to be open."""
        now_s = time.monotonic()
        held = self._held.get(root, {}).values()
        return [file.found.path for file in held if file.is_open or now_s - file.first_s >= _NOTABLE_S]

    def _look(self, found: FoundFile, before: _Held | None, now_s: float, asked: bool, is_remote: bool) -> _Held | None:
        """The file as it is held back; None if it has settled."""
        first_s = now_s if before is None else before.first_s
        since_s = now_s - _age_s(found.signature)
        if before is not None and before.found.signature == found.signature:
            since_s = min(since_s, before.since_s)
        quiet_s = now_s - since_s
        if quiet_s >= PATIENCE_S:
            return None
        is_open = None if is_remote else self._is_open(found.path)
        if not is_open:
            needed_s = QUIET_S if is_open is None else 0.0 if asked else CLOSED_S
            if quiet_s >= needed_s:
                return None
        return _Held(found, first_s, since_s, bool(is_open), is_remote)

    def _keep(self, root: bytes, held: dict[bytes, _Held], now_s: float) -> None:
        if not held:
            self.forget(root)
            return
        self._held[root] = held
        if any(now_s - file.first_s < PATIENCE_S for file in held.values()):
            self._look_at_s[root] = now_s + LOOK_EVERY_S
        else:
            self._look_at_s.pop(root, None)


def is_open_for_writing(path: bytes) -> bool | None:
    """Whether anybody has the file open for writing; None where the system does not tell.

    Linux tells by refusing a lease. It is given back at once; who would write in that moment waits as long.
    """
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # ignored; by default a lease's end would end us
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not ours, or a filesystem without leases
        return None
    finally:
        os.close(descriptor)
    return False


def _age_s(signature: Signature) -> float:
    """How long ago the file was last changed, as far as its times tell: a clock that is ahead says nothing."""
    return max(0.0, time.time() - max(signature.mtime_ns, signature.ctime_ns) / 1e9)


def _seen(found: FoundFile) -> FoundFile | None:
    try:
        return replace(found, signature=signature_from(os.lstat(found.path)))
    except OSError:
        return None
