"""The check before the installation: names what is missing, with the line that installs it, and installs it as root."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY

PACKAGING = REPOSITORY / "packaging"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of packaging/ whose apt.txt wants two things no system has, and an empty folder of commands."""
    folder = tmp_path / "packaging"
    folder.mkdir()
    (folder / "check.py").write_text((PACKAGING / "check.py").read_text("utf-8"), "utf-8")
    (folder / "apt.txt").write_text(
        "python3      module   json\nlibnowhere1  library  libnowhere.so.1  # a window\nnothing      command  nothing\n"
    )
    (tmp_path / "bin").mkdir()
    return folder


def run_check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs check.py with only `bin` beside `folder` on the path."""
    command = [sys.executable, str(folder / "check.py"), *options]
    return subprocess.run(
        command,
        env={"PATH": str(folder.parent / "bin"), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def load(folder: Path) -> ModuleType:
    """check.py as a module; it belongs to no package."""
    spec = importlib.util.spec_from_file_location("check", folder / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def add_command(folder: Path, name: str, script: str) -> None:
    command = folder.parent / "bin" / name
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


def test_a_system_that_has_everything_is_told_nothing() -> None:
    done = run_check(PACKAGING)
    if done.returncode:  # this system is bare: then the sentence says so
        assert "Missing on this system" in done.stderr
    else:
        assert (done.stdout, done.stderr) == ("", "")


def test_everything_missing_is_named_in_one_line(bare: Path) -> None:
    done = run_check(bare)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        "Missing on this system: libnowhere.so.1, nothing. "
        "Install what your system calls (in Debian's names): libnowhere1 nothing\n"
    )


def test_on_debian_the_exact_command_is_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_command(bare, "apt-get", "exit 1")
    monkeypatch.setenv("PATH", str(bare.parent / "bin"))
    check = load(bare)
    assert re.fullmatch(
        r"Missing on this system: libnowhere.so.1, nothing\. Install with: (sudo apt-get update && )?"
        r"sudo apt-get install -y --no-install-recommends libnowhere1 nothing",
        check.sentence(check.missing()),
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="installs as root")
def test_root_installs_what_is_missing_without_being_asked(bare: Path) -> None:
    (bare / "apt.txt").write_text("nothing command nothing\n")
    apt_get = '[ "$1" = update ] || { [ "$DEBIAN_FRONTEND" = noninteractive ] && /bin/cp "$0" "${0%/*}/nothing"; }'
    add_command(bare, "apt-get", apt_get)

    done = run_check(bare)
    assert done.returncode == 0, done.stderr
    assert "+ apt-get install -y --no-install-recommends nothing\n" in done.stdout
    assert run_check(bare).stdout == ""  # and then there is nothing left to do


@pytest.mark.skipif(os.geteuid() != 0, reason="installs as root")
def test_an_installation_that_fails_is_an_error(bare: Path) -> None:
    add_command(bare, "apt-get", "exit 100")
    assert run_check(bare).returncode == 3


def test_the_report_tells_what_is_there_and_what_is_not(bare: Path) -> None:
    report = run_check(bare, "--report").stdout
    assert "ok       module json (python3)" in report
    assert "MISSING  library libnowhere.so.1 (libnowhere1)" in report


def test_a_line_that_cannot_be_understood_is_not_passed_over(bare: Path) -> None:
    (bare / "apt.txt").write_text("python3 modul json\n")
    assert run_check(bare).returncode not in (0, 3)


def test_older_pythons_can_read_the_check_as_far_as_its_sentence() -> None:
    """It cannot be run on one here; it must compile there, and ask for the version before anything newer."""
    tree = ast.parse((PACKAGING / "check.py").read_text("utf-8"), feature_version=(3, 7))
    code = [node for node in tree.body if not isinstance(node, ast.Expr)]
    assert ast.unparse(code[0]) == "import sys"
    assert isinstance(code[1], ast.If)
    assert "sys.version_info < (3, 11)" in ast.unparse(code[1])
    assert not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in code)


def test_short_disks_are_told_apart_and_one_disk_adds_up(tmp_path: Path) -> None:
    check = load(PACKAGING)
    free_gb = shutil.disk_usage(tmp_path).free / 1e9
    one, other = tmp_path / "one", tmp_path / "not" / "there"
    one.mkdir()
    assert check.space_sentence({one: free_gb * 0.4, other: free_gb * 0.4}) == ""
    assert "GB are needed" in check.space_sentence({one: free_gb * 0.7, other: free_gb * 0.7})
