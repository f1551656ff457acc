"""What `make run` does where there is no display: the whole product in a minute, and a picture of the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.samples import sample_folder
from core import CoreError, cache_folder

QUESTIONS = ("a cat", "a red motorcycle", "a rocket at night")
EXAMPLE = "motorcycle_left.png"
PICTURE = "window.png"
_TIMEOUT_MS = 60_000


def run_demo(run_command: Callable[[Sequence[str]], int]) -> int:
    """Indexes the sample pictures into a library of their own, answers questions, draws the window off screen.

    Args:
        run_command: the command line: takes arguments, prints, returns the exit code.

    Returns the first exit code that is not 0.
    """
    _say("The sample pictures are photos that scikit-image carries; their library is kept, so the next time is quick.")
    library = cache_folder() / "demo"
    try:
        samples = sample_folder()
    except CoreError as error:
        _say(str(error))
        return 1
    commands = [
        ["index", str(samples)],
        *(["search", question, "-k", "3"] for question in QUESTIONS),
        ["similar", str(samples / EXAMPLE), "-k", "3"],
    ]
    for command in commands:
        _say(f"\n$ likewise {' '.join(_quoted(word) for word in command)}")
        if code := run_command([*command, "--library", str(library)]):
            return code
    picture = cache_folder() / PICTURE
    if not draw_window(library, QUESTIONS[1], picture):
        _say("The window could not be drawn in time.")
        return 1
    _say(f"\nThis is the window, drawn off screen:\n{picture}")
    return 0


def draw_window(library: Path, question: str, picture: Path) -> bool:
    """Saves the window as PNG, with the answer to `question` and its first result selected; whether that worked."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from app.portrait import Portrait
    from app.running import Session

    application = QApplication([])
    session = Session(application, library)
    portrait = Portrait(session.window, question, picture, _TIMEOUT_MS)
    portrait.done.connect(application.quit)
    session.window.show()
    application.exec()
    session.close()
    return portrait.saved


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
