"""What kind of drive a folder lies on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_REMOTE_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "ncpfs", "vboxsf", "virtiofs"}
    | {f"fuse.{name}" for name in ("sshfs", "rclone", "glusterfs", "gvfsd-fuse", "vmhgfs-fuse", "s3fs", "davfs")}
)


def is_remote(path: Path) -> bool:
    """Whether others may change files at `path` without this machine's being told (network and shared drives)."""
    if sys.platform != "linux":
        return False
    try:
        device = path.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return filesystem_type(mounts, f"{os.major(device)}:{os.minor(device)}") in _REMOTE_TYPES


def filesystem_type(mounts: str, device: str) -> str:
    """The type of the filesystem with the device number `major:minor`, or empty; `mounts` as in mountinfo (proc(5))."""
    for line in mounts.splitlines():
        place, _, what = line.partition(" - ")
        if place.split()[2:3] == [device]:
            return what.split()[0]
    return ""
