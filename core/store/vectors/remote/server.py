"""One connection to Milvus, the thread that writes to it, and what is said when it fails."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import CoreError
from core.paths import LibraryPaths
from core.runtime.apart import apart
from core.runtime.worker import Priority, Worker
from core.secret import milvus_token
from core.settings import Settings
from core.store.vectors.remote.lite import Lite
from core.store.vectors.remote.place import MilvusPlace, library_id

if TYPE_CHECKING:
    from pymilvus import MilvusClient

log = logging.getLogger(__name__)
T = TypeVar("T")

CONNECT_LIMIT_S = 10.0
WRITE_LIMIT_S = 30.0
REST_S = 5.0
LONGEST_REST_S = 300.0
_NOT_THERE = {100, 101, 200, 201}
"""Milvus' codes for a collection and for a partition that is not there, or not loaded."""
_SAID_NOT_THERE = re.compile(r"(collection|partition)\b.*\bnot (found|loaded|exist)")
"""What servers before 2.4 say of them, under a code that means anything."""


class StoreError(CoreError):
    """Milvus cannot be used as asked. `lost`: what was in it is gone."""

    def __init__(self, what: str, advice: str = "", *, lost: bool = False) -> None:
        super().__init__(what, advice or "Search goes on without it.")
        self.lost = lost


class _Rest:
    """How long Milvus is left alone after it failed: twice as long each time, until something works again."""

    def __init__(self) -> None:
        self._length_s = REST_S
        self._until = 0.0

    @property
    def left_s(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def __bool__(self) -> bool:
        return self.left_s > 0

    def begin(self) -> None:
        self._until = time.monotonic() + self._length_s
        self._length_s = min(2 * self._length_s, LONGEST_REST_S)

    def end(self) -> None:
        self._length_s, self._until = REST_S, 0.0


class MilvusServer:
    """The connection that a library's collections share, and the thread that writes to them.

    Making one neither connects nor waits; the first job does. Close it. `say` is told, on that thread, each new reason
    why Milvus cannot be used, once.

    Attributes:
        shared_as: what other libraries see this one called, and its files' names; empty: they see nothing of it.
    """

    def __init__(self, place: MilvusPlace, say: Callable[[str], None] = lambda _: None, *, shared_as: str = "") -> None:
        self.place = place
        self.shared_as = shared_as
        self._say = say
        self._said = ""
        self._why: tuple[str, ...] = ()
        self._has_token = False
        self._client: MilvusClient | None = None
        self._lite: Lite | None = None
        self._worker = Worker("milvus")
        self._closed = threading.Event()
        self.writing = _Rest()
        self.searching = _Rest()
        self.sharing = _Rest()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Runs a job on the thread that writes."""
        return self._worker.submit_at(Priority.NORMAL, job)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Breaks off what is running; what did not arrive is sent again next time. Whether it ended in time."""
        self._closed.set()
        client, self._client = self._client, None
        if client is not None:
            client.close()
        ended = self._worker.close(timeout_s)
        if self._lite is not None:
            self._lite.close()
            self._lite = None
        return ended

    @property
    def client(self) -> MilvusClient:
        """The connection. Raises StoreError when there is none (any more)."""
        if self._client is None:
            raise StoreError(*self._why or (f"{self._name} is not connected.",))
        return self._client

    @property
    def is_lite(self) -> bool:
        """Whether Milvus runs in this process."""
        return self._lite is not None

    def connect(self) -> None:
        """Makes the connection unless there is one; may take CONNECT_LIMIT_S. Raises StoreError."""
        if self._client is not None:
            return
        with self.errors_in_words():
            require_usable(self.place)
            uri, token = self.place.uri, ""
            if self.place.is_server:
                token = apart(self.place.token, self._closed, "token")  # a keyring may ask the user
            else:
                self._lite = self._lite or Lite(Path(uri).expanduser())
                uri = self._lite.uri
            self._has_token = bool(token)
            client = _client(uri, token)
            if self._closed.is_set():
                client.close()
                raise StoreError(f"{self._name} is closed.")
            self._client = client

    def require_rested(self, *rests: _Rest) -> None:
        """Raises StoreError, which says why, while Milvus is to be left alone."""
        if any(rests):
            raise StoreError(*self._why or ("Milvus failed a moment ago.",))

    @contextmanager
    def errors_in_words(self, rest: _Rest | None = None) -> Iterator[None]:
        """Around what may fail: whatever goes wrong becomes a StoreError and a reason to rest (from writing)."""
        rest = self.writing if rest is None else rest  # one that is over is false
        try:
            yield
        except StoreError as error:
            self._failed(error, rest)
            raise
        except Exception as error:
            if not self._closed.is_set() and _is_ours(error):
                raise
            told = self._in_words(error)
            self._failed(told, rest)
            raise told from error
        else:
            rest.end()
            self._said, self._why = "", ()

    def _failed(self, error: StoreError, rest: _Rest) -> None:
        rest.begin()
        self._why = error.what, error.advice
        if not self._closed.is_set() and str(error) != self._said:
            self._said = str(error)
            log.warning("%s", error)
            self._say(self._said)

    @property
    def _name(self) -> str:
        return f"Milvus at “{self.place.shown}”"

    def _in_words(self, error: Exception) -> StoreError:
        """The sentence for an error of pymilvus', gRPC's or the disk's; never its own text, which may hold a token."""
        code, text = getattr(error, "code", None), _whole(error)
        if type(error).__name__ == "DataDirLockedError":
            return StoreError(f"{self._name} is open in another program.", "Search goes on without it meanwhile.")
        if code in _NOT_THERE or _SAID_NOT_THERE.search(text):
            return StoreError(f"{self._name} has its copy of this library no more; it is made again.", lost=True)
        if re.search(r"UNAUTHENTICATED|PERMISSION_DENIED|auth check|authenti", text):
            self._client = None  # the next connection asks for the token again
            advice = "Give one under Settings → Advanced, or with `likewise store move milvus --milvus-token -`."
            what = f"{self._name} refuses this token." if self._has_token else f"{self._name} asks for a token."
            if "PERMISSION_DENIED" in text:
                what = f"{self._name} does not let this token make, fill and read collections."
            return StoreError(what, advice, lost=True)
        if "UNIMPLEMENTED" in text:
            return StoreError(
                f"{self._name} is of a version that Likewise cannot use.", "It needs Milvus 2.3 or later."
            )
        if re.search(r"DEADLINE_EXCEEDED|[Tt]imeout", text):
            return StoreError(f"{self._name} takes too long to answer.")
        if re.search(r"Fail connecting|UNAVAILABLE", text):
            return StoreError(f"{self._name} cannot be reached.")
        log.debug("milvus: %s", type(error).__name__)
        return StoreError(f"{self._name} cannot be used ({type(error).__name__}, code {code}).")


def require_usable(place: MilvusPlace) -> None:
    """Raises StoreError when nothing can come of that place, whatever is there."""
    if find_spec("pymilvus") is None:
        raise StoreError("Milvus is not part of this installation.", "`pip install 'likewise[milvus]'` adds it.")
    if not place.is_server and not Path(place.uri).expanduser().is_absolute():
        raise StoreError(
            f"“{place.uri}” is neither a whole path nor an address.",
            "Addresses begin with http:// or https://, paths with / or ~.",
        )
    if place.is_server and "@" in place.uri:
        raise StoreError(f"The address “{place.shown}” holds a password.", "Give it as the token.")


def milvus_server(
    library: LibraryPaths, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> MilvusServer | None:
    """The connection to Milvus, if the settings choose it; no token is looked up before it is used.

    Raises LibraryError when the library has no name of its own and cannot be given one.
    """
    uri = settings.searched_at
    if not uri:
        return None
    place = MilvusPlace(uri, library_id(library), lambda: milvus_token(uri))
    return MilvusServer(place, say, shared_as=settings.seen_as)


def _is_ours(error: Exception) -> bool:
    """Whether the error is a mistake in this program rather than something of Milvus', gRPC's or the disk's."""
    home = type(error).__module__.partition(".")[0]
    return home not in {"pymilvus", "grpc", "milvus_lite"} and not isinstance(error, OSError)


def _whole(error: BaseException) -> str:
    """What an error and those behind it say: pymilvus tells of a refused token as of a server that is away."""
    chain: list[BaseException] = []
    behind: BaseException | None = error
    while behind is not None and behind not in chain:  # pymilvus raises errors from themselves
        chain.append(behind)
        behind = behind.__cause__ if behind.__cause__ not in (None, behind) else behind.__context__
    return " ".join(map(str, chain))


def _client(uri: str, token: str) -> MilvusClient:
    """pymilvus, kept from reading an `.env` of whoever's and from writing errors, tokens included, to stderr."""
    os.environ.setdefault("PYTHON_DOTENV_DISABLED", "1")
    import pymilvus

    for name in ("pymilvus", "milvus_lite", "grpc"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return pymilvus.MilvusClient(uri, token=token, timeout=CONNECT_LIMIT_S, dedicated=True)
