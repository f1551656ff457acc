"""What a confined child can no longer do, whoever has taken it over."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, WAIT_S, until
from tests.core.runtime.conftest import ask, is_gone_or_zombie, running


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    """A parent killed outright cannot say goodbye."""
    code = f"""
    import sys, time
    sys.path.insert(0, {str(REPOSITORY)!r})
    from tests.core.runtime.conftest import CONFINED_ECHO, ask, running
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
    ours = {"OPENBLAS_THREAD_TIMEOUT"}  # set by `core` itself, in every process
    assert set(said["environment"]) <= {"LC_CTYPE", "LD_LIBRARY_PATH"} | ours
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
        yield 'send', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))
        yield 'call the bus', lambda: socket.socket(socket.AF_UNIX).connect(folder + '/bus')
        yield 'signal', lambda: os.kill(os.getppid(), 0)
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
    with socket.socket(socket.AF_UNIX) as bus, running(body) as pool:
        bus.bind(os.path.relpath(tmp_path / "bus"))
        bus.listen()
        done = ask(pool, payload=os.fsencode(tmp_path)).result(WAIT_S)[0]["done"]
    assert done == (["read"] if version >= 6 else ["read", "signal"])
    assert (tmp_path / "precious").read_text() == "photo"
