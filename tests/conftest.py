"""What every test shares: no window on the screen, a home of its own, nothing left running."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from core.records import ImageView, Segment
from tests.audit import AUDIT

REPOSITORY = Path(__file__).resolve().parent.parent
WAIT_S = 120
"""How long a test waits for what must come, the machine being busy with other things. Only a failure takes so long."""
GARBAGE = 100_000
"""New objects that are worth a look for what can be freed: it takes as long as a short test."""
GRACE_S = 20.0
"""How long what a test started may take to end after it."""
LASTING_THREADS = ("tqdm_monitor", "pytest_timeout")
"""Threads that libraries start once and keep: tqdm's watches its bars, pytest-timeout's watches us."""
LASTING_PROCESSES = ("multiprocessing.resource_tracker",)
"""Processes that the standard library starts once and keeps."""
NO_KEYRING = "no keyring is installed; `pip install '.[milvus]'` adds it"
PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "motorcycle_left.png", "rocket.jpg")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: Qt draws off screen, and nothing finds the user's home, library or models.

    Hypothesis does not judge by the clock: the machine may be busy with something else.
    """
    atexit.register(_hush)
    settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.pop("LIKEWISE_LIBRARY", None)
    home = Path(tempfile.mkdtemp(prefix="likewise-tests-"))
    config.add_cleanup(lambda: _remove(home))
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(home / name.lower())
    os.environ.setdefault("LIKEWISE_MODEL_CACHE", str(home / "models"))


def _hush() -> None:
    """Runs last of all: triton, which timm loads, would tell of its own leaks at length behind pytest's last line."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.name.startswith(LASTING_THREADS)}


def children() -> dict[int, str]:
    """The processes that this one started and that still run, with their command lines. Linux only."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # ended meanwhile
            continue
        if parent == os.getpid() and not any(name in command for name in LASTING_PROCESSES):
            found[int(stat.parent.name)] = command
    return found


def until(condition: Callable[[], bool]) -> None:
    """Waits for what must come true."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def garbage_is_collected_here() -> Iterator[None]:
    """As in the program: left to itself, Python collects on any thread, and Qt does not survive that on an engine's.

    WORKAROUND: shiboken 6.11 then calls a destructor that is not there, on the main thread, some time later.
    """
    gc.disable()
    yield
    if gc.get_count()[0] > GARBAGE:
        gc.collect()


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fails a test that leaves a thread or a process behind. What a wider fixture runs was there before."""
    threads, processes = _threads(), children()
    yield
    deadline = time.monotonic() + GRACE_S
    while True:
        late = [f"thread {thread.name!r}" for thread in _threads() - threads]
        late += [f"process {pid}: {command}" for pid, command in children().items() if pid not in processes]
        if not late:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"left running after the test: {'; '.join(late)}. Close what the test opened.")
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def nothing_forbidden() -> Iterator[None]:
    """Fails a test in which this computer was left, a user's file touched, something unpickled or forked."""
    yield
    if found := AUDIT.take():
        pytest.fail(f"this may never be: {'; '.join(found)}")


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Where converted models are kept: converted once a session, or once for all where LIKEWISE_MODEL_CACHE is set."""
    return Path(os.environ["LIKEWISE_MODEL_CACHE"])


@pytest.fixture(scope="session")
def sample_photos() -> list[Path]:
    """Real photos that scikit-image's wheel carries: a face, a cat, a cup, stars, a motorcycle, a rocket."""
    package = importlib.util.find_spec("skimage")
    assert package is not None
    assert package.origin is not None
    photos = [Path(package.origin).with_name("data") / name for name in PHOTOS]
    assert all(photo.is_file() for photo in photos)
    return photos


@pytest.fixture(scope="session")
def seen() -> Callable[[Path, ImageView], Segment]:
    """A photo as an encoder wants it, by plain Pillow."""

    def decode(photo: Path, view: ImageView) -> Segment:
        with Image.open(photo) as opened:
            picture = opened.convert("RGB")
        method = Image.Resampling.BILINEAR if view.bilinear else Image.Resampling.BICUBIC
        scale = view.resize_px / min(picture.size)
        size = (int(picture.width * scale + 1e-9), int(picture.height * scale + 1e-9))
        picture = picture.resize((view.crop_px, view.crop_px) if view.square else size, method)
        left, top = (picture.width - view.crop_px) // 2, (picture.height - view.crop_px) // 2
        return Segment({view: np.asarray(picture.crop((left, top, left + view.crop_px, top + view.crop_px)))})

    return decode


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real media and their ground truth, where there is one."""
    folder = Path(os.environ.get("LIKEWISE_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no media with ground truth in {folder}; name their folder in LIKEWISE_SHARED")
    return folder


@pytest.fixture
def passwords() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring in memory in the place of the system's."""
    keyring = pytest.importorskip("keyring", reason=NO_KEYRING)
    kept: dict[tuple[str, str], str] = {}

    class InMemory(keyring.backend.KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            if kept.pop((service, username), None) is None:
                raise keyring.errors.PasswordDeleteError

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield kept
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """A system without one, as a server's or a container's."""
    keyring = pytest.importorskip("keyring", reason=NO_KEYRING)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)
