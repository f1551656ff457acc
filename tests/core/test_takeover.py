"""Another model takes over without a gap: the former one answers until the new one knows all that it knows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core import (
    Answer,
    Engine,
    Event,
    ModelChanged,
    ModelError,
    ModelState,
    ModelStatus,
    ProgressChanged,
    Role,
    open_engine,
)
from tests import tiny_models
from tests.conftest import until
from tests.core.steps import WAIT_S, ask, index, names

FILES = 8


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_MODELS", str(tmp_path / "models"))


@pytest.fixture
def indexed(engine: Engine, photos: Path, clip_folder: Path) -> Engine:
    """A library that the starter understands, with a CLIP at hand."""
    index(engine, photos)
    engine.use_model_folder("clip", clip_folder).result(WAIT_S)
    return engine


def model(engine: Engine, model_id: str) -> ModelStatus:
    return next(status for status in engine.models() if status.card.model_id == model_id)


def answering(answer: Answer) -> set[str]:
    """The models of pictures that said something."""
    return {result.space.partition("/")[0] for result in answer.results} - {"name", "minilm"}


def test_the_former_model_answers_until_the_new_one_knows_all(indexed: Engine) -> None:
    indexed.pause()
    indexed.use_model("clip").result(WAIT_S)
    during = ask(indexed, "a cat")
    assert (answering(during), len(during.results)) == ({"starter"}, FILES)
    assert (model(indexed, "starter").in_use, model(indexed, "clip").taking_over) == (True, 0.0)

    indexed.resume()
    indexed.wait_idle().result(WAIT_S)

    after = ask(indexed, "a cat")
    assert (answering(after), len(after.results)) == ({"clip"}, FILES)
    assert (model(indexed, "starter").in_use, model(indexed, "clip").in_use) == (False, True)
    assert model(indexed, "clip").taking_over is None
    until(lambda: model(indexed, "starter").state is ModelState.NOT_LOADED)


def test_a_model_that_was_checked_and_found_sound_goes_on_working(indexed: Engine) -> None:
    ask(indexed, "a cat")
    indexed.verify_model("starter").result(WAIT_S)
    assert model(indexed, "starter").state is ModelState.READY


def test_every_answer_during_the_change_is_whole(indexed: Engine) -> None:
    answers: list[Answer] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            answers.append(ask(indexed, "a cat"))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        indexed.use_model("clip").result(WAIT_S)
        indexed.wait_idle().result(WAIT_S)
    finally:
        done.set()
        asking.join(WAIT_S)
    answers.append(ask(indexed, "a cat"))

    told = [answering(answer) for answer in answers]
    assert {len(answer.results) for answer in answers} == {FILES}
    assert all(len(models) == 1 for models in told)
    order = [next(iter(models)) for models in told]
    assert order == sorted(order, reverse=True), "first the starter, then CLIP, and never back"
    assert order[-1] == "clip"


def test_what_comes_meanwhile_is_found_by_both(indexed: Engine, photos: Path, samples: Path) -> None:
    indexed.pause()
    indexed.use_model("clip").result(WAIT_S)
    shutil.copy(samples / "motorcycle_left.png", photos / "new.png")
    indexed.resume()
    indexed.rescan().result(WAIT_S)
    indexed.wait_idle().result(WAIT_S)
    assert "new.png" in names(ask(indexed, "a motorcycle"))
    assert len(ask(indexed, "a motorcycle").results) == FILES + 1


def test_what_is_being_read_when_a_model_is_chosen_reaches_it(engine: Engine, photos: Path, clip_folder: Path) -> None:
    engine.use_model_folder("clip", clip_folder).result(WAIT_S)

    def choose(event: Event) -> None:
        if isinstance(event, ModelChanged) and event.status.state is ModelState.LOADING:  # photos wait for it, decoded
            unsubscribe()
            engine.use_model("clip")

    unsubscribe = engine.events.subscribe(choose)
    index(engine, photos)

    after = ask(engine, "a cat")
    assert (answering(after), len(after.results)) == ({"clip"}, FILES)


def test_an_interrupted_change_goes_on(indexed: Engine) -> None:
    begun = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, ProgressChanged) and event.progress.done:
            begun.set()

    indexed.events.subscribe(hear)
    indexed.use_model("clip").result(WAIT_S)
    begun.wait(WAIT_S)
    indexed.close()

    with open_engine(indexed.library.root) as again:
        assert answering(ask(again, "a cat")) in ({"starter"}, {"clip"})
        assert len(ask(again, "a cat").results) == FILES
        again.start(watch=False)
        again.wait_idle().result(WAIT_S)
        assert answering(ask(again, "a cat")) == {"clip"}
        assert len(ask(again, "a cat").results) == FILES


def test_going_back_is_a_change_like_any_other(indexed: Engine) -> None:
    before = ask(indexed, "a cat")
    for model_id in ("clip", "starter"):
        indexed.use_model(model_id).result(WAIT_S)
        indexed.wait_idle().result(WAIT_S)
    assert names(ask(indexed, "a cat")) == names(before)


def test_weights_that_are_away_lose_nothing(indexed: Engine, clip_folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(clip_folder, tmp_path / "weights")
    indexed.use_model_folder("clip", moved).result(WAIT_S)
    indexed.use_model("clip").result(WAIT_S)
    indexed.wait_idle().result(WAIT_S)
    indexed.close()

    moved.rename(tmp_path / "elsewhere")
    with open_engine(indexed.library.root) as without:
        without.start(watch=False)
        without.wait_idle().result(WAIT_S)
        assert answering(ask(without, "a cat")) == {"starter"}

    (tmp_path / "elsewhere").rename(moved)
    with open_engine(indexed.library.root) as again:
        assert (answering(ask(again, "a cat")), len(ask(again, "a cat").results)) == ({"clip"}, FILES)


def test_a_role_can_be_left_alone(indexed: Engine) -> None:
    indexed.stop_using(Role.SPEECH).result(WAIT_S)
    indexed.wait_idle().result(WAIT_S)
    assert not model(indexed, "minilm").in_use
    assert ask(indexed, "a cat").results[0].path.name == "chelsea.png"


def test_a_model_that_is_not_here_is_refused_in_a_sentence(engine: Engine) -> None:
    with pytest.raises(ModelError, match="cannot be used yet"):
        engine.use_model("clip-large").result(WAIT_S)


KILLED = """
import sys
from pathlib import Path
from core import open_engine
engine = open_engine(Path(sys.argv[1]))
engine.start(watch=False)
engine.use_model("clip").result(60)
print("begun", flush=True)
engine.wait_idle().result(60)
print("done", flush=True)
"""


@pytest.fixture
def killed(indexed: Engine, tmp_path: Path) -> Path:
    """The library after a process that was changing models was killed."""
    indexed.close()
    library = tmp_path / "library"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(library)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait(WAIT_S)
    process.stdout.close()
    return library


def test_killed_in_the_middle_it_goes_on(killed: Path) -> None:
    with open_engine(killed) as engine:
        assert len(ask(engine, "a cat").results) == FILES
        engine.start(watch=False)
        engine.wait_idle().result(WAIT_S)
        assert (answering(ask(engine, "a cat")), len(ask(engine, "a cat").results)) == ({"clip"}, FILES)
