"""The program: a command line, and the window. The one place where the parts are put together."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from app.preflight import EXIT_MISSING_LIBRARY, EXIT_NO_DISPLAY, NO_DISPLAY, has_display, missing_libraries

_DEMO = "--demo"


def main() -> int:
    """Runs `likewise`; the exit code is the command's."""
    arguments = sys.argv[1:]
    from core.cli import main as run_command

    if arguments[:1] == [_DEMO]:
        from app.demo import run_demo

        return run_demo(run_command)
    return run_command(arguments, gui=run_gui)


def run_gui(library: Path | None = None, paths: Sequence[Path] = ()) -> int:
    """Opens the window on a library (the default one if none is named) until it is closed.

    Of `paths`, folders are added and files are searched with. Returns the exit code.
    """
    if sentence := missing_libraries():
        sys.stderr.write(f"{sentence}\n")
        return EXIT_MISSING_LIBRARY
    if not has_display():
        sys.stderr.write(f"{NO_DISPLAY}\n")
        return EXIT_NO_DISPLAY
    try:
        from app.running import run
    except ImportError as error:  # a library that the check does not know of
        sys.stderr.write(f"The window cannot be opened: {error}\n")
        return EXIT_MISSING_LIBRARY
    return run(library, paths)


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    sys.exit(main())
