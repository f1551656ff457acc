"""Messages between this process and its children: a JSON header and raw bytes, each with its length before it.

Never pickle: whoever has taken over a child may send anything, and gets no further than a refused message.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

HEADER_LIMIT = 64 * 1024
"""The longest header that is read, in bytes."""

_LENGTHS = struct.Struct("<II")


class FrameError(Exception):
    """The other side sent something that is no message, or a longer one than was asked for."""


def write_frame(stream: IO[bytes], header: Mapping[str, Any], *parts: bytes) -> None:
    """Sends one message; `parts` are joined on the other side.

    Raises:
        OSError: the other side is gone.
    """
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), sum(map(len, parts))) + head)
    for part in parts:
        stream.write(part)
    stream.flush()


def read_frame(stream: IO[bytes], payload_limit: int) -> tuple[dict[str, Any], bytes]:
    """The next message: its header and payload. Nothing is allocated for a message that is too long.

    Raises:
        EOFError: the other side ended, perhaps in the middle of a message.
        FrameError: the message is malformed or its payload longer than `payload_limit` bytes.
    """
    head_length, payload_length = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    if head_length > HEADER_LIMIT or payload_length > payload_limit:
        raise FrameError(f"message of {head_length} + {payload_length} bytes, allowed {payload_limit}")
    try:
        header = json.loads(_read(stream, head_length))
    except (ValueError, RecursionError) as error:
        raise FrameError("header is not JSON") from error
    if not isinstance(header, dict):
        raise FrameError("header is not a JSON object")
    return header, _read(stream, payload_length)


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the other side ended")
    return data
