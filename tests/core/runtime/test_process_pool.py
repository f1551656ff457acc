"""A child may crash, hang, lie or be gone: one request pays, the others are answered."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from core.errors import OverloadError
from core.runtime.child_process import ChildStartError, python_command
from core.runtime.frames import HEADER_LIMIT
from core.runtime.requests import Loss
from core.runtime.worker import Priority
from tests.conftest import WAIT_S, children, until
from tests.core.runtime.conftest import ECHO, ask, is_gone_or_zombie, request, running


def test_requests_are_answered_by_as_many_children_as_allowed() -> None:
    with running(ECHO, processes=3) as pool:
        futures = [ask(pool, {"number": number}, b"%d" % number) for number in range(200)]

        answers = [future.result(WAIT_S) for future in futures]

    assert [header["number"] for header, _ in answers] == list(range(200))
    assert [payload for _, payload in answers] == [b"%d" % number for number in range(200)]
    assert len({header["pid"] for header, _ in answers}) <= 3


def test_nothing_is_started_before_the_first_request() -> None:
    before = children()
    with running(ECHO):
        assert children() == before


def test_large_payloads_go_both_ways() -> None:
    data = os.urandom(3_000_000)
    with running(ECHO) as pool:
        futures = [ask(pool, payload=data, limit=len(data)) for _ in range(4)]

        assert all(future.result(WAIT_S)[1] == data for future in futures)


@pytest.mark.parametrize("misdeed", ["os.kill(os.getpid(), signal.SIGSEGV)", "os._exit(3)", "1 / 0"])
def test_a_crash_costs_one_request(misdeed: str) -> None:
    body = f"""
    def answer(header, payload):
        if header.get('bad'):
            {misdeed}
        return header, []
    serve(answer)
    """
    with running(body) as pool:
        futures = [ask(pool, {"number": number, "bad": number % 5 == 2}) for number in range(20)]

        errors = [future.exception(WAIT_S) for future in futures]

    for number, error in enumerate(errors):
        assert (str(error) == Loss.CRASHED) == (number % 5 == 2)


def test_a_hang_costs_one_request() -> None:
    body = """
    def answer(header, payload):
        while header.get('bad'):
            time.sleep(1)
        return header, []
    serve(answer)
    """
    with running(body, limit_s=3) as pool:
        futures = [ask(pool, {"bad": number == 1}) for number in range(5)]

        errors = [future.exception(WAIT_S) for future in futures]

    assert [str(error) for error in errors] == ["None", Loss.LATE, "None", "None", "None"]


def test_the_time_in_the_queue_does_not_count() -> None:
    body = """
    def answer(header, payload):
        time.sleep(0.4)
        return header, []
    serve(answer)
    """
    with running(body, limit_s=3) as pool:
        futures = [ask(pool) for _ in range(10)]

        assert all(future.exception(WAIT_S) is None for future in futures)


LIES = {
    "garbage": "os.write(1, os.urandom(5000))",
    "a header of 4 GB": "os.write(1, b'\\xff\\xff\\xff\\xff' + bytes(4))",
    "a payload of 4 GB": "os.write(1, b'\\x02\\0\\0\\0\\xff\\xff\\xff\\xff{}')",
    "a header that is no JSON": "os.write(1, b'\\x02\\0\\0\\0\\0\\0\\0\\0]]')",
    "a header that is no object": "os.write(1, b'\\x02\\0\\0\\0\\0\\0\\0\\0[]')",
    "a header nested without end": "os.write(1, (60000).to_bytes(4, 'little') + bytes(4) + b'[' * 60000)",
    "a message cut off": "os.write(1, b'\\x20\\0\\0\\0\\0\\0\\0\\0{'); os._exit(0)",
    "more than was asked for": "write_frame(sys.stdout.buffer, {}, bytes(1001))",
    "what the request cannot accept": "write_frame(sys.stdout.buffer, {'refuse': 1})",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_child_that_lies_is_replaced(lie: str) -> None:
    """Every child lies to its second request and is silent then; the limit is far away."""
    body = f"""
    from core.runtime.frames import read_frame, write_frame
    write_frame(sys.stdout.buffer, {{}})
    for number in range(2):
        header, _ = read_frame(sys.stdin.buffer, 1000)
        if header['bad']:
            {LIES[lie]}
            time.sleep(1000)
        write_frame(sys.stdout.buffer, header)
    time.sleep(1000)
    """
    with running(body) as pool:
        assert ask(pool, {"bad": False}).exception(WAIT_S) is None
        assert str(ask(pool, {"bad": True}).exception(WAIT_S)) == Loss.CRASHED
        assert ask(pool, {"bad": False}).exception(WAIT_S) is None


def test_what_libraries_print_does_not_reach_the_messages() -> None:
    body = """
    def answer(header, payload):
        print('warning: corrupt')
        sys.stdout.flush()
        os.write(1, b'native noise')
        os.write(2, b'native noise' * 100_000)
        return header, []
    serve(answer)
    """
    with running(body) as pool:
        assert [ask(pool, {"number": number}).result(WAIT_S)[0]["number"] for number in range(5)] == list(range(5))


def test_an_error_told_by_the_reply_belongs_to_the_future() -> None:
    body = """
    def answer(header, payload):
        return {'problem': 'file is odd'}, []
    serve(answer)
    """
    with running(body) as pool:
        error = ask(pool).exception(WAIT_S)

    assert isinstance(error, LookupError)


def test_a_child_that_does_not_come_up_is_our_bug_and_says_why() -> None:
    with running("raise RuntimeError('no such library')", processes=2) as pool:
        errors = [future.exception(WAIT_S) for future in [ask(pool) for _ in range(3)]]

    assert all(isinstance(error, ChildStartError) and "no such library" in str(error) for error in errors)


def answering_once(file: Path) -> str:
    """A child that answers, with how many requests it has seen, once there is `file`: when all is asked."""
    return f"""
    seen = 0
    def answer(header, payload):
        global seen
        seen += 1
        while not os.path.exists({str(file)!r}):
            time.sleep(0.005)
        return {{'seen': seen}}, []
    serve(answer)
    """


def test_urgent_requests_overtake(tmp_path: Path) -> None:
    order: list[str] = []
    with running(answering_once(tmp_path / "all asked")) as pool:
        futures = []
        for name, priority in [("batch", Priority.BATCH)] * 20 + [("urgent", Priority.INTERACTIVE)] * 2:
            future = pool.submit(request({}), priority)
            future.add_done_callback(lambda _, name=name: order.append(name))
            futures.append(future)
        (tmp_path / "all asked").touch()
        for future in futures:
            future.result(WAIT_S)

    assert max(index for index, name in enumerate(order) if name == "urgent") < 6


def test_requests_that_need_much_memory_run_one_at_a_time(tmp_path: Path) -> None:
    body = f"""
    def answer(header, payload):
        if not header['alone']:
            return {{'alone': True}}, []
        mine = os.open({str(tmp_path / "running")!r}, os.O_CREAT | os.O_EXCL)
        time.sleep(0.05)
        os.unlink({str(tmp_path / "running")!r})
        return header, []
    serve(answer)
    """
    with running(body, processes=3) as pool:
        futures = [ask(pool) for _ in range(8)]

        assert [future.exception(WAIT_S) for future in futures] == [None] * 8


def test_a_child_that_says_it_is_worn_is_replaced_without_loss() -> None:
    body = """
    count = 0
    def answer(header, payload):
        global count
        count += 1
        return header | {'pid': os.getpid(), 'last': count == 3}, []
    serve(answer)
    """
    with running(body) as pool:
        futures = [ask(pool) for _ in range(12)]
        pids = [future.result(WAIT_S)[0]["pid"] for future in futures]

    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 3, 3]


def test_a_child_killed_while_idle_costs_nothing() -> None:
    with running(ECHO) as pool:
        pid = ask(pool).result(WAIT_S)[0]["pid"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: is_gone_or_zombie(pid))

        assert ask(pool).result(WAIT_S)[0]["pid"] != pid


def test_a_cancelled_request_is_not_sent(tmp_path: Path) -> None:
    with running(answering_once(tmp_path / "all asked")) as pool:
        futures = [ask(pool) for _ in range(10)]
        assert all(future.cancel() for future in futures[4:])
        (tmp_path / "all asked").touch()

        assert ask(pool).result(WAIT_S)[0]["seen"] <= 5


def test_closing_cancels_what_is_unfinished_and_leaves_nothing() -> None:
    body = """
    def answer(header, payload):
        open(payload, 'w').write(str(os.getpid())) if payload else None
        time.sleep(1000)
    serve(answer)
    """
    with running(body, processes=2) as pool:
        futures = [ask(pool) for _ in range(8)]
        assert pool.close(WAIT_S)

    assert all(future.cancelled() for future in futures)
    assert ask(pool).cancelled()


def test_the_longest_header_fits() -> None:
    filler = "x" * (HEADER_LIMIT - 100)
    with running(ECHO) as pool:
        assert ask(pool, {"filler": filler}).result(WAIT_S)[0]["filler"] == filler


def test_an_isolated_interpreter_imports_the_project_and_nothing_from_here(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    command = python_command("core.runtime.frames")
    command[command.index("-c") + 1] = "import sys, json; print(json.dumps(sys.flags.isolated))"

    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, check=True)

    assert json.loads(run.stdout) == 1


def test_a_computer_without_room_for_a_child_is_no_bug_of_ours() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running(ECHO) as pool:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            error = ask(pool).exception(WAIT_S)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert isinstance(error, OverloadError)
        assert "cannot start" in str(error)
        assert ask(pool).exception(WAIT_S) is None, "it goes on when there is room"
