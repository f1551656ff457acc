"""What a child process gives up before it touches a stranger's bytes."""

from __future__ import annotations

import errno
import os
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 64

# linux/landlock.h; the system calls' numbers are the same on all architectures
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_ASK_VERSION = 1
_LANDLOCK_READ = 0b1100
"""The rights to read files and to list folders."""
_LANDLOCK_FILE_RIGHTS = ((5, 16), (3, 15), (2, 14), (1, 13))
"""Since which version the kernel knows how many rights over files."""
_LANDLOCK_TCP = 0b11
_LANDLOCK_KNOWS_TCP = 4
_LANDLOCK_SCOPES = 0b11
"""Abstract sockets, and signals to processes outside."""
_LANDLOCK_KNOWS_SCOPES = 6

# linux/seccomp.h, linux/filter.h, linux/audit.h
_PR_SET_SECCOMP = 22
_SECCOMP_FILTER = 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_CALL_AT, _ARCHITECTURE_AT = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32 = 0x40000000
_IO_URING_SETUP = 425
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""What the kernel calls the machine, and there the system call `socket`."""


def confine(parent_pid: int, *, memory_bytes: int, nice: int = 0) -> None:
    """Bounds this process for good: memory, open files, priority; no file written, made or removed, no program run,
    no socket opened, no core dump, no new rights.

    It also is what `end_with_parent` makes it. Only Linux knows all this, and old kernels not all of it;
    elsewhere the parent's time limit and its watch over the process's end remain.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import resource

    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_AS: memory_bytes,
    }
    for what, wanted in limits.items():
        hard = resource.getrlimit(what)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (value, value))
    end_with_parent(parent_pid, nice=nice)
    libc = ctypes.CDLL(None)
    _allow_reading_only(libc)
    _refuse_sockets(libc)


def end_with_parent(parent_pid: int, *, nice: int = 0) -> None:
    """Lets this process end when the thread that started it does, gain no new rights, and stand back behind others."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    os.nice(nice)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended before we could ask to be told
        os._exit(0)


def _allow_reading_only(libc: ctypes.CDLL) -> None:
    """Landlock: every right that the kernel knows to take is taken, but for reading files and folders."""
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_ASK_VERSION)
    if version < 1:  # a kernel without it, or before 5.13
        return
    rights = next(count for since, count in _LANDLOCK_FILE_RIGHTS if version >= since)
    rules = struct.pack("Q", ((1 << rights) - 1) & ~_LANDLOCK_READ)
    if version >= _LANDLOCK_KNOWS_TCP:
        rules += struct.pack("Q", _LANDLOCK_TCP)
    if version >= _LANDLOCK_KNOWS_SCOPES:
        rules += struct.pack("Q", _LANDLOCK_SCOPES)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
    if ruleset >= 0:
        libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _refuse_sockets(libc: ctypes.CDLL) -> None:
    """Seccomp: no socket of any kind. Landlock knows TCP alone, and the user's own D-Bus starts programs when asked."""
    import ctypes

    if os.uname().machine not in _ARCHITECTURES:
        return
    architecture, socket = _ARCHITECTURES[os.uname().machine]
    steps = (  # what to do, how many steps to skip if so and if not, with what
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 0, 5, architecture),
        (_LOAD, 0, 0, _CALL_AT),
        (_IF_AT_LEAST, 3, 0, _X32),
        (_IF_EQUAL, 2, 0, socket),
        (_IF_EQUAL, 1, 0, _IO_URING_SETUP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, program, 0, 0)


def resident_bytes() -> int:
    """Memory this process holds now, in bytes; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        pages = int(os.read(descriptor, 100).split()[1])
    finally:
        os.close(descriptor)
    return pages * os.sysconf("SC_PAGE_SIZE")
