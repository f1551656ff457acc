"""The commands: what they would do, without doing it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

EARLIER_S = 1_000_000_000


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout in which an installation is complete."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "packaging", tmp_path / "packaging")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".stamp").touch()
    for source in ("pyproject.toml", "packaging/constraints.txt"):
        os.utime(tmp_path / source, (EARLIER_S, EARLIER_S))
    return tmp_path


def plan(folder: Path, *words: str) -> str:
    """What make would run."""
    return _make(folder, "--dry-run", *words)


def _make(folder: Path, *words: str, **environment: str) -> str:
    environment["PATH"] = os.environ["PATH"]  # and nothing of the make that runs these tests
    command = ["make", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("target", ["run", "test"])
def test_a_second_time_nothing_is_installed(target: str, installed: Path) -> None:
    assert "pip install" not in plan(installed, target)


@pytest.mark.parametrize("changed", ["pyproject.toml", "packaging/constraints.txt"])
def test_new_requirements_are_installed(changed: str, installed: Path) -> None:
    os.utime(installed / ".venv" / ".stamp", (EARLIER_S + 1, EARLIER_S + 1))
    (installed / changed).touch()
    assert "pip install --editable '.[dev]'" in plan(installed, "run")


def test_the_first_time_it_is_checked_then_installed_then_run(installed: Path) -> None:
    (installed / ".venv" / ".stamp").unlink()
    commands = plan(installed, "run")
    places = [commands.index(part) for part in ("check.py", "-m venv .venv", "pip install --editable", "-m app")]
    assert places == sorted(places)


def run_with_stand_in(folder: Path, *words: str, **environment: str) -> list[str]:
    """`make run`, with a stand-in for Python that prints what it was asked to run."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "ran: $*"\n')
    python.chmod(0o755)
    return _make(folder, "run", "PYTHON=true", *words, **environment).splitlines()


def test_without_a_display_the_demonstration_runs_and_says_why(installed: Path) -> None:
    said, ran = run_with_stand_in(installed)
    assert said.startswith("No display")
    assert ran == "ran: -m app --demo"


def test_with_a_display_the_window_opens(installed: Path) -> None:
    assert run_with_stand_in(installed, DISPLAY=":0") == ["ran: -m app"]


def test_arguments_are_passed_on(installed: Path) -> None:
    assert run_with_stand_in(installed, 'ARGS=search "a dog" -k 3') == ["ran: -m app search a dog -k 3"]


def test_every_version_is_pinned() -> None:
    """Whatever the registry offers tomorrow, what was tested is installed."""
    text = (REPOSITORY / "packaging" / "constraints.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pin = re.compile(r"[\w.-]+==[\w.]+(; python_version [<>=]+ \"3\.\d+\")?")
    assert [line for line in lines if not pin.fullmatch(line)] == []

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["build-system"]["requires"],
    ]
    assert {_name(line) for line in wanted} - {_name(line) for line in lines} == set()


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
