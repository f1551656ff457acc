"""Says what this system lacks to run Likewise, before anything is installed, and as root on Debian installs it.

Runs on a bare Python: standard library only. What is needed is listed in apt.txt. Exit codes: 0 nothing is missing,
3 something is.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the one file that older Pythons meet; what follows fails on them
    print(
        f"Likewise needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
        "Debian 12 and 13 have it as python3. If you have it under another name: make run PYTHON=python3.12",
        file=sys.stderr,
    )
    sys.exit(3)

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sysconfig
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
MISSING = 3
APT_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")


class Need(NamedTuple):
    """A Debian package and what shows that it is there: `kind` is command, header, module or library."""

    package: str
    kind: str
    name: str

    def is_met(self) -> bool:
        """Whether it is there. Raises ValueError for a line of apt.txt that cannot be understood."""
        if self.kind == "command":
            return shutil.which(self.name) is not None
        if self.kind == "header":
            return Path(sysconfig.get_path("include"), self.name).is_file()
        if self.kind == "module":
            return importlib.util.find_spec(self.name) is not None
        if self.kind == "library":
            return not sys.platform.startswith("linux") or _loads(self.name)
        raise ValueError(f"apt.txt: {self.kind!r} is none of command, header, module, library")


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def needs() -> list[Need]:
    """What apt.txt lists."""
    lines = (line.split("#")[0].split() for line in (HERE / "apt.txt").read_text("utf-8").splitlines())
    return [Need(*words) for words in lines if words]


def missing() -> list[Need]:
    """What apt.txt lists and this system has not."""
    return [need for need in needs() if not need.is_met()]


def command_for(packages: list[str]) -> str:
    """The line that installs `packages`, to be copied into a terminal."""
    update = "" if _apt_lists_are_there() else "sudo apt-get update && "
    return f"{update}sudo {' '.join([*APT_INSTALL, *packages])}"


def sentence(lacking: list[Need]) -> str:
    """One line: what is missing and what to do."""
    what = f"Missing on this system: {', '.join(need.name for need in lacking)}."
    packages = [need.package for need in lacking]
    if shutil.which("apt-get"):
        return f"{what} Install with: {command_for(packages)}"
    return f"{what} Install what your system calls (in Debian's names): {' '.join(packages)}"


def apt_install(packages: list[str]) -> None:
    """Installs `packages` without asking, refreshing apt's lists where they are absent or outdated. Needs root."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}

    def apt(*command: str) -> bool:
        print("+", *command, flush=True)
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0

    if _apt_lists_are_there() and apt(*APT_INSTALL, *packages):
        return
    if not (apt("apt-get", "update") and apt(*APT_INSTALL, *packages)):
        sys.exit(MISSING)


def _apt_lists_are_there() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def _is_root_on_debian() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def check_system() -> None:
    """Ends the program with a sentence unless all is there, or could be installed."""
    lacking = missing()
    if lacking and _is_root_on_debian():
        print(f"Installing what this system lacks: {', '.join(need.name for need in lacking)}")
        apt_install([need.package for need in lacking])
        lacking = missing()
    if lacking:
        print(sentence(lacking), file=sys.stderr)
        sys.exit(MISSING)


def space_sentence(needed_gb: dict[Path, float]) -> str:
    """What is short of disk space, or nothing. `needed_gb` is by folder; folders of one disk add up."""
    by_disk = defaultdict(list)
    for folder, size_gb in needed_gb.items():
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        by_disk[there.stat().st_dev].append((there, size_gb))
    short = []
    for folders in by_disk.values():
        wanted_gb = sum(size_gb for _, size_gb in folders)
        free_gb = shutil.disk_usage(folders[0][0]).free / 1e9
        if free_gb < wanted_gb:
            short.append(f"{folders[0][0]} has {free_gb:.1f} GB free and {wanted_gb:.0f} GB are needed")
    return f"Not enough disk space to install: {'; '.join(short)}. Free some and run this again." if short else ""


def check_space() -> None:
    """Ends the program with a sentence unless an install fits: the environment, and pip's copy of what it loads."""
    linux = sys.platform.startswith("linux")  # only there torch brings its libraries for graphics cards
    cache = Path(os.environ.get("PIP_CACHE_DIR", Path.home() / ".cache" / "pip"))
    problem = space_sentence({HERE.parent / ".venv": 11 if linux else 3, cache: 4 if linux else 1})
    if problem:
        print(problem, file=sys.stderr)
        sys.exit(MISSING)


def report() -> None:
    """Prints each need and whether it is met."""
    print(f"ok       Python {sys.version.split()[0]} ({sys.executable})")
    for need in needs():
        print(f"{'ok' if need.is_met() else 'MISSING':8} {need.kind} {need.name} ({need.package})")
    print(f"         {shutil.disk_usage(HERE).free / 1e9:.1f} GB free in {HERE.parent}")


def main() -> None:
    """Checks; with an option also prints all needs, installs them all, or checks the disk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="print every need and whether it is met")
    parser.add_argument("--space", action="store_true", help="check that a first installation fits on the disk")
    options = parser.parse_args()
    if options.report:
        report()
    if options.space:
        check_space()
    check_system()


if __name__ == "__main__":
    main()
