"""What is said, by meaning: sentence-transformers' vectors, from the wheel and from repositories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from core.embed.text import Text
from core.errors import ModelError
from core.paths import resource
from core.records import Role, Segment, Vectors
from tests import tiny_models
from tests.core.embed.conftest import Here, card, cosines

LINES = ("the train to lyon leaves at noon", "x", "my cat sleeps, as always.", "very " * 30 + "long")
CARD = card("text", Role.SPEECH, "minilm")


@pytest.fixture(scope="module")
def minilm(model_cache: Path) -> Iterator[Text]:
    made = Text(CARD, weights=Here(), device="cpu", cache=model_cache)
    yield made
    made.unload()


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Path], Text]:
    def make(folder: Path) -> Text:
        known = replace(CARD, model_id="someone/sentences", repository="someone/sentences")
        return Text(known, weights=Here(folder), device="cpu", cache=tmp_path / "cache")

    return make


def spoken(encoder: Text, lines: tuple[str, ...]) -> Vectors:
    (space,) = encoder.spec.spaces
    return encoder.encode_media([Segment(text=line) for line in lines])[space.space_id]


def reference(folder: Path, kind: type, *, first_alone: bool) -> Vectors:
    """By sentence-transformers' recipe: one padded batch, mean over the tokens that are no padding."""
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>" if "MPNet" in kind.__name__ else "[PAD]"
    )
    tokens = tokenizer(
        list(LINES), padding=True, truncation=True, max_length=48, return_tensors="pt", return_token_type_ids=False
    )
    with torch.no_grad():
        states = kind.from_pretrained(folder).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    return (states[:, 0] if first_alone else (states * mask).sum(1) / mask.sum(1)).numpy()


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize(("make", "kind"), [("bert", transformers.BertModel), ("mpnet", transformers.MPNetModel)])
def test_a_repository_gives_the_vectors_of_the_reference(
    make: str, kind: type, pooling: str, tmp_path: Path, made: Callable[[Path], Text]
) -> None:
    folder = getattr(tiny_models, make)(tmp_path / "model", pooling=pooling)
    encoder = made(folder)
    assert cosines(spoken(encoder, LINES), reference(folder, kind, first_alone=pooling == "cls")).min() >= 0.9999
    assert encoder.runs_on == "processor"
    (space,) = encoder.spec.spaces
    assert space.space_id.startswith("someone/sentences/speech@")
    assert (space.dim, space.answers_text, space.answers_media, space.reason) == (32, True, False, "heard")


def test_the_newer_form_of_the_configuration_is_read_too(tmp_path: Path, made: Callable[[Path], Text]) -> None:
    folder = tiny_models.bert(tmp_path / "model", pooling="cls")
    before = made(folder)
    said = {"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    (folder / "modules.json").write_text(
        json.dumps(
            [
                {"idx": 0, "type": "sentence_transformers.base.modules.transformer.Transformer"},
                {"idx": 1, "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
            ]
        )
    )
    after = made(folder)
    assert before.spec.spaces[0].space_id != after.spec.spaces[0].space_id
    np.testing.assert_allclose(spoken(before, LINES), spoken(after, LINES), atol=1e-6)


def test_a_bare_network_is_read_by_the_mean(tmp_path: Path, made: Callable[[Path], Text]) -> None:
    folder = tiny_models.bert(tmp_path / "model")
    expected = spoken(made(folder), LINES[:3])
    shutil.rmtree(folder / "1_Pooling")
    (folder / "modules.json").unlink()
    (folder / "sentence_bert_config.json").unlink()
    encoder = made(folder)
    np.testing.assert_allclose(spoken(encoder, LINES[:3]), expected, atol=1e-6)
    assert np.isfinite(spoken(encoder, ("very " * 2000,))).all()


def dense(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "sentence_transformers.models.Dense"
    (folder / "modules.json").write_text(json.dumps(modules))


def maximum(folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')


def other_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "t5"}')


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


@pytest.mark.parametrize("damage", [dense, maximum, other_type, no_config])
def test_what_would_give_other_vectors_is_refused(
    damage: Callable[[Path], None], tmp_path: Path, made: Callable[[Path], Text]
) -> None:
    folder = tiny_models.bert(tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelError, match="choose another"):
        made(folder)


def test_a_question_finds_the_line_that_means_it(minilm: Text) -> None:
    lines = (
        "We take the fast train to Lyon at noon.",
        "I have not slept for two days.",
        "The recipe says to whip the cream until it is stiff.",
    )
    stored = spoken(minilm, lines)
    (space,) = minilm.spec.spaces
    questions = ("a railway journey in France", "somebody is tired", "how to make dessert")
    asked = minilm.encode_query(questions)[space.space_id]
    np.testing.assert_array_equal((asked @ stored.T).argmax(axis=1), [0, 1, 2])
    assert minilm.spec.reads(Segment(text="hello"))
    assert not minilm.spec.reads(Segment())


def test_strangers_are_everyday_sentences(minilm: Text) -> None:
    (space,) = minilm.spec.spaces
    strangers = minilm.strangers()[space.space_id]
    sentences = tuple(resource("text", "strangers.txt").read_text("utf-8").splitlines())
    assert len(set(sentences)) == len(sentences) == len(strangers) >= 100
    assert max(map(len, sentences)) < 80
    np.testing.assert_allclose(strangers, spoken(minilm, sentences), atol=1e-6)
    assert minilm.strangers()[space.space_id] is strangers


def test_nothing_in_gives_nothing_out(minilm: Text) -> None:
    assert spoken(minilm, ()).shape == (0, 384)
