"""What fails once, and works the next time, costs nothing; here the disk is full for a moment, or a bug is met."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import BugFound, Engine, LibraryError, Role, Settings
from core.opening import settings_of
from core.runtime.worker import Priority
from core.store.catalog import Catalog
from core.upkeep import Upkeep
from tests.conftest import WAIT_S, until
from tests.core.steps import ask, index


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.indexing.RETRY_AFTER_S", 0.1)


@pytest.fixture
def fail_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str, Exception], Callable[[], bool]]:
    """Makes a method's next call fail; what is returned says whether it has."""

    def fail_next(owner: type, name: str, error: Exception) -> Callable[[], bool]:
        works, failed = getattr(owner, name), []

        def fail(*arguments: Any, **named: Any) -> Any:
            if failed:
                return works(*arguments, **named)
            failed.append(name)
            raise error

        monkeypatch.setattr(owner, name, fail)
        return lambda: bool(failed)

    return fail_next


FailOnce = Callable[[type, str, Exception], Callable[[], bool]]
FULL = LibraryError("The disk is full.")


def test_a_scan_that_failed_is_made_up_for(engine: Engine, photos: Path, fail_once: FailOnce) -> None:
    engine.wait_idle().result(WAIT_S)
    has_failed = fail_once(Catalog, "apply_changes", FULL)
    engine.add_folder(photos).result(WAIT_S)
    until(has_failed)
    until(lambda: len(ask(engine).results) == 8)


def test_a_failure_that_could_not_be_kept_is_met_again(engine: Engine, photos: Path, fail_once: FailOnce) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture at all")
    has_failed = fail_once(Catalog, "fail", FULL)
    engine.add_folder(photos).result(WAIT_S)
    until(has_failed)
    until(lambda: [failure.path.name for failure in engine.failures().result(WAIT_S)] == ["bad.jpg"])
    engine.wait_idle().result(WAIT_S)
    assert engine.status().result(WAIT_S).waiting == 0


def test_a_bug_in_upkeep_does_not_end_indexing(engine: Engine, photos: Path, fail_once: FailOnce) -> None:
    bugs: list[object] = []
    engine.events.subscribe(lambda event: bugs.append(event) if isinstance(event, BugFound) else None)
    has_failed = fail_once(Upkeep, "rest", ValueError("a bug of ours"))
    until(has_failed)
    index(engine, photos)
    assert len(ask(engine).results) == 8
    assert len(bugs) == 1


def test_a_library_that_could_not_be_opened_can_be_opened_again(
    open_library: Callable[[], Engine], fail_once: FailOnce
) -> None:
    fail_once(Catalog, "plan_spaces", FULL)
    with pytest.raises(LibraryError, match="full"):
        open_library().opened.result(WAIT_S)
    open_library().opened.result(WAIT_S)


def test_what_need_not_be_done_keeps_no_library_from_opening(
    open_library: Callable[[], Engine], fail_once: FailOnce
) -> None:
    has_failed = fail_once(Catalog, "purge_orphans", FULL)
    open_library().opened.result(WAIT_S)
    assert has_failed()


def test_two_changes_of_settings_at_once_are_both_kept(engine: Engine) -> None:
    """The one is asked for while the other waits for the disk."""
    engine.opened.result(WAIT_S)
    let_go = threading.Event()
    engine._store.call(Priority.URGENT, lambda _: let_go.wait(WAIT_S))
    changed = engine.stop_using(Role.SPEECH), engine.change_settings(replace(engine.settings, pace="full"))
    let_go.set()
    for future in changed:
        future.result(WAIT_S)
    for settings in engine.settings, settings_of(engine.library):
        assert (settings.pace, settings.speech_model) == ("full", "")


def test_settings_that_cannot_be_saved_do_not_count(engine: Engine, fail_once: FailOnce) -> None:
    fail_once(Settings, "save", FULL)
    with pytest.raises(LibraryError, match="full"):
        engine.stop_using(Role.SPEECH).result(WAIT_S)
    assert engine.settings.speech_model == "minilm"
