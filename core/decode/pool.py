"""Decoding as the engine sees it: give a path, get arrays. The work is done by `child` processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import astuple
from typing import Any

from core.decode.answers import decoded_limit, picture_limit, read_decoded, read_picture
from core.decode.decoder import kind_of
from core.decode.problems import media_error
from core.errors import MediaError
from core.records import Decoded, ImageView, Kind, Picture, Reason
from core.runtime.child_process import python_command
from core.runtime.pool import ProcessPool
from core.runtime.requests import Loss, Request
from core.runtime.worker import Priority

# glibc gives freed memory back at once by default; to get it again costs a page fault for every 4 kB of every picture
_ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class DecodePool:
    """Decodes files in at most `processes` processes, each started when first needed. A bad file costs that file.

    Futures fail with MediaError; one may be cancelled as long as nobody has got its result.

    Args:
        processes: how many files are decoded side by side.
        limit_s: the longest one file may take.
        max_pixels: the largest picture.
        max_bytes: the largest file.
    """

    def __init__(self, processes: int, *, limit_s: float, max_pixels: int, max_bytes: int) -> None:
        command = python_command("core.decode.child", str(os.getpid()))
        self._pool = ProcessPool("decode", command, processes, limit_s=limit_s, environment=_ENVIRONMENT)
        self._limit_s = limit_s
        self._max_pixels = max_pixels
        self._max_bytes = max_bytes

    def decode(
        self, path: bytes, views: Sequence[ImageView], *, priority: Priority = Priority.BATCH
    ) -> Future[Decoded]:
        """All that indexing needs of the file at `path` (raw bytes), with the pixels of each of `views`."""
        return self._decode(path, views, priority, is_path=True)

    def decode_data(
        self, data: bytes, views: Sequence[ImageView], *, priority: Priority = Priority.INTERACTIVE
    ) -> Future[Decoded]:
        """The same for a picture that is no file, such as a pasted one."""
        if not data or len(data) > self._max_bytes:
            failed: Future[Decoded] = Future()
            failed.set_exception(media_error(Reason.TOO_LARGE if data else Reason.EMPTY))
            return failed
        return self._decode(data, views, priority, is_path=False)

    def preview(self, path: bytes, max_px: int, *, priority: Priority = Priority.INTERACTIVE) -> Future[Picture]:
        """The picture at `path`, upright, sRGB, its longer side at most `max_px`, never enlarged."""
        request = Request(
            header=self._header(path, is_path=True) | {"preview_px": max_px},
            payload=path,
            reply_limit=picture_limit(max_px),
            accept=lambda header, payload: read_picture(header, payload, max_px),
            explain=self._explain,
        )
        return self._pool.submit(request, priority)

    def close(self, timeout_s: float) -> bool:
        """Kills the processes and cancels what is unfinished. Returns whether all ended within `timeout_s`."""
        return self._pool.close(timeout_s)

    def _decode(
        self, source: bytes, views: Sequence[ImageView], priority: Priority, *, is_path: bool
    ) -> Future[Decoded]:
        views = tuple(views)
        header = self._header(source, is_path=is_path)
        request = Request(
            header=header | {"views": [astuple(view) for view in views]},
            payload=source,
            reply_limit=decoded_limit(views),
            accept=lambda reply, payload: read_decoded(reply, payload, Kind(header["kind"]), views),
            explain=self._explain,
        )
        return self._pool.submit(request, priority)

    def _header(self, source: bytes, *, is_path: bool) -> dict[str, Any]:
        kind = kind_of(source) if is_path else None
        return {
            "kind": kind or Kind.IMAGE,
            "is_path": is_path,
            "views": (),
            "preview_px": 0,
            "max_pixels": self._max_pixels,
            "max_bytes": self._max_bytes,
        }

    def _explain(self, loss: Loss) -> MediaError:
        if loss is Loss.LATE:
            return media_error(Reason.TOO_SLOW, f"Reading the file took longer than {self._limit_s:g} seconds.")
        return media_error(Reason.DECODER_CRASHED)
