"""A child may crash, hang, lie or be gone: one request pays, the others are answered."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.runtime.child_process import ChildStartError, python_command
from core.runtime.frames import HEADER_LIMIT, FrameError
from core.runtime.pool import ProcessPool
from core.runtime.requests import Loss, Request
from core.runtime.worker import Priority
from tests.conftest import REPOSITORY

WAIT_S = 20
IMPORTS = "import os, signal, time; from core.runtime.child_process import serve\n"
IMPORTS += "from core.runtime.sandbox import confine, resident_bytes\n"
IMPORTS += "def confined(): confine(os.getppid(), memory_bytes=1 << 30)\n"


class LostError(Exception):
    """What the tests' requests make of a lost child."""


@contextmanager
def running(body: str, *, processes: int = 1, limit_s: float = WAIT_S) -> Iterator[ProcessPool]:
    """A pool whose children run `body`, which has `serve` and defines what it needs."""
    prelude = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {IMPORTS}"
    command = [sys.executable, "-I", "-c", prelude + textwrap.dedent(body)]
    pool = ProcessPool("test", command, processes, limit_s=limit_s, environment={})
    try:
        yield pool
    finally:
        assert pool.close(timeout_s=5)


def request(header: Mapping[str, Any] | None = None, payload: bytes = b"", *, limit: int = 1000) -> Request[Any]:
    def explain(loss: Loss) -> Exception:
        return LostError(loss)

    def accept(reply: Mapping[str, Any], data: bytes) -> tuple[Mapping[str, Any], bytes]:
        if "refuse" in reply:
            raise FrameError("not what was asked for")
        if "problem" in reply:
            raise LookupError(reply["problem"])
        return reply, data

    return Request(header or {}, payload, limit, accept, explain)


def ask(pool: ProcessPool, header: Mapping[str, Any] | None = None, payload: bytes = b"", *, limit: int = 1000) -> Any:
    return pool.submit(request(header, payload, limit=limit), Priority.BATCH)


ECHO = "serve(lambda header, payload: (header | {'pid': os.getpid()}, [payload]))"


CONFINED_ECHO = "serve(lambda header, _: (header | {'pid': os.getpid()}, []), prepare=confined)"


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
    with running(body, limit_s=0.5) as pool:
        futures = [ask(pool, {"bad": number == 1}) for number in range(5)]

        errors = [future.exception(WAIT_S) for future in futures]

    assert [str(error) for error in errors] == ["None", Loss.LATE, "None", "None", "None"]


def test_the_time_in_the_queue_does_not_count() -> None:
    body = """
    def answer(header, payload):
        time.sleep(0.2)
        return header, []
    serve(answer)
    """
    with running(body, limit_s=1) as pool:
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


def test_urgent_requests_overtake() -> None:
    body = """
    def answer(header, payload):
        time.sleep(0.02)
        return header, []
    serve(answer)
    """
    order: list[str] = []
    with running(body) as pool:
        futures = []
        for name, priority in [("batch", Priority.BATCH)] * 20 + [("urgent", Priority.INTERACTIVE)] * 2:
            future = pool.submit(request({}), priority)
            future.add_done_callback(lambda _, name=name: order.append(name))
            futures.append(future)
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


def test_a_cancelled_request_is_not_sent() -> None:
    body = """
    seen = 0
    def answer(header, payload):
        global seen
        seen += 1
        time.sleep(0.1)
        return {'seen': seen}, []
    serve(answer)
    """
    with running(body) as pool:
        futures = [ask(pool) for _ in range(10)]
        assert all(future.cancel() for future in futures[4:])

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
        started = time.monotonic()
        assert pool.close(timeout_s=5)

    assert time.monotonic() - started < 5
    assert all(future.cancelled() for future in futures)
    assert ask(pool).cancelled()


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    """A parent killed outright cannot say goodbye."""
    code = f"""
    import sys, time
    sys.path.insert(0, {str(REPOSITORY)!r})
    from tests.core.runtime.test_process_pool import CONFINED_ECHO, ask, running
    with running(CONFINED_ECHO) as pool:
        print(ask(pool).result()[0]['pid'], flush=True)
        time.sleep(1000)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()

    until(lambda: is_gone_or_zombie(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows these limits")
def test_a_confined_child_has_given_its_rights_up() -> None:
    body = """
    import resource
    def answer(header, payload):
        status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
        try:
            bytearray(2 << 30)
        except MemoryError:
            refused = True
        return {'nice': os.nice(0), 'no_new_privs': int(status['NoNewPrivs']), 'refused': refused,
                'cores': resource.getrlimit(resource.RLIMIT_CORE)[0], 'environment': sorted(os.environ),
                'resident': resident_bytes()}, []
    serve(answer, prepare=confined)
    """
    with running(body) as pool:
        said, _ = ask(pool).result(WAIT_S)

    assert said["nice"] >= 5
    assert (said["no_new_privs"], said["cores"], said["refused"]) == (1, 0, True)
    assert set(said["environment"]) <= {"LC_CTYPE", "LD_LIBRARY_PATH"}
    assert 1 << 20 < said["resident"] < 1 << 28


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has Landlock")
def test_a_confined_child_reads_and_does_nothing_else(tmp_path: Path) -> None:
    """It may have been taken over by the file that it reads."""
    body = """
    import socket, subprocess
    def attempts(folder):
        yield 'read', lambda: open(folder + '/precious').read()
        yield 'write', lambda: open(folder + '/precious', 'r+')
        yield 'truncate', lambda: os.truncate(folder + '/precious', 0)
        yield 'remove', lambda: os.remove(folder + '/precious')
        yield 'rename', lambda: os.rename(folder + '/precious', folder + '/mine')
        yield 'create', lambda: open(folder + '/new', 'w')
        yield 'run', lambda: subprocess.run(['/bin/true'])
        yield 'connect', lambda: socket.create_connection(('127.0.0.1', 9))
    def answer(header, payload):
        done = []
        for name, attempt in attempts(payload.decode()):
            try:
                attempt()
            except PermissionError:
                continue
            except OSError as error:
                done.append(f'{name}: {error}')
            else:
                done.append(name)
        return {'done': done}, []
    serve(answer, prepare=confined)
    """
    version = ctypes.CDLL(None).syscall(444, None, 0, 1)
    if version < 4:
        pytest.skip(f"this kernel's Landlock is of version {version}; 4 and later know all this")
    (tmp_path / "precious").write_text("photo")
    with running(body) as pool:
        assert ask(pool, payload=os.fsencode(tmp_path)).result(WAIT_S)[0]["done"] == ["read"]
    assert (tmp_path / "precious").read_text() == "photo"


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


def children() -> set[str]:
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def is_gone_or_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
