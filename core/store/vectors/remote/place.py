"""Where a library's vectors are searched when not in this process."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import LibraryError
from core.paths import LibraryPaths


@dataclass(frozen=True, slots=True)
class MilvusPlace:
    """A folder for milvus-lite, or a server's address.

    `token` is called on a thread that may wait for a keyring. `library` is the library's own name, hexadecimal.
    """

    uri: str
    library: str
    token: Callable[[], str] = lambda: ""

    @property
    def is_server(self) -> bool:
        """Whether something leaves this process."""
        return re.match(r"https?://", self.uri) is not None

    @property
    def shown(self) -> str:
        """How it is called in sentences: what might be a password in the address is left out."""
        return re.sub(r"//[^/@]*@", "//", self.uri)


def whole(uri: str) -> str:
    """As it is kept: a file with its whole path, to be found from anywhere; an address without a slash at its end."""
    return uri.rstrip("/") if "://" in uri else str(Path(uri).expanduser().absolute())


def library_id(library: LibraryPaths) -> str:
    """The library's own name, made when it is first asked for. Raises LibraryError."""
    try:
        if not library.library_id.exists():
            library.library_id.write_text(uuid.uuid4().hex, "ascii")
        found = library.library_id.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise LibraryError(f"“{library.library_id}” cannot be read or written: {error}.") from error
    if not re.fullmatch("[0-9a-f]{32}", found):
        raise LibraryError(f"“{library.library_id}” is damaged.", "Delete it; Milvus is then filled anew.")
    return found
