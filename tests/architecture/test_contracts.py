"""Every contract of the architecture refuses the import it is there to refuse: planted here, in a copy of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FRONT = "The window enters the engine by its front door"
PARTS = "The engine's parts import only what is below them"
WINDOW_PARTS = "The window's parts import only what is below them"
NO_QT = "The engine knows no Qt"
MODELS = "Models run in core.embed alone"
SQLITE = "SQLite is spoken in core.store alone"
DECODING = "Media are decoded in core.decode alone"

PLANTED = [
    ("The window stands on the engine, never the other way round", "core/search/planted.py", "import app"),
    (PARTS, "core/records.py", "from core import settings"),
    (PARTS, "core/runtime/planted.py", "from core.store import reader"),
    (PARTS, "core/decode/planted.py", "import core.store"),
    (PARTS, "core/store/planted.py", "from core.search import fuse"),
    (PARTS, "core/search/planted.py", "import core.indexing"),
    (PARTS, "core/planted.py", ""),  # a new part must be given its place
    (WINDOW_PARTS, "app/theme.py", "from app import window"),
    (WINDOW_PARTS, "app/folders/planted.py", "from app.problems import health_model"),
    (WINDOW_PARTS, "app/show/planted.py", "import app.ask.chips"),
    (WINDOW_PARTS, "app/planted.py", ""),
    (NO_QT, "core/search/planted.py", "from PySide6 import QtCore"),
    (NO_QT, "core/store/planted.py", "import shiboken6"),
    (NO_QT, "core/planted.py", "def show():\n    from qtpy import QtWidgets"),
    (FRONT, "app/planted.py", "from core.records import Kind"),
    (FRONT, "app/show/planted.py", "import core.store.reader"),
    (MODELS, "core/search/planted.py", "def rank():\n    import torch"),
    (MODELS, "app/planted.py", "import transformers"),
    (SQLITE, "core/search/planted.py", "import sqlite3"),
    (SQLITE, "core/planted.py", "import sqlite_utils"),
    ("hnswlib is used in core.store.vectors.graph alone", "core/store/vectors/planted.py", "import hnswlib"),
    ("Milvus is spoken to in core.store.vectors.remote alone", "core/store/vectors/planted.py", "import pymilvus"),
    ("Milvus is spoken to in core.store.vectors.remote alone", "core/planted.py", "import milvus_lite"),
    ("Passwords are kept by core.secret alone", "core/store/vectors/planted.py", "import keyring"),
    ("Folders are watched in core.watch alone", "core/planted.py", "from watchdog.observers import Observer"),
    ("Patterns are read in core.watch alone", "core/planted.py", "import pathspec"),
    ("The hub is asked in core.models alone", "core/embed/planted.py", "def load():\n    import huggingface_hub"),
    ("The hub is asked in core.models alone", "app/planted.py", "import httpx2"),
    ("Where things are is known to core.paths alone", "app/planted.py", "import platformdirs"),
    ("Progress is drawn in core.cli alone", "core/planted.py", "from tqdm import tqdm"),
    (DECODING, "core/embed/planted.py", "from PIL import Image"),
    (DECODING, "app/planted.py", "import pillow_heif"),
    (DECODING, "core/planted.py", "def play():\n    import av"),
]


def contract_names() -> set[str]:
    configuration = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    return {contract["name"] for contract in configuration["tool"]["importlinter"]["contracts"]}


def broken_contracts(tree: Path) -> set[str]:
    """The names of the contracts that the code in `tree` breaks."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)
    broken = set(re.findall(r"^(.+?) BROKEN", done.stdout, re.MULTILINE))
    assert bool(broken) == bool(done.returncode), done.stdout + done.stderr
    return broken


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("app", "core"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    assert broken_contracts(tree) == set()


@pytest.mark.parametrize(("contract", "file", "code"), PLANTED)
def test_a_planted_import_breaks_its_contract(contract: str, file: str, code: str, tree: Path) -> None:
    with (tree / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{code}\n")

    assert contract in broken_contracts(tree)


def test_every_contract_has_been_seen_to_break() -> None:
    assert {contract for contract, _, _ in PLANTED} == contract_names()
