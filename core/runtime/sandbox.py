"""What a child process gives up before it touches a stranger's bytes."""

from __future__ import annotations

import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_NICE = 5
_OPEN_FILES = 64


def confine(parent_pid: int, *, memory_bytes: int) -> None:
    """Bounds this process for good: memory, open files, no files written, no core dumps, no new rights, lower priority.

    It also ends when the thread that started it does. Only Linux knows all this; elsewhere the parent's time limit
    and its watch over the process's end remain.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import resource
    import signal

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
    os.nice(_NICE)
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended before we could ask to be told
        os._exit(0)


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
