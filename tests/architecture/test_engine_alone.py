"""The engine without its window: whole where Qt cannot be imported, and light until it is asked for something."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import core
from tests.conftest import REPOSITORY

HEAVY = ["torch", "torchvision", "transformers", "timm", "openvino", "hnswlib", "PIL", "av", "sqlite_utils", "watchdog"]
SLOW = ["torch", "torchvision", "transformers", "timm", "openvino", "skimage"]

WITHOUT_QT = """
import importlib, importlib.abc, json, sys

class NoQt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "PyQt6", "PyQt5", "qtpy"}:
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, NoQt())
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def modules_after_importing(names: list[str]) -> set[str]:
    """The modules loaded after importing `names` in a fresh interpreter that has no Qt."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_QT, json.dumps(names)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def engine_modules() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(core.__path__, "core.")]
    return [name for name in found if not name.endswith("__main__")]


def test_the_whole_engine_imports_where_there_is_no_qt_and_loads_no_model_runtime() -> None:
    loaded = modules_after_importing(engine_modules())
    assert set(engine_modules()) <= loaded
    assert loaded & set(SLOW) == set()


def test_the_front_door_opens_without_a_heavy_library() -> None:
    assert modules_after_importing(["core"]) & set(HEAVY) == set()


def test_everything_the_front_door_names_is_there() -> None:
    for name in core.__all__:
        assert getattr(core, name) is not None
