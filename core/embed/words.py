"""Words into vectors, by a tokenizer and a text network on the processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embed.graph import Graph, Run
from core.embed.head import unit
from core.embed.processor import run_on_processor
from core.records import Vectors

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

_EXAMPLE = "a dog on a beach, and far away two people with a red umbrella"


class TextTower:
    """A text network. It runs on the processor, whatever the device: a query takes milliseconds, and no torch.

    Args:
        name: names its files in the cache.
        revision: digest of all that the vectors depend on.
        dim: of the vectors.
        tokenizer: makes the tokenizer, which cuts what is too long.
        build: makes the network, (1, n) int64 tokens → (1, dim).
        cache: the folder for converted models.
        tokens: how many there are of every text; -1 is as many as it has.
        reduced: see `Graph`.
    """

    def __init__(
        self,
        name: str,
        revision: str,
        dim: int,
        *,
        tokenizer: Callable[[], Tokenizer],
        build: Callable[[], torch.nn.Module],
        cache: Path,
        tokens: int = -1,
        reduced: bool = False,
    ) -> None:
        self._name = name
        self.revision = revision
        self.dim = dim
        self._tokenizer = tokenizer
        self._build = build
        self._cache = cache
        self._shape = (1, tokens)
        self._reduced = reduced
        self._loaded: tuple[Tokenizer, Run] | None = None

    @property
    def runs_on(self) -> str:
        """On what, in the user's words, once it is loaded."""
        return self._loaded[1].runs_on if self._loaded else ""

    def load(self) -> tuple[Tokenizer, Run]:
        """The tokenizer and the network, compiled at the first call. Raises ModelError."""
        if self._loaded is None:
            tokenizer = self._tokenizer()
            example = _tokens(tokenizer, _EXAMPLE)
            parts = (self._name, self.revision, self._build, example, self._shape)
            graph = Graph(*parts, alone=True, reduced=self._reduced)
            self._loaded = tokenizer, run_on_processor(graph, self._cache)
        return self._loaded

    def unload(self) -> None:
        """Frees both."""
        self._loaded = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dim), unit norm. Each text is run by itself: what it gives does not depend on the others."""
        tokenizer, run = self.load()
        rows = run([_tokens(tokenizer, text) for text in texts])
        return unit(np.concatenate([np.empty((0, self.dim), np.float32), *(row for (row,) in rows)]))


def sentences(bert: Any, *, first_alone: bool) -> torch.nn.Module:
    """A network of BERT's kind and one vector of its tokens: their mean, or what the first of them says of all.

    There is no padding, hence no mask.
    """
    import torch

    class Sentences(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.bert(input_ids=tokens).last_hidden_state
            return states[:, 0] if first_alone else states.mean(1)

    return Sentences().eval()


def _tokens(tokenizer: Tokenizer, text: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array([tokenizer.encode(text).ids], np.int64)
