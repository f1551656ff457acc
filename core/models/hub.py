"""Asks the hub: what a repository holds, and for a file of it. Runs in a process of its own.

Whatever the network does to a request, its process can be ended at once, and no other part of the program is slowed
down or set up by what requests need. Of huggingface_hub this uses the listing, addresses, headers (with the user's own
token, if there is one) and connections; they follow HF_ENDPOINT, proxies, certificates and HF_HUB_OFFLINE. Files are
streamed here, because its own downloads begin a file anew when they are interrupted.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from core.errors import CoreError, ModelError
from core.models.contents import needed
from core.models.hub_errors import in_words, not_the_hub
from core.models.receipt import has_etag
from core.runtime.child_process import serve

PART = ".part"
"""What is appended to the name of a file that is not there whole."""
_WAITS_S = (0.5, 1.0, 2.0, 3.0)
"""How long to wait before asking again, as long as not a byte arrives."""
_PARENT = os.getppid()


def main() -> None:
    """The child's side."""
    serve(_answer)


def _answer(request: Mapping[str, Any], _: bytes) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    try:
        if "list" in request:
            return _listing(request["list"], request["patterns"]), ()
        _fetch(**request)
    except CoreError as error:
        return {"error": [error.what, error.advice]}, ()
    except Exception:  # noqa: BLE001 - a bug: the parent raises it where it is reported
        return {"bug": traceback.format_exc()[-20_000:]}, ()
    return {}, ()


def _listing(repository: str, patterns: Sequence[str]) -> Mapping[str, Any]:
    """The newest state of a repository: its commit, its licence, and size and digest of each file that is needed."""
    from huggingface_hub import HfApi, constants

    with in_words(repository):
        try:
            found = HfApi().model_info(repository, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_the_hub() from error
    files = {
        file.rfilename: [file.size, file.lfs.sha256 if file.lfs else file.blob_id] for file in found.siblings or ()
    }
    licences = [tag.removeprefix("license:") for tag in found.tags or () if tag.startswith("license:")]
    wanted = {name: files[name] for name in needed(files, patterns)}
    return {"commit": found.sha, "licence": ", ".join(licences), "files": wanted}


def _fetch(file: str, repository: str, commit: str, size: int, etag: str, folder: str) -> None:
    """Puts one file whole and checked into `folder`; goes on with what is there of it.

    Raises ModelError. What arrived until then stays, for the next time.
    """
    from huggingface_hub import hf_hub_url

    path = Path(folder, file)
    part = path.with_name(f"{path.name}{PART}")
    with in_words(repository):
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = part.exists()
        _receive(hf_hub_url(repository, file, revision=commit), part, size)
        if begun and not has_etag(part, size, etag):
            part.unlink()  # what was there may have been spoilt by a power cut, say
            _receive(hf_hub_url(repository, file, revision=commit), part, size)
        if not has_etag(part, size, etag):
            part.unlink()
            raise ModelError(
                f"{file} of {repository} arrived damaged: it is not what the hub says it should be.",
                "Try again; if it happens again, the network or the mirror changes what is downloaded.",
            )
        part.replace(path)


def _receive(url: str, part: Path, size: int) -> None:
    """Appends to `part` until it has `size` bytes, asking again when the connection breaks."""
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    waits = iter(_WAITS_S)
    have = -1
    with part.open("ab", buffering=0) as file:
        while file.tell() < size:
            if file.tell() > have:
                waits = iter(_WAITS_S)
            have = file.tell()
            try:
                _stream(url, file, size)
            except (TransportError, HfHubHTTPError) as error:
                wait_s = next(waits, None)
                if wait_s is None or not _may_pass(error):
                    raise
                time.sleep(wait_s)
        file.truncate(size)
        os.fsync(file.fileno())


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help: the connection broke, or the server has trouble."""
    response = getattr(error, "response", None)
    return response is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR


def _stream(url: str, file: IO[bytes], size: int) -> None:
    """One request for what is missing of `file`, as much of it as arrives. Raises what says why it was not all."""
    from httpx2 import RemoteProtocolError
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if file.tell():
        headers["Range"] = f"bytes={file.tell()}-"
    with get_session().stream("GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT) as response:
        hf_raise_for_status(response)
        if response.status_code == HTTPStatus.OK:
            file.truncate(0)  # a server that knows no ranges sends everything
            file.seek(0)
        for chunk in response.iter_bytes():
            left = memoryview(chunk)
            while left:  # a disk that is nearly full takes part of it
                left = left[file.write(left) :]
            if os.getppid() != _PARENT:
                os._exit(0)  # nobody waits for it any more, and another may begin to
            if file.tell() > size:
                return
        if file.tell() < size:
            raise RemoteProtocolError("the answer ended early")
