"""Decoding as the engine sees it: give a path, get arrays. The work is done by `child` processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import astuple
from typing import Any

from core.decode.answers import decoded_limit, picture_limit, read_decoded, read_picture
from core.decode.decoder import kind_of
from core.decode.problems import media_error
from core.errors import MediaError
from core.records import Decoded, Kind, Picture, Reason, Signature, Wanted
from core.runtime.child_process import python_command
from core.runtime.pool import ProcessPool
from core.runtime.requests import Loss, Request
from core.runtime.worker import Priority

# glibc gives freed memory back at once by default; to get it again costs a page fault for every 4 kB of every picture
_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "OPENBLAS_NUM_THREADS": "1",  # numpy would set memory aside for every processor, of which a child has little
}


class DecodePool:
    """Decodes files in at most `processes` processes, each started when first needed. A bad file costs that file.

    Futures fail with MediaError; one may be cancelled as long as nobody has got its result.

    Args:
        processes: how many files are decoded side by side.
        nice: how far the processes stand back behind other programs, as `nice` counts it.
        limit_s: the longest one request may take: a picture, or a stretch of a sound or video.
        max_pixels: the largest picture, or frame of a video.
        max_bytes: the largest file of a picture. Sounds and videos may have any size: they are read in stretches.
    """

    def __init__(self, processes: int, *, nice: int = 0, limit_s: float, max_pixels: int, max_bytes: int) -> None:
        self._pool = ProcessPool("decode", _command(nice), processes, limit_s=limit_s, environment=_ENVIRONMENT)
        self._limit_s = limit_s
        self._max_pixels = max_pixels
        self._max_bytes = max_bytes

    def decode(
        self,
        path: bytes,
        wanted: Wanted,
        *,
        from_ms: int = 0,
        until_ms: int | None = None,
        expected: Signature | None = None,
        priority: Priority = Priority.BATCH,
    ) -> Future[Decoded]:
        """What indexing needs of the file at `path` (raw bytes), with what is `wanted`.

        Of a sound or video one stretch, from `from_ms` on, to `until_ms` at most: ask again from its `next_ms`. With
        `expected` it fails (CHANGED_WHILE_READING) unless just that file is read, whatever takes its path meanwhile.
        """
        header = self._header(path) | {"from_ms": from_ms, "until_ms": until_ms}
        if expected is not None:
            header["expected"] = astuple(expected)
        return self._decode(path, header, wanted, priority)

    def decode_data(self, data: bytes, wanted: Wanted, *, priority: Priority = Priority.INTERACTIVE) -> Future[Decoded]:
        """The same for a picture that is no file, such as a pasted one."""
        if not data or len(data) > self._max_bytes:
            failed: Future[Decoded] = Future()
            failed.set_exception(media_error(Reason.TOO_LARGE if data else Reason.EMPTY))
            return failed
        return self._decode(data, self._header(None), wanted, priority)

    def preview(
        self, path: bytes, max_px: int, *, at_ms: int = 0, priority: Priority = Priority.INTERACTIVE
    ) -> Future[Picture]:
        """The file at `path` as a picture: upright, sRGB, its longer side at most `max_px`, never enlarged.

        Of a video the frame at `at_ms`, or the next, or the last; of a sound its cover, else how loud it is.
        """
        request = Request(
            header=self._header(path) | {"preview_px": max_px, "from_ms": at_ms},
            payload=path,
            reply_limit=picture_limit(max_px),
            accept=lambda header, payload: read_picture(header, payload, max_px),
            explain=self._explain,
        )
        return self._pool.submit(request, priority)

    def change(self, processes: int, *, nice: int) -> None:
        """From now on another number of processes, which stand back as far. What is being decoded is finished."""
        self._pool.change(_command(nice), processes)

    def close(self, timeout_s: float) -> bool:
        """Kills the processes and cancels what is unfinished. Returns whether all ended within `timeout_s`."""
        return self._pool.close(timeout_s)

    def _decode(self, source: bytes, header: Mapping[str, Any], wanted: Wanted, priority: Priority) -> Future[Decoded]:
        kind, from_ms = header["kind"], header["from_ms"]
        views = [astuple(view) for view in wanted.views]
        request = Request(
            header={**header, "views": views, "sound": wanted.sound, "clips": wanted.clips},
            payload=source,
            reply_limit=decoded_limit(kind, wanted.views),
            accept=lambda reply, payload: read_decoded(reply, payload, kind, wanted, from_ms),
            explain=self._explain,
        )
        return self._pool.submit(request, priority)

    def _header(self, path: bytes | None) -> dict[str, Any]:
        """What is asked in every request: of the file at `path`, or of a picture's bytes."""
        return {
            "kind": (path and kind_of(path)) or Kind.IMAGE,
            "is_path": path is not None,
            "views": (),
            "sound": False,
            "clips": False,
            "from_ms": 0,
            "until_ms": None,
            "preview_px": 0,
            "max_pixels": self._max_pixels,
            "max_bytes": self._max_bytes,
            "expected": None,
        }

    def _explain(self, loss: Loss) -> MediaError:
        if loss is Loss.LATE:
            return media_error(Reason.TOO_SLOW, f"Reading the file took longer than {self._limit_s:g} seconds.")
        return media_error(Reason.DECODER_CRASHED)


def _command(nice: int) -> list[str]:
    return python_command("core.decode.child", str(os.getpid()), str(nice))
