"""The real program, run as a user would, and what it leaves behind."""

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY, WAIT_S

STRANGE = os.fsdecode(b"caf\xe9 \n\xe2\x80\xaegpj.png")
"""A name that is not UTF-8, breaks the line and turns the writing round."""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def names(self) -> list[str]:
        return [Path(result["path"]).name for result in self.json]


def likewise(*arguments: str | Path) -> Done:
    """Runs the real program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    return Done(done.returncode, done.stdout, done.stderr)


_kept = functools.cache(likewise)


@dataclass(frozen=True)
class Library:
    """An indexed folder of photos, one of them damaged, and how to ask it. Not to be changed: answers are kept."""

    root: Path
    photos: Path
    indexed: Done

    def ask(self, command: str, *arguments: str | Path) -> Done:
        return _kept(command, *arguments, "--library", self.root)
