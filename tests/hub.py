"""A model hub on this computer: speaks as much of the hub's protocol as a client needs to list and fetch models."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_CHUNK_BYTES = 1 << 16
_IN_LFS = {".safetensors", ".bin"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]

    @property
    def begin(self) -> int:
        """The byte that it asks to begin with."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])


@dataclass
class Trouble:
    """What goes wrong; may be changed at any time.

    Attributes:
        gated: repositories whose owner asks for consent.
        missing: files that are listed and not there.
        wrong: files of which other bytes are sent than are listed.
        claimed: sizes that are listed instead of the true ones.
        drop_after: the connection breaks after so many bytes of an answer.
        chunk_s: how long each 64 KiB take.
        stalls: nothing is answered at all.
        status: every request is answered with it.
        ignores_ranges: files are sent from the beginning, whatever was asked for.
    """

    gated: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    claimed: dict[str, int] = field(default_factory=dict)
    drop_after: int | None = None
    chunk_s: float = 0.0
    stalls: bool = False
    status: int | None = None
    ignores_ranges: bool = False


class Hub:
    """Serves the models in `folder`, each in `owner/name` below it. `requests` and `sent` tell what was asked of it.

    Use it as a context manager, with HF_ENDPOINT set to its `url`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = Trouble()
        self.requests: list[Request] = []
        self.sent: Counter[str] = Counter()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = False  # so that closing it waits for them
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="hub")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Refuses connections from now on."""
        if not self._closing.is_set():
            self._closing.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def wait_closing(self, seconds: float) -> bool:
        """Waits that long, or until the hub is being closed, which it answers."""
        return self._closing.wait(seconds)

    def files(self, repository: str) -> dict[str, bytes]:
        """What a repository holds, by the names there."""
        folder = self.folder / repository
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}

    def fetched(self, name: str) -> list[Request]:
        """The requests for a file's content."""
        return [request for request in self.requests if request.method == "GET" and request.path.endswith(f"/{name}")]


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _git_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _is_large(name: str) -> bool:
    return Path(name).suffix in _IN_LFS


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_request(self, *_: Any) -> None:
        """Says nothing."""

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(Request(self.command, path, headers))
        trouble = self.hub.trouble
        while trouble.stalls and not self.hub.wait_closing(0.05):
            pass
        parts = path.strip("/").split("/")
        if trouble.status is not None:
            self._refuse(trouble.status)
        elif parts[:2] == ["api", "models"] and len(parts) >= 4:
            self._answer_about("/".join(parts[2:4]), parts[4:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._answer_file("/".join(parts[:2]), "/".join(parts[4:]))
        else:
            self._refuse(404)

    def _answer_about(self, repository: str, rest: list[str]) -> None:
        files = self.hub.files(repository)
        if not files:
            self._refuse(401, "RepoNotFound", "Repository not found")
        elif rest[:1] == ["tree"]:
            self._send_json([self._tree_entry(name, content) for name, content in files.items()])
        else:
            about = {"id": repository, "sha": self._commit(repository), "tags": ["license:mit"]}
            self._send_json({**about, "siblings": [self._sibling(name, content) for name, content in files.items()]})

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        size = self.hub.trouble.claimed.get(name, len(content))
        sibling: dict[str, object] = {"rfilename": name, "size": size, "blobId": _git_digest(content)}
        if _is_large(name):
            sibling["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 135}
        return sibling

    def _tree_entry(self, name: str, content: bytes) -> dict[str, object]:
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": _git_digest(content)}
        if _is_large(name):
            digest = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 135}
        return entry

    def _answer_file(self, repository: str, name: str) -> None:
        content = self.hub.files(repository).get(name)
        trouble = self.hub.trouble
        if repository in trouble.gated:
            self._refuse(401, "GatedRepo", "Access to this model is restricted. Please log in.")
        elif content is None or name in trouble.missing:
            self._refuse(404, "EntryNotFound", "Entry not found")
        else:
            about = self._about_file(repository, name, content)
            if name in trouble.wrong:
                content = content[:-1] + bytes([content[-1] ^ 1])
            self._send_file(name, content, about)

    def _about_file(self, repository: str, name: str, content: bytes) -> dict[str, str]:
        large = _is_large(name)
        digest = hashlib.sha256(content).hexdigest() if large else _git_digest(content)
        about = {"ETag": f'"{digest}"', "X-Repo-Commit": self._commit(repository), "Accept-Ranges": "bytes"}
        return {**about, "X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))} if large else about

    def _commit(self, repository: str) -> str:
        digests = [(name, _git_digest(content)) for name, content in self.hub.files(repository).items()]
        return hashlib.sha1(json.dumps(digests).encode()).hexdigest()

    def _send_file(self, name: str, content: bytes, headers: dict[str, str]) -> None:
        begin = 0 if self.hub.trouble.ignores_ranges else self.hub.requests[-1].begin
        if "range" in self.headers and begin >= len(content) > 0:
            self._refuse(416)
            return
        if "range" in self.headers and not self.hub.trouble.ignores_ranges:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self._send(content[begin:], headers, name)

    def _send_json(self, value: object) -> None:
        self.send_response(200)
        self._send(json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str = "", message: str = "") -> None:
        self.send_response(status)
        self._send(b"", {"X-Error-Code": code, "X-Error-Message": message} if code else {})

    def _send(self, content: bytes, headers: dict[str, str], name: str = "") -> None:
        for header, value in {**headers, "Content-Length": str(len(content)), "Connection": "close"}.items():
            self.send_header(header, value)
        self.end_headers()
        self.close_connection = True
        if self.command == "GET":
            self._send_body(content, name)

    def _send_body(self, content: bytes, name: str) -> None:
        trouble = self.hub.trouble
        for begin in range(0, len(content), _CHUNK_BYTES):
            chunk = content[begin : begin + _CHUNK_BYTES]
            if name and trouble.drop_after is not None:
                chunk = chunk[: max(0, trouble.drop_after - begin)]
            try:
                self.wfile.write(chunk)
            except OSError:  # the client has heard enough
                return
            self.hub.sent[name] += len(chunk)
            if self.hub.wait_closing(trouble.chunk_s if name else 0.0):
                return
            if name and trouble.drop_after is not None and begin + len(chunk) >= trouble.drop_after:
                return
