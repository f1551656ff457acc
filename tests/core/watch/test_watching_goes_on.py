"""A bug of ours in the watching is told, and costs what it costs, but not the watching for good."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.watch.watcher import Watcher
from core.watch.watches import Watches
from tests.conftest import WAIT_S
from tests.core.watch.conftest import kind_of
from tests.core.watch.test_watcher import Ear, watched_root


def test_a_bug_is_told_once_and_the_watching_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ear, look_after, bugs = Ear(), Watches.look_after, list[str]()

    def fail(*_: object, **__: object) -> list[Path]:
        tried.release()
        raise ValueError("a bug of ours")

    tried = threading.Semaphore(0)
    monkeypatch.setattr(Watches, "look_after", fail)
    watcher = Watcher(ear.hear, kind_of=kind_of, debounce_s=0.1, supervise_s=0.05, on_bug=bugs.append)
    for _ in range(3):
        assert tried.acquire(timeout=WAIT_S)
    monkeypatch.setattr(Watches, "look_after", look_after)
    watched_root(tmp_path, watcher, ear)
    assert watcher.close(WAIT_S)
    assert len(bugs) == 1
    assert "a bug of ours" in bugs[0]
