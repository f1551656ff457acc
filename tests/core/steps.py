"""What the tests of the engine do, in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core import Answer, Engine, Event, ProgressChanged, Question, Settings, open_engine
from tests.conftest import WAIT_S


@contextmanager
def knowing(folder: Path, library: Path, **settings: Any) -> Iterator[Engine]:
    """An engine that has indexed `folder` and does not watch it."""
    engine = open_engine(library, Settings(decode_processes=1, **settings))
    engine.start(watch=False)
    index(engine, folder)
    yield engine
    engine.close(WAIT_S)


def index(engine: Engine, folder: Path) -> None:
    engine.add_folder(folder).result(WAIT_S)
    engine.wait_idle().result(WAIT_S)


def rescan(engine: Engine) -> None:
    engine.rescan().result(WAIT_S)
    engine.wait_idle().result(WAIT_S)


def ask(engine: Engine, text: str = "", **kwargs: object) -> Answer:
    return engine.search(Question(text, **kwargs)).result(WAIT_S)  # type: ignore[arg-type]


def names(answer: Answer) -> list[str]:
    return [result.path.name for result in answer.results]


def work_of(engine: Engine, act: Callable[[], object]) -> int:
    """How many files went through the pipeline while `act` ran."""
    seen: list[Event] = []
    unsubscribe = engine.events.subscribe(seen.append)
    act()
    unsubscribe()
    return max([event.progress.done for event in seen if isinstance(event, ProgressChanged)], default=0)
