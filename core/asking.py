"""From a question to an answer: words and examples into vectors, then search. A newer question overtakes."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.embedding import Embedder
from core.errors import MediaError, QuestionError
from core.records import Answer, ContentHash, Decoded, Example, ImageView, Question, SpaceId, Vectors
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.searcher import Searcher
from core.watch.identity import content_hash, content_hash_of, require_readable_size, signature_of

if TYPE_CHECKING:
    from core.decode.pool import DecodePool

T = TypeVar("T")

MAX_TEXT = 1000
"""Characters of a question that count; a pasted book is cut."""
LOOK_UP_S = 0.05
"""How often a wait looks whether the question is still wanted."""


class Asker:
    """Answers questions on the `search` thread, waiting there for the models and the decoders."""

    def __init__(self, gpu: Lane[Embedder], pool: DecodePool, views: Sequence[ImageView], max_bytes: int) -> None:
        self._gpu = gpu
        self._pool = pool
        self._views = views
        self._max_bytes = max_bytes

    def answer(self, searcher: Searcher, question: Question, abandoned: threading.Event) -> Answer:
        """The answer to `question`.

        Raises:
            QuestionError: an example cannot be read.
            ModelError: no encoder can understand the words or the example.
            CancelledError: `abandoned` was set.
        """
        asked: dict[SpaceId, list[Vectors]] = {}
        contents: list[ContentHash | None] = []
        # half a surrogate pair, typed or pasted, is no text to anybody further on
        text = question.text.encode("utf-8", "replace").decode("utf-8").strip()[:MAX_TEXT]
        question = replace(question, text=text)
        if text:
            texts = self._gpu.call(Priority.INTERACTIVE, Embedder.texts, [text])
            _add(asked, _wait(texts, abandoned))
        for example in question.examples:
            vectors, content = self._understand(searcher, example, abandoned)
            _add(asked, {space_id: vectors[space_id] for space_id in searcher.example_spaces if space_id in vectors})
            contents.append(content)
        if abandoned.is_set():
            raise CancelledError
        same = contents[0] if len(contents) == 1 and not text else None
        return searcher.answer(question, {space_id: np.concatenate(rows) for space_id, rows in asked.items()}, same)

    def _understand(
        self, searcher: Searcher, example: Example, abandoned: threading.Event
    ) -> tuple[dict[SpaceId, Vectors], ContentHash | None]:
        """An example's vectors and content: what the library knows of it, else decoded and embedded now."""
        if example.file_id is not None:
            vectors, content, path = searcher.known(example.file_id)
            if vectors:
                return vectors, content
            example = Example(path=path)  # not understood anew yet since the encoder changed
        try:
            content, future = self._open(example)
            decoded = _wait(future, abandoned)
        except MediaError as error:
            name = example.path.name if example.path is not None else "What was pasted"
            raise QuestionError(f"{name} cannot be used as an example: {error.what}", error.advice) from error
        return _wait(self._gpu.call(Priority.INTERACTIVE, Embedder.media, decoded.segments), abandoned), content

    def _open(self, example: Example) -> tuple[ContentHash, Future[Decoded]]:
        if example.path is not None:
            path = os.fsencode(example.path.resolve())  # the user may point at a link; indexing never follows one
            signature = signature_of(path)
            require_readable_size(signature, self._max_bytes)
            content = content_hash(path, signature)
            return content, self._pool.decode(path, self._views, priority=Priority.INTERACTIVE)
        data = example.data or b""
        return content_hash_of(data), self._pool.decode_data(data, self._views, priority=Priority.INTERACTIVE)


def _add(asked: dict[SpaceId, list[Vectors]], vectors: dict[SpaceId, Vectors]) -> None:
    for space_id, rows in vectors.items():
        asked.setdefault(space_id, []).append(rows)


def _wait(future: Future[T], abandoned: threading.Event) -> T:
    """The future's result, unless the question is no longer wanted before it is there."""
    while True:
        try:
            return future.result(timeout=LOOK_UP_S)
        except TimeoutError:
            if future.done():  # in this very moment, or by a time-out of its own
                return future.result()
            if abandoned.is_set():
                future.cancel()
                raise CancelledError from None
