"""Watches over every test: nothing leaves this computer, nothing is unpickled or forked, no user's file is touched.

An audit hook hears what Python itself is asked to do, in every thread of this process, whatever the test is about.
It costs a look into a table for each event. What libraries do behind Python's back it does not hear; decode processes
are forbidden the same by the kernel (tests/core/runtime/test_sandbox.py).

The files of a user are those in folders that the product has listed to index them. Who does something is whose code is
nearest on the stack: a test that changes a file in the middle of the product's work is no fault of the product's.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

REPOSITORY = str(Path(__file__).resolve().parent.parent) + os.sep
PRODUCT = (f"{REPOSITORY}core{os.sep}", f"{REPOSITORY}app{os.sep}")
TESTS = tuple(f"{REPOSITORY}{name}{os.sep}" for name in ("tests", "benchmarks", "docs", "packaging"))
LISTS_FOLDERS = f"{PRODUCT[0]}watch{os.sep}"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OURSELVES = {"", "localhost", "0.0.0.0", "::"}


class Audit:
    """What was done that never may be, since it was last asked for. There is one: a hook cannot be taken out again."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._folders: set[str] = set()
        self._handlers: dict[str, Callable[..., object]] = {
            "socket.connect": self._on_address,
            "socket.sendto": self._on_address,
            "socket.getaddrinfo": lambda host, *_: self._on_host(host),
            "socket.gethostbyname": self._on_host,
            "pickle.find_class": self._on_pickle,
            "os.fork": lambda: self._note("forked"),
            "os.forkpty": lambda: self._note("forked"),
            "os.scandir": self._on_listing,
            "open": self._on_open,
            "os.rename": lambda old, new, *_: self._on_change("renamed", old, new),
            "os.link": lambda old, new, *_: self._on_change("linked", old, new),
            "os.symlink": lambda old, new, *_: self._on_change("linked", new),
        }
        for event, what in {
            "os.remove": "removed",
            "os.rmdir": "removed",
            "os.mkdir": "made a folder",
            "os.truncate": "cut off",
            "os.chmod": "changed the rights",
            "os.chown": "changed the owner",
            "os.utime": "changed the times",
            "os.setxattr": "changed the attributes",
            "os.removexattr": "changed the attributes",
        }.items():
            self._handlers[event] = lambda path, *_, what=what: self._on_change(what, path)
        sys.addaudithook(self._hear)

    def take(self) -> list[str]:
        """What was found, once."""
        found, self._found = self._found, []
        return found

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        handler = self._handlers.get(event)
        if handler is not None:
            handler(*arguments)

    def _note(self, what: str, frame: FrameType | None = None) -> None:
        where = "" if frame is None else f" in {frame.f_code.co_filename}:{frame.f_lineno}"
        self._found.append(f"{what}{where}")

    def _on_address(self, _socket: object, address: object) -> None:
        if isinstance(address, tuple):  # else a socket of this computer
            self._on_host(address[0])

    def _on_host(self, host: object) -> None:
        name = host.decode(errors="replace") if isinstance(host, bytes) else "" if host is None else str(host)
        if name not in OURSELVES and not _is_loopback(name):
            self._note(f"asked for {name!r} on the network")

    def _on_pickle(self, module: str, name: str) -> None:
        frame = _doer()
        if frame is not None:
            self._note(f"unpickled {module}.{name}", frame)

    def _on_listing(self, path: object) -> None:
        frame = _doer()
        if frame is not None and frame.f_code.co_filename.startswith(LISTS_FOLDERS):
            self._folders.add(_text(path))

    def _on_open(self, path: object, _mode: object, flags: object) -> None:
        if isinstance(flags, int) and flags & WRITES:
            self._on_change("opened for writing", path)

    def _on_change(self, what: str, *paths: object) -> None:
        for path in paths:
            if self._folders and not isinstance(path, int) and self._is_users(_text(path)):
                frame = _doer()
                if frame is not None:
                    self._note(f"{what}: {_text(path)!r}", frame)

    def _is_users(self, path: str) -> bool:
        return path in self._folders or path.rpartition(os.sep)[0] in self._folders


def _text(path: object) -> str:
    if not isinstance(path, str | bytes | os.PathLike):
        return ""
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - asked at every open: a Path would cost more


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _doer() -> FrameType | None:
    """The product's code that is at work; None if a test's is nearer, or there is neither."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PRODUCT):
            return frame
        if name.startswith(TESTS) and name != __file__:
            return None
        frame = frame.f_back
    return None


AUDIT = Audit()
