"""Makes the pictures in this folder anew: the real window on the real engine, with scikit-image's photos only.

    python docs/screenshots/make.py

Each scene is drawn off screen at 1280 × 800, light and dark. Look at every one before committing it.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app.running import Session
from app.samples import NAMES, sample_folder
from app.theme import Look
from core import Activity, Engine

HERE = Path(__file__).parent
SIZE = (1280, 800)
COUNT = 300
TIMEOUT_S = 120


def make_pictures(folder: Path) -> Path:
    """A folder with parts of the sample photos, as if taken over some months."""
    folder.mkdir(parents=True)
    chance = random.Random(7)
    taken_s = 1_795_000_000.0
    for number in range(COUNT):
        name = chance.choice(NAMES)
        picture = Image.open(sample_folder() / name).convert("RGB")
        share = chance.uniform(0.55, 0.95)
        width, height = int(picture.width * share), int(picture.height * share)
        left, top = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
        path = folder / f"IMG_{4000 - number}.jpg"
        picture.crop((left, top, left + width, top + height)).save(path, quality=90)
        taken_s -= chance.expovariate(1 / 40_000)
        os.utime(path, (taken_s, taken_s))
    return folder


def make_problems(folder: Path) -> Path:
    """A folder with two good photos and four files that cannot be read, each for another reason."""
    folder.mkdir(parents=True)
    samples = sample_folder()
    for name in ("coffee.png", "chelsea.png"):
        shutil.copy(samples / name, folder / name)
    (folder / "IMG_2041.jpg").touch()
    (folder / "sunset.jpg").write_bytes((samples / "rocket.jpg").read_bytes()[:9000])
    (folder / "scan of a letter.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400))
    (folder / "notes.webp").write_text("This is only text.", "utf-8")
    return folder


class Stage:
    """A session on a library of its own, and the patience to wait for what should be seen."""

    def __init__(self, application: QApplication, name: str) -> None:
        self.session = Session(application, Path.home() / name)
        self.window = self.session.window
        self.window.resize(*SIZE)
        self.window.show()
        self.until(lambda: self.session.bridge.engine is not None)

    @property
    def engine(self) -> Engine:
        """The open engine."""
        assert self.session.bridge.engine is not None
        return self.session.bridge.engine

    def wait(self, ms: int) -> None:
        """Lets the window live for a while."""
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def until(self, condition: Callable[[], bool]) -> None:
        """Lets the window live until `condition` holds. Raises TimeoutError after two minutes."""
        for _ in range(TIMEOUT_S * 50):
            if condition():
                return
            self.wait(20)
        raise TimeoutError("what should be in the picture never came")

    def ask(self, text: str) -> None:
        """Asks with words and waits for the answer."""
        results = self.window.results
        self.window.question.set_text(text)
        self.until(lambda: results.answer is not None and results.answer.question.text == text)

    def settle(self) -> None:
        """Waits for the thumbnails."""
        self.until(lambda: self.window.grid.is_complete)
        self.wait(200)

    def save(self, name: str) -> None:
        """Saves the window in light and in dark."""
        for look in (Look.DARK, Look.LIGHT):
            self.session.theme.set_look(look)
            self.wait(50)
            path = HERE / f"{name}-{look}.png"
            self.window.grab().save(str(path), "PNG")
            sys.stdout.write(f"{path} {path.stat().st_size / 1000:.0f} kB\n")


def draw_welcome(application: QApplication) -> None:
    """The very first start."""
    stage = Stage(application, "welcome")
    stage.until(lambda: bool(stage.window.stage.page.page.title))
    stage.wait(300)
    stage.save("welcome")
    stage.session.close()


def draw_work(application: QApplication) -> None:
    """From indexing to results, details and problems, in one library."""
    stage = Stage(application, "library")
    window, engine = stage.window, stage.engine
    engine.add_folder(make_pictures(Path.home() / "Pictures"))
    stage.until(lambda: window.results.rowCount() >= 24 and window.grid.is_complete)
    assert engine.progress.activity is Activity.INDEXING
    stage.save("indexing")
    stage.until(engine.wait_idle().done)
    stage.wait(1500)
    stage.ask("a cat")
    stage.settle()
    stage.save("results")
    stage.ask("a red motorcycle")
    window.grid.enter()
    window.commands.similar()
    stage.wait(1500)
    window.grid.enter()
    stage.until(lambda: window.details.picture.is_sharp)
    stage.settle()
    stage.save("details")
    window.question.restore({})
    engine.add_folder(make_problems(Path.home() / "Holiday")).result()
    stage.until(engine.wait_idle().done)
    window.actions_["problems"].trigger()
    problems = window.failures.list
    stage.until(lambda: problems.model().rowCount() == 4)
    problems.setCurrentIndex(problems.model().index(0, 0))
    stage.wait(300)
    stage.save("problems")
    stage.session.close()


def main() -> None:
    """Draws everything, in a home of its own: its paths are seen in the pictures."""
    home = Path(tempfile.mkdtemp(prefix="likewise-screenshots-"))
    os.environ.update(QT_QPA_PLATFORM="offscreen", HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))
    application = QApplication([])
    draw_welcome(application)
    draw_work(application)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
