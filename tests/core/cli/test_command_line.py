"""What is typed: help, wrong use, and who opens the window."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.cli import main
from tests.conftest import REPOSITORY
from tests.core.cli.program import likewise

HEAVY = ("numpy", "PIL", "torch", "openvino", "PySide6", "sqlite3", "sqlite_utils", "platformdirs", "watchdog", "tqdm")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["search", "--help"], ["search"], ["-x"], []])
def test_saying_how_to_use_it_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from core.cli import main
main({[*arguments, "--library", "x", "--help"] if arguments == ["search"] else arguments!r})
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_version() -> None:
    assert likewise("--version").out == "likewise 0.1.0\n"


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "likewise search a dog on a beach" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["serch", "cat"],
        ["search", "cat", "-k", "0"],
        ["search", "cat", "-k", "many"],
        ["search", "cat", "--kind", "smell"],
        ["index"],
        ["index", "/no/such/folder"],
        ["index", __file__],
        ["similar"],
        ["similar", "/no/such/file.jpg"],
        ["similar", "/"],
        ["gui", "/no/such/file.jpg"],
        ["status", "--retry"],
    ],
)
def test_wrong_use_is_one_sentence_and_makes_no_library(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--library", str(tmp_path / "library"), *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("likewise")
    assert not (tmp_path / "library").exists()


def test_window_gets_the_library_and_the_paths(tmp_path: Path) -> None:
    opened: list[tuple[Path | None, Sequence[Path]]] = []

    def gui(library: Path | None, paths: Sequence[Path]) -> int:
        opened.append((library, paths))
        return 7

    assert main([], gui) == 7
    assert main(["--library", "/l"], gui) == 7
    assert main(["gui", "--library", "/l", str(tmp_path), __file__], gui) == 7
    assert opened == [(None, []), (Path("/l"), []), (Path("/l"), [tmp_path, Path(__file__)])]


def test_without_a_window_nothing_typed_is_help_and_gui_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "commands:" in capsys.readouterr().out
    assert main(["gui"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_missing_system_library_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    def gui(library: Path | None, paths: Sequence[Path]) -> int:
        raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")

    assert main([], gui) == 3
    assert "libEGL.so.1" in capsys.readouterr().err


def test_bug_is_not_hidden() -> None:
    def gui(library: Path | None, paths: Sequence[Path]) -> int:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        main([], gui)
