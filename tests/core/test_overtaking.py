"""Who waits at the screen comes before what is done in the background, however much of that is queued."""

from __future__ import annotations

import threading
from pathlib import Path

from core import Engine
from core.runtime.worker import Priority
from tests.conftest import WAIT_S, until
from tests.core.steps import ask, index, names

QUEUED = 200


def test_a_question_is_answered_before_all_batches_that_were_queued_before_it(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    ask(engine, "a cat")  # models are loaded, and chance is measured: from now on a question is one job for the models
    running, rest = threading.Event(), threading.Event()
    jobs = [engine._gpu.call(Priority.BATCH, lambda _: running.wait(WAIT_S))]
    jobs += [engine._gpu.call(Priority.BATCH, lambda _: rest.wait(WAIT_S)) for _ in range(QUEUED)]
    try:
        answer = threading.Thread(target=lambda: found.extend(names(ask(engine, "a cat"))))
        found: list[str] = []
        answer.start()
        until(lambda: engine._gpu.waiting == QUEUED + 1)
        running.set()
        answer.join(WAIT_S)
        assert found[0] == "chelsea.png"
        assert not any(job.done() for job in jobs[1:])
    finally:
        running.set()
        rest.set()
    assert all(job.result(WAIT_S) for job in jobs)
