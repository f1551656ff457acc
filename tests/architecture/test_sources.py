"""What the import contracts cannot see: sizes, names, threads, pickles, and libraries without an owner."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import REPOSITORY

MAX_LINES = 400
GRAB_BAGS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "base", "tools", "lib"}
EVERYONES = {"numpy", "blake3"}
"""Libraries that any part may use: arrays and hashes are the language the parts speak."""
THREADING = {"threading", "_thread", "multiprocessing", "asyncio", "concurrent.futures.thread"}
QT_THREADING = {"QThread", "QThreadPool", "QRunnable", "QtConcurrent", "processEvents", "moveToThread"}
STARTS_WORK = {"Thread", "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "Process", "Pool", "Popen"}
LOOPS = {"core/indexing.py", "core/watch/watcher.py"}
"""The `ingest` and `watch` threads wait for the outside world and run a loop; all other threads run jobs."""
SAID = {"text", "words", "line", "lines", "transcript", "question", "asked", "segments"}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}


def sources(*folders: str) -> list[Path]:
    """The Python files that git knows or would know, of these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *(f"{name}/**.py" for name in folders)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [REPOSITORY / name for name in sorted(set(listed.stdout.splitlines())) if (REPOSITORY / name).is_file()]


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module or name imported anywhere in `tree`, dotted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names(tree: ast.AST) -> Iterator[str]:
    """Every identifier used in `tree`, attributes included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def calls(tree: ast.AST) -> Iterator[str]:
    """The last name of everything that is called in `tree`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def parse(source: Path) -> ast.Module:
    return ast.parse(source.read_text("utf-8"), str(source))


def label(source: Path) -> str:
    return str(source.relative_to(REPOSITORY))


def is_within(module: str, owners: set[str]) -> bool:
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


def test_modules_are_short() -> None:
    everything = sources("app", "core", "tests", "benchmarks", "packaging")
    lengths = {label(source): len(source.read_text("utf-8").splitlines()) for source in everything}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_modules_are_named_by_what_they_hold() -> None:
    """Nor like a module of the standard library: Python started in that folder would find ours instead."""
    reserved = GRAB_BAGS | set(sys.stdlib_module_names) - {"__future__"}
    assert [label(source) for source in sources("app", "core") if {source.parent.name, source.stem} & reserved] == []


def test_packaging_is_no_package() -> None:
    """With an __init__.py it would hide the library of that name, which pip and pytest import."""
    assert not (REPOSITORY / "packaging" / "__init__.py").exists()


def test_the_window_has_one_thread() -> None:
    for source in sources("app"):
        tree = parse(source)
        assert [module for module in imports(tree) if is_within(module, THREADING)] == [], label(source)
        assert QT_THREADING & set(names(tree)) == set(), label(source)


def test_threads_and_processes_start_in_runtime_alone() -> None:
    for source in sources("core"):
        if "runtime" not in source.parts:
            allowed = {"Thread"} if label(source) in LOOPS else set()
            assert STARTS_WORK & set(calls(parse(source))) <= allowed, label(source)


def test_nothing_is_pickled() -> None:
    """A pickle from outside runs code; ours would break with the next version of what it holds."""
    for source in sources("app", "core", "tests", "benchmarks"):
        tree = parse(source)
        assert [module for module in imports(tree) if is_within(module, PICKLES)] == [], label(source)
        keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"]
        assert [node for node in keywords if ast.unparse(node.value) != "False"] == [], label(source)


def test_logs_hold_nothing_of_what_is_said_or_asked() -> None:
    """Logs are sent to whoever is to help: no transcript, no question, no words of either."""
    logged = {"debug", "info", "warning", "error", "critical", "exception", "log"}
    for source in sources("app", "core"):
        for call in ast.walk(parse(source)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in logged:
                arguments = {name for argument in call.args for name in names(argument)}
                assert arguments & SAID == set(), f"{label(source)}:{call.lineno}"


def test_every_library_has_an_owner() -> None:
    """A new one is given its part by a contract in pyproject.toml, or declared everyone's here."""
    configuration = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    owned = {"PySide6", "shiboken6"}  # the window's: the engine may not, and there is no third
    for contract in configuration["tool"]["importlinter"]["contracts"]:
        owned.update(contract.get("protected_modules", ()))

    known = owned | EVERYONES | {"app", "core", "__future__"} | set(sys.stdlib_module_names)
    used = {module.split(".")[0] for source in sources("app", "core") for module in imports(parse(source))}

    assert used - known == set()
    assert owned & (used | known) == owned
