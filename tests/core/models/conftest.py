"""A hub on this computer with tiny models, made with the real classes and random weights, and an empty shelf."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.models.shelf import Shelf
from tests.hub import Hub

CLIP = "openai/clip-vit-base-patch32"
WHISPER = "someone/tiny-whisper"
STRANGE = "someone/something-else"


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories as a hub has them, not to be written to: weights of 8 MB and 100 kB."""
    import torch
    from transformers import CLIPConfig, CLIPModel, WhisperConfig, WhisperModel

    folder = tmp_path_factory.mktemp("repositories")
    torch.manual_seed(0)
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    clip = CLIPModel(
        CLIPConfig(
            text_config={**small, "vocab_size": 60_000}, vision_config={**small, "patch_size": 32}, projection_dim=8
        )
    )
    clip.save_pretrained(folder / CLIP)
    whisper = WhisperModel(
        WhisperConfig(
            vocab_size=64, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, pad_token_id=0, bos_token_id=1,
            eos_token_id=2, decoder_start_token_id=3,
        )
    )  # fmt: skip
    whisper.save_pretrained(folder / WHISPER)
    for repository in (CLIP, WHISPER):
        (folder / repository / "preprocessor_config.json").write_text("{}")
        (folder / repository / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE"}}))
        (folder / repository / "README.md").write_text("# A model")
        (folder / repository / "modeling_own.py").write_text("raise SystemExit('this was run')")
        (folder / repository / "onnx").mkdir()
        shutil.copy(folder / repository / "model.safetensors", folder / repository / "onnx")
        (folder / repository / "pytorch_model.bin").write_bytes(b"the same in another form")
    (folder / STRANGE).mkdir()
    (folder / STRANGE / "config.json").write_text(json.dumps({"model_type": "llama"}))
    shutil.copy(folder / WHISPER / "model.safetensors", folder / STRANGE)
    return folder


@pytest.fixture
def hub(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that downloads come from. What it serves must not be changed; `own_hub` is for that."""
    with Hub(tiny_models) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A shelf with nothing downloaded, on a computer where no other program has downloaded anything."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache-of-others"))
    monkeypatch.setenv("LIKEWISE_MODEL_CACHE", str(tmp_path / "cache"))
    return Shelf(tmp_path / "models")
