"""From a question to an answer: words and examples into vectors, then search. A newer question overtakes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.decode.decoder import kind_of
from core.embedding import Embedder
from core.errors import MediaError, QuestionError
from core.lineup import Lineup, spaces_of, wanted_by
from core.records import Answer, ContentHash, Decoded, Example, Kind, Question, SpaceId, Vectors
from core.runtime.apart import wait
from core.runtime.lane import Lane
from core.runtime.worker import Priority
from core.search.asked import Asked
from core.search.searcher import Searcher
from core.understanding import Understanding
from core.watch.identity import content_hash, content_hash_of, require_readable_size, signature_of

if TYPE_CHECKING:
    from core.decode.pool import DecodePool
    from core.embed.encoder import Encoder

T = TypeVar("T")

MAX_TEXT = 1000
"""Characters of a question that count; a pasted book is cut."""


class Pending:
    """The questions that are not answered yet. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._abandoned: list[threading.Event] = []

    def begin(self) -> threading.Event:
        """A question was asked; what is returned is set when the answer is no longer wanted."""
        abandoned = threading.Event()
        with self._lock:
            self._abandoned.append(abandoned)
        return abandoned

    def end(self, abandoned: threading.Event) -> None:
        """It was answered."""
        with self._lock:
            self._abandoned.remove(abandoned)

    def abandon(self) -> None:
        """No answer to what was asked until now is wanted any more."""
        with self._lock:
            for abandoned in self._abandoned:
                abandoned.set()


class Asker:
    """Answers questions on the `search` thread, waiting there for the models and the decoders."""

    def __init__(
        self,
        gpu: Lane[Embedder],
        understanding: Understanding,
        pool: DecodePool,
        lineup: Callable[[], Lineup],
        max_bytes: Callable[[Kind], int],
    ) -> None:
        self._gpu = gpu
        self._understanding = understanding
        self._pool = pool
        self._lineup = lineup
        self._max_bytes = max_bytes
        self._at_work = Lineup()

    def answer(self, searcher: Searcher, question: Question, abandoned: threading.Event) -> Answer:
        """The answer to `question`.

        Raises:
            QuestionError: an example cannot be read.
            ModelError: no encoder can understand the words or the example.
            CancelledError: `abandoned` was set.
        """
        self._at_work = self._lineup()  # one lineup for the whole answer, and for the searcher: it may change meanwhile
        searcher.use(self._at_work.asked)
        question = replace(question, text=_clean(question.text), without=_clean(question.without))
        asked: list[Asked] = []
        for text, less in ((question.text, False), (question.without, True)):
            if text:
                texts = self._gpu.call(Priority.INTERACTIVE, Embedder.texts, self._answering_words(), [text])
                vectors = wait(texts, abandoned)
                asked.append(Asked(vectors, less=less, words=text))
        asked += [self._understand(searcher, example, abandoned) for example in question.examples]
        self._introduce(searcher, asked, abandoned)
        if abandoned.is_set():
            raise CancelledError
        return searcher.answer(question, asked)

    def _introduce(self, searcher: Searcher, asked: Sequence[Asked], abandoned: threading.Event) -> None:
        """Makes strangers known in every space asked, once."""
        unmet = frozenset(searcher.unmet(space_id for part in asked for space_id in part.vectors))
        if unmet:
            encoders = [encoder for encoder in self._at_work.encoders if spaces_of([encoder]) & unmet]
            strangers = wait(self._gpu.call(Priority.INTERACTIVE, Embedder.strangers, encoders), abandoned)
            searcher.meet({space_id: rows for space_id, rows in strangers.items() if space_id in unmet})

    def _answering_words(self) -> list[Encoder]:
        return [
            encoder for encoder in self._at_work.answering() if any(space.answers_text for space in encoder.spec.spaces)
        ]

    def _understand(self, searcher: Searcher, example: Example, abandoned: threading.Event) -> Asked:
        """An example's vectors and content: what the library knows of it, else decoded and embedded now."""
        if example.file_id is not None:
            vectors, content, path = searcher.known(example)
            if vectors:
                return Asked(vectors, less=example.less, content=content)
            example = replace(example, path=path, file_id=None)  # not understood anew yet since the encoder changed
        try:
            content, future = self._open(example)
            decoded = wait(future, abandoned)
        except MediaError as error:
            name = example.path.name if example.path is not None else "What was pasted"
            raise QuestionError(f"{name} cannot be used as an example: {error.what}", error.advice) from error
        embedded = self._understanding.embed(self._at_work.answering(), decoded.segments, Priority.INTERACTIVE)
        rows: dict[SpaceId, list[Vectors]] = {}
        for segment in wait(embedded, abandoned).vectors:
            for space_id, vector in segment.items():
                rows.setdefault(space_id, []).append(vector[None])
        vectors = {space_id: np.concatenate(rows[space_id]) for space_id in searcher.example_spaces if space_id in rows}
        return Asked(vectors, less=example.less, content=content)

    def _open(self, example: Example) -> tuple[ContentHash, Future[Decoded]]:
        if example.path is not None:
            path = os.fsencode(example.path.resolve())  # the user may point at a link; indexing never follows one
            signature, kind = signature_of(path), kind_of(path) or Kind.IMAGE
            require_readable_size(signature, self._max_bytes(kind))
            content = content_hash(path, signature)
            wanted = wanted_by(self._at_work.of_kind(kind))
            future = self._pool.decode(
                path, wanted, from_ms=example.start_ms or 0, until_ms=example.end_ms, priority=Priority.INTERACTIVE
            )
            return content, future
        data = example.data or b""
        wanted = wanted_by(self._at_work.of_kind(Kind.IMAGE))
        return content_hash_of(data), self._pool.decode_data(data, wanted, priority=Priority.INTERACTIVE)


def _clean(text: str) -> str:
    """Half a surrogate pair, typed or pasted, is no text to anybody further on."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()[:MAX_TEXT]
