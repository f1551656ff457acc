"""Whisper's encoder: its very weights, its very numbers, and sounds that find sounds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from core.embed import whisper as encoder_module
from core.embed import whisper_graph
from core.embed.encoder import Weights
from core.embed.head import unit
from core.embed.synthetic import synthetic_sounds
from core.embed.whisper import Whisper
from core.embed.whisper_weights import NEEDED, open_whisper, read_variables
from core.errors import ModelError
from core.records import SOUND_RATE_HZ, ModelCard, Role, Samples, Segment, Vectors

WeightsIn: TypeAlias = "Callable[[Path], Weights]"

CARD = ModelCard("whisper", "whisper", Role.SOUNDS, "Whisper", "", "MIT")
KINDS = 8
"""Of synthetic sounds; neighbours in number are of different kinds."""


@pytest.fixture(scope="module")
def encoder(whisper_base: Weights, model_cache: Path) -> Iterator[Whisper]:
    made = Whisper(CARD, weights=whisper_base, device="cpu", cache=model_cache)
    made.load()
    yield made
    made.unload()


@pytest.fixture(scope="module")
def sounds() -> list[Samples]:
    return list(synthetic_sounds(2 * KINDS))


@pytest.fixture(scope="module")
def reference(whisper_base: Weights) -> WhisperModel:
    """transformers' own model with all the weights."""
    weights = open_whisper(whisper_base.folder())
    with torch.device("meta"):
        model = WhisperModel(WhisperConfig(**weights.config))
    model.load_state_dict({name: torch.from_numpy(weights.read(name)) for name in weights.names}, assign=True)
    return model.eval()


def vectors(encoder: Whisper, *sounds: Samples) -> Vectors:
    (rows,) = encoder.encode_media([Segment(sound=sound) for sound in sounds]).values()
    return rows


def features(sound: Samples) -> torch.Tensor:
    extracted: torch.Tensor = WhisperFeatureExtractor()(
        sound, sampling_rate=SOUND_RATE_HZ, return_tensors="pt"
    ).input_features
    return extracted


# weights


def test_every_variable_is_used_once(whisper_base: Weights) -> None:
    weights = open_whisper(whisper_base.folder())
    variables = read_variables(whisper_base.folder() / "model.bin")
    assert len(variables) == 212
    stored = sum(array.size for array in variables.values() if array.shape)
    used = sum(weights.read(name).size for name in weights.names)
    zeros = [array[512:1024] for name, array in variables.items() if name.endswith("self_attention/linear_0/bias")]
    zeros += [array[:512] for name, array in variables.items() if name.endswith("/attention/linear_1/bias")]
    assert not np.any(zeros)  # keys have no bias
    assert used == stored - sum(array.size for array in zeros)


def test_the_imported_encoder_is_ctranslate2s(
    whisper_base: Weights, reference: WhisperModel, sounds: list[Samples]
) -> None:
    import ctranslate2

    theirs = ctranslate2.models.Whisper(str(whisper_base.folder()), device="cpu", compute_type="float32")
    heard = features(np.concatenate(sounds[5:8]))
    expected = np.array(theirs.encode(ctranslate2.StorageView.from_array(heard.numpy())))
    with torch.no_grad():
        given = reference.encoder(heard).last_hidden_state.numpy()
    assert np.vdot(unit(given.reshape(1, -1)), unit(expected.reshape(1, -1))) > 0.9999


def test_a_repository_of_the_hub_gives_the_same_vectors(
    encoder: Whisper, reference: WhisperModel, sounds: list[Samples], weights_in: WeightsIn, tmp_path: Path
) -> None:
    reference.save_pretrained(tmp_path / "hub")
    other = Whisper(CARD, weights=weights_in(tmp_path / "hub"), device="cpu", cache=tmp_path)
    assert other.spec == encoder.spec
    np.testing.assert_allclose(vectors(other, *sounds[:3]), vectors(encoder, *sounds[:3]), atol=1e-4)


@pytest.mark.parametrize("size", [0, 100, 10_000, 100_000_000])
def test_a_cut_off_file_is_a_sentence(whisper_base: Weights, weights_in: WeightsIn, size: int, tmp_path: Path) -> None:
    with (whisper_base.folder() / "model.bin").open("rb") as whole:
        (tmp_path / "model.bin").write_bytes(whole.read(size))
    with pytest.raises(ModelError, match=r"model\.bin holds no Whisper model"):
        Whisper(CARD, weights=weights_in(tmp_path), device="cpu", cache=tmp_path)


def test_a_folder_without_weights_is_a_sentence(weights_in: WeightsIn, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin is missing"):
        Whisper(CARD, weights=weights_in(tmp_path), device="cpu", cache=tmp_path)


def test_another_kind_of_model_is_a_sentence(weights_in: WeightsIn, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip"}))
    with pytest.raises(ModelError, match="not a Whisper model"):
        Whisper(CARD, weights=weights_in(tmp_path), device="cpu", cache=tmp_path)


def test_a_repository_that_is_not_whole_is_a_sentence(weights_in: WeightsIn, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "whisper", "d_model": 512}))
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(ModelError, match=r"config\.json lacks encoder_"):
        Whisper(CARD, weights=weights_in(tmp_path), device="cpu", cache=tmp_path)
    config = dict.fromkeys(NEEDED, 2) | {"model_type": "whisper"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"model\.safetensors holds no Whisper model"):
        Whisper(CARD, weights=weights_in(tmp_path), device="cpu", cache=tmp_path)


# the graph


@pytest.mark.parametrize("bands", [80, 128])
def test_the_log_mel_is_that_of_the_feature_extractor(bands: int, sounds: list[Samples]) -> None:
    expected = WhisperFeatureExtractor(feature_size=bands)(
        sounds, sampling_rate=SOUND_RATE_HZ, return_tensors="pt"
    ).input_features
    padded = np.stack([np.pad(sound, (0, 30 * SOUND_RATE_HZ - len(sound))) for sound in sounds])
    with torch.no_grad():
        given = whisper_graph.log_mel(bands)(torch.from_numpy(padded))
    torch.testing.assert_close(given, expected, atol=2e-3, rtol=0)


def test_the_graph_averages_the_reference_models_states_by_loudness(
    encoder: Whisper, reference: WhisperModel, sounds: list[Samples]
) -> None:
    """Of a full window, which the reference model can be given as it is."""
    sound = np.resize(np.concatenate(sounds), 30 * SOUND_RATE_HZ)
    heard = features(sound)
    with torch.no_grad():
        states = reference.encoder(heard, output_hidden_states=True).hidden_states
    level = 4 * heard[0].amax(0).reshape(-1, 2).amax(1)
    loudness = 10 ** (0.3 * (level - level.max())) - 10 ** (-0.3 * 8)
    expected = [
        torch.nn.functional.layer_norm(states[layer][0], (512,)).T @ (loudness / loudness.sum()) for layer in (1, 3)
    ]
    (given,) = encoder._averages(encoder._ready(), [sound])
    np.testing.assert_allclose(given, torch.cat(expected).numpy(), atol=1e-3)


def test_inputs_of_one_batch_do_not_touch_each_other(whisper_base: Weights, sounds: list[Samples]) -> None:
    """As on a graphics card, where sounds of one length run together."""
    network = whisper_graph.graph(open_whisper(whisper_base.folder())).build()
    batch = torch.from_numpy(
        np.stack([np.resize(sounds[number] * level, 16000) for number, level in enumerate((1, 0.01, 1))])
    )
    with torch.no_grad():
        together, alone = network(batch), torch.cat([network(one[None]) for one in batch])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


# sounds


def test_a_sound_finds_its_own_copies(encoder: Whisper, sounds: list[Samples]) -> None:
    """Quieter, amid silence, and with a little noise."""
    silence = np.zeros(SOUND_RATE_HZ, np.float32)
    noise = np.random.default_rng(0).normal(0, 1, SOUND_RATE_HZ * 4).astype(np.float32)
    stored = vectors(encoder, *sounds)
    for altered in (
        [0.1 * sound for sound in sounds],
        [np.concatenate([silence, sound, silence, silence]) for sound in sounds],
        [sound + 0.01 * np.abs(sound).max() * noise[: len(sound)] for sound in sounds],
    ):
        found = (vectors(encoder, *altered) @ stored.T).argmax(axis=1)
        np.testing.assert_array_equal(found, np.arange(len(sounds)))


def test_silence_behind_a_sound_changes_little(encoder: Whisper, sounds: list[Samples]) -> None:
    longer = [np.pad(sound, (0, SOUND_RATE_HZ)) for sound in sounds]
    likeness = (vectors(encoder, *longer) * vectors(encoder, *sounds)).sum(axis=1)
    assert likeness.min() > 0.85
    assert np.median(likeness) > 0.95


@pytest.mark.parametrize("samples", [0, 1, 7999, 8001, 45 * SOUND_RATE_HZ])
def test_any_length_and_silence_get_a_vector(encoder: Whisper, samples: int) -> None:
    some = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    rows = vectors(encoder, some, 0 * some)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_sounds_find_sounds_of_their_kind(encoder: Whisper, shared: Path, heard: Callable[[Path], Samples]) -> None:
    with (shared / "data/esc10/labels.csv").open(newline="") as file:
        rows = list({(row["class"], row["freesound_id"]): row for row in csv.DictReader(file)}.values())
    rows = [row for kind in sorted({row["class"] for row in rows}) for row in rows if row["class"] == kind][::2]
    kinds = np.array([row["class"] for row in rows])
    found = vectors(encoder, *(heard(shared / "data/esc10" / row["file"]) for row in rows))
    scores = found @ found.T
    np.fill_diagonal(scores, -1)
    assert (kinds[scores.argmax(axis=1)] == kinds).mean() > 0.75


# strangers


def test_what_is_shipped_is_what_the_model_hears(encoder: Whisper, sounds: list[Samples]) -> None:
    (strangers,) = encoder.strangers().values()
    assert len(strangers) == encoder_module.STRANGERS
    likeness = (vectors(encoder, *sounds) * strangers[: len(sounds)]).sum(axis=1)
    assert likeness.min() > 0.999


def test_a_model_never_seen_listens_once(
    weights_in: WeightsIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = WhisperConfig(
        vocab_size=100, d_model=16, encoder_layers=4, encoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    WhisperModel(config).save_pretrained(tmp_path / "tiny")
    cache = tmp_path / "cache"

    def made() -> Whisper:
        return Whisper(CARD, weights=weights_in(tmp_path / "tiny"), device="cpu", cache=cache)

    first = made()
    first.load()
    asked: list[int] = []
    monkeypatch.setattr(
        encoder_module, "synthetic_sounds", lambda count: asked.append(count) or synthetic_sounds(count)
    )
    (again,) = made().strangers().values()
    assert asked == []
    (once,) = first.strangers().values()
    np.testing.assert_allclose(again, once, atol=1e-4)
    (kept,) = cache.glob("reference-*")
    kept.write_bytes(kept.read_bytes()[:-9])
    (anew,) = made().strangers().values()
    assert asked == [encoder_module.STRANGERS]
    np.testing.assert_allclose(anew, once, atol=1e-4)


def test_the_card_says_what_is_shipped(encoder: Whisper) -> None:
    folder = encoder_module.resource("whisper")
    assert (folder / f"reference-{encoder.spec.revision}.safetensors").stat().st_size < 1_000_000
    assert len(list(folder.glob("reference-*"))) == 1
    assert "numpy alone" in (folder / "CARD.md").read_text("utf-8")
