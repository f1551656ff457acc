"""From what was typed to an exit code."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from core.cli.arguments import make_parser
from core.cli.exits import Exit
from core.cli.table import say
from core.errors import CoreError, LibraryPlaceError
from core.paths import LibraryPaths


def main(argv: Sequence[str] | None = None, gui: Callable[[Path | None, Sequence[Path]], int] | None = None) -> int:
    """Runs one command and returns its exit code (`Exit`).

    Args:
        argv: what was typed after the program's name; None takes it from the system.
        gui: opens the window on a library (None: the default one) with paths to add or to search with. Without it
            there is no window.

    Errors that are nobody's bug are told in one sentence on stderr; a bug's exception passes through.
    """
    parser = make_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as ended:  # help, version or wrong use: all is said
        return Exit(ended.code or 0) if isinstance(ended.code, int | None) else Exit.WRONG_USE
    if arguments.command is None and gui is None:
        parser.print_help()
        return Exit.DONE
    try:
        if arguments.any_disk:
            _allow_any_disk(arguments.library)
        if arguments.command in {None, "gui"}:
            return _open_window(arguments, gui)
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader has read enough; nothing may be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except LibraryPlaceError as error:
        return _say(f"{error} With --any-disk it is used all the same.", Exit.FAILED)
    except CoreError as error:
        return _say(str(error), Exit.FAILED)
    except (ImportError, OSError) as error:
        if "cannot open shared object file" not in str(error):
            raise
        return _say(f"A system library is missing: {error}. `likewise doctor` says more.", Exit.LIBRARY_MISSING)
    return code


def _open_window(arguments: argparse.Namespace, gui: Callable[[Path | None, Sequence[Path]], int] | None) -> int:
    if gui is None:
        return _say("There is no window in this installation; `likewise --help` lists what works without.", Exit.FAILED)
    return gui(arguments.library, getattr(arguments, "paths", []))


def _allow_any_disk(library: Path | None) -> None:
    from core.opening import settings_of

    paths = LibraryPaths.at(library)
    replace(settings_of(paths), library_disk="any").save(paths.settings)


def _run(arguments: argparse.Namespace) -> Exit:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter still shows the rest
    logging.basicConfig(level=logging.ERROR)  # bugs alone: what a user can act on is said in sentences
    from core.cli.commands import COMMANDS

    return COMMANDS[arguments.command](arguments)


def _say(sentence: str, code: Exit) -> Exit:
    say(sentence)
    return code
