"""Engine threads and the GUI thread: what arrives, how often, and what never does."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import CancelledError, Future

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from app.bridge import Bridge
from core import LibraryError, NoticePosted, Progress, ProgressChanged
from tests.app.hands import wait_for

EMISSIONS = 200_000


@pytest.fixture
def bridge(qtbot: QtBot) -> Bridge:
    return Bridge()


def in_thread(work: object) -> None:
    thread = threading.Thread(target=work)  # type: ignore[arg-type] - a callable
    thread.start()
    thread.join()


class Listener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []
        self.threads: set[bool] = set()

    @Slot(object)
    def hear(self, value: object) -> None:
        self.heard.append(value)
        self.threads.add(QThread.currentThread() is QCoreApplication.instance().thread())


def test_a_result_finished_elsewhere_arrives_on_the_gui_thread(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    future: Future[int] = Future()
    bridge.call(future, listener.hear)
    in_thread(lambda: future.set_result(7))
    assert listener.heard == []  # not in that thread, not before the event loop
    wait_for(qtbot, lambda: listener.heard == [7])
    assert listener.threads == {True}


def test_a_result_that_was_there_already_arrives_too_but_later(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    future: Future[int] = Future()
    future.set_result(7)
    bridge.call(future, listener.hear)
    assert listener.heard == []
    wait_for(qtbot, lambda: listener.heard == [7])


def test_an_error_takes_its_own_path_or_the_common_one(bridge: Bridge, qtbot: QtBot) -> None:
    good, own, common = Listener(), Listener(), Listener()
    bridge.failed.connect(common.hear)
    for failure in (own.hear, None):
        future: Future[int] = Future()
        future.set_exception(LibraryError("gone"))
        bridge.call(future, good.hear, failure)
    wait_for(qtbot, lambda: bool(common.heard))
    assert [str(error) for error in own.heard + common.heard] == ["gone", "gone"]
    assert good.heard == []


def test_of_two_calls_in_a_lane_only_the_newer_is_heard(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    older: Future[str] = Future()
    newer: Future[str] = Future()
    older.set_running_or_notify_cancel()  # under way: cannot be cancelled any more
    bridge.call(older, listener.hear, listener.hear, lane="search")
    bridge.call(newer, listener.hear, listener.hear, lane="search")
    older.set_result("older")
    newer.set_result("newer")
    wait_for(qtbot, lambda: bool(listener.heard))
    qtbot.wait(50)
    assert listener.heard == ["newer"]


def test_what_is_dropped_before_it_began_is_never_done(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    future: Future[int] = Future()
    bridge.call(future, listener.hear, listener.hear).drop()
    assert future.cancelled()
    qtbot.wait(30)
    assert listener.heard == []


def test_a_cancelled_future_is_no_error(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    bridge.failed.connect(listener.hear)
    future: Future[int] = Future()
    bridge.call(future, listener.hear)
    future.cancel()
    abandoned: Future[int] = Future()
    abandoned.set_exception(CancelledError())
    bridge.call(abandoned, listener.hear)
    qtbot.wait(30)
    assert listener.heard == []


def test_nothing_is_called_on_what_was_deleted(bridge: Bridge, qtbot: QtBot) -> None:
    listener, alive = Listener(), Listener()
    heard = listener.heard
    future: Future[int] = Future()
    bridge.call(future, listener.hear)
    last: Future[int] = Future()
    bridge.call(last, alive.hear)
    listener.deleteLater()
    qtbot.wait(10)
    future.set_result(1)
    last.set_result(2)
    wait_for(qtbot, lambda: alive.heard == [2])
    assert heard == []


def test_of_many_progress_events_few_are_delivered_and_the_newest_is_last(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    bridge.happened.connect(listener.hear)

    def work() -> None:
        for done in range(20_000):
            bridge.post(ProgressChanged(Progress(done=done)))

    in_thread(work)
    wait_for(qtbot, lambda: bool(listener.heard) and listener.heard[-1].progress.done == 19_999)  # type: ignore[attr-defined]
    assert len(listener.heard) <= 200


def test_no_notice_is_lost_to_another(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    bridge.happened.connect(listener.hear)
    in_thread(lambda: [bridge.post(NoticePosted(text)) for text in ("one", "two")])
    wait_for(qtbot, lambda: listener.heard == [NoticePosted("one"), NoticePosted("two")])


def test_one_callback_that_raises_does_not_stop_the_next(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()

    def fall(_value: int) -> None:
        raise ValueError("a bug")

    with qtbot.captureExceptions() as caught:
        for success in (fall, listener.hear):
            future: Future[int] = Future()
            future.set_result(1)
            bridge.call(future, success)
        wait_for(qtbot, lambda: listener.heard == [1])
    assert [type(error[1]) for error in caught] == [ValueError]


def test_a_closed_bridge_is_silent(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener()
    bridge.happened.connect(listener.hear)
    future: Future[int] = Future()
    bridge.call(future, listener.hear)
    bridge.post(NoticePosted("late"))
    bridge.close()
    in_thread(lambda: future.set_result(1))
    qtbot.wait(80)
    assert listener.heard == []


class Emitter(QObject):
    fired = Signal(bool)


def test_two_hundred_thousand_signals_leave_no_trace(bridge: Bridge, qtbot: QtBot) -> None:
    """PySide6 6.12.0 loses a reference to True with every emit on Python below 3.12, and aborts after some hundred."""
    listener, emitter = Listener(), Emitter()
    emitter.fired.connect(listener.hear)
    bridge.happened.connect(listener.hear)
    event = ProgressChanged(Progress())
    watched = (None, True, False)
    before = [sys.getrefcount(value) for value in watched]

    def work() -> None:
        for _ in range(EMISSIONS // 2):
            bridge.post(event)

    thread = threading.Thread(target=work)
    thread.start()
    for number in range(EMISSIONS // 2):
        emitter.fired.emit(number % 2 == 0)
        if number % 1000 == 0:
            QCoreApplication.sendPostedEvents()
    thread.join()
    for _ in range(EMISSIONS // 2):
        bridge._arrived.emit()
    QCoreApplication.sendPostedEvents()
    qtbot.wait(80)
    assert len(listener.heard) >= EMISSIONS // 2
    listener.heard.clear()
    after = [sys.getrefcount(value) for value in watched]
    if sys.version_info < (3, 12):  # later, these three are immortal
        assert all(abs(now - then) <= 50 for now, then in zip(after, before, strict=True)), (before, after)
