"""Who waits at the screen comes before what is done in the background, however much of that is queued."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from core import Engine
from core.runtime.worker import Priority
from tests.conftest import WAIT_S, until
from tests.core.steps import ask, index, names

QUEUED = 200
JOB_S = 0.1


def test_a_question_is_answered_before_all_batches_that_were_queued_before_it(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    ask(engine, "a cat")  # models are loaded
    begin = threading.Event()
    jobs = [engine._gpu.call(Priority.BATCH, lambda _: begin.wait(WAIT_S))]
    jobs += [engine._gpu.call(Priority.BATCH, lambda _: time.sleep(JOB_S)) for _ in range(QUEUED)]
    found: list[str] = []
    done: list[int] = []

    def answer() -> None:
        found.extend(names(ask(engine, "a cat")))
        done.append(sum(job.done() for job in jobs))

    asking = threading.Thread(target=answer)
    asking.start()
    until(lambda: engine._gpu.waiting == QUEUED + 1)
    begin.set()
    asking.join(WAIT_S)
    assert found[0] == "chelsea.png"
    assert done[0] < QUEUED, "batches that were queued before it still wait"
    for job in jobs:
        job.cancel()
