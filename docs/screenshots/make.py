"""Makes the pictures in this folder anew: the real window on the real engine, with scikit-image's photos only.

    python docs/screenshots/make.py [media]

Each scene is drawn off screen at 1280 × 800, light and dark; with a name, those of that part only. Look at every one
before committing it.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import media
from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app.running import Session
from app.samples import NAMES, sample_folder
from app.theme import Look
from core import Activity, Details, Engine, FileId, Kind, Line, Moment, Outcome, Question, Result, Strength

HERE = Path(__file__).parent
SIZE = (1280, 800)
COUNT = 300
NEWEST_S = 1_795_000_000.0
SAID = "the train to Lyon"
TIMEOUT_S = 120


def make_pictures(folder: Path, count: int = COUNT) -> Path:
    """A folder with parts of the sample photos, as if taken over some months."""
    folder.mkdir(parents=True)
    chance = random.Random(7)
    taken_s = NEWEST_S
    for number in range(count):
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
    problems = window.health.list
    stage.until(lambda: problems.model().rowCount() == 4)
    problems.setCurrentIndex(problems.model().index(0, 0))
    stage.wait(300)
    stage.save("problems")
    draw_away(stage)
    stage.session.close()


def draw_away(stage: Stage) -> None:
    """The folder of the pictures is not there: what is in it can still be found."""
    window, pictures = stage.window, Path.home() / "Pictures"
    pictures.rename(pictures.with_name("Unplugged"))
    stage.engine.rescan().result()
    window.actions_["problems"].trigger()
    stage.ask("a cat")
    window.grid.enter()
    stage.settle()
    stage.save("away")


def draw_media(application: QApplication) -> None:
    """Photos, videos and sounds together: all of them, a video's moment, and a line of what is said."""
    stage = Stage(application, "media")
    window, engine = stage.window, stage.engine
    for folder in (make_pictures(Path.home() / "Photos", 60), media.make_media(Path.home() / "Recordings", NEWEST_S)):
        engine.add_folder(folder).result()
    stage.until(engine.wait_idle().done)
    stage.until(lambda: window.results.rowCount() == 67)
    stage.settle()
    stage.save("media")
    stage.ask("a cup of coffee")
    rows = range(window.results.rowCount())
    window.grid.setFocus()
    window.grid.setCurrentIndex(
        window.results.index(next(row for row in rows if window.results.result(row).kind is Kind.VIDEO))
    )
    stage.until(lambda: window.details.picture.is_sharp)
    stage.settle()
    stage.save("moment")
    pose_talk(stage)
    stage.settle()
    stage.save("transcript")
    stage.session.close()


def pose_talk(stage: Stage) -> None:
    """Answers as if somebody had been understood in one of the sounds: nobody speaks in what is made here."""
    window, engine = stage.window, stage.engine
    everything = engine.search(Question()).result()
    results = {result.path.name: result for result in everything.results}
    talk, lines = results["Weekend plans.wav"], media.transcript()
    film = [Line(12_000, 15_000, "Is this the train to Lyon?", "en")]
    found = [_heard(talk, lines), _heard(results["A day out.mp4"], film)]
    weak = [replace(result, strength=Strength.WEAK) for result in everything.results[:9] if result.kind is Kind.IMAGE]
    known = engine.details

    def details(file_id: FileId) -> Future[Details]:
        answer: Future[Details] = Future()
        real = known(file_id).result()
        answer.set_result(replace(real, transcript=lines) if file_id == talk.file_id else real)
        return answer

    engine.details = details  # type: ignore[method-assign]
    window.search.answered.disconnect(window.stage.show_answer)
    window.question.set_text(SAID)
    window.stage.show_answer(
        replace(everything, question=Question(SAID), outcome=Outcome.FOUND, results=[*found, *weak])
    )
    window.grid.enter()
    stage.wait(500)


def _heard(result: Result, lines: Sequence[Line]) -> Result:
    """`result` as if it were found for what is said in it."""
    moments = tuple(
        Moment(line.start_ms, line.end_ms, 0.9, Strength.STRONG, "heard", line.text)
        for line in lines
        if SAID.removeprefix("the ") in line.text
    )
    best = moments[0]
    return replace(
        result,
        score=best.score,
        strength=best.strength,
        reason=best.reason,
        start_ms=best.start_ms,
        end_ms=best.end_ms,
        line=best.line,
        moments=moments,
    )


def main() -> None:
    """Draws everything, in a home of its own: its paths are seen in the pictures."""
    home = Path(tempfile.mkdtemp(prefix="likewise-screenshots-"))
    os.environ.update(QT_QPA_PLATFORM="offscreen", HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))
    application = QApplication([])
    if "media" not in sys.argv:
        draw_welcome(application)
        draw_work(application)
    draw_media(application)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
