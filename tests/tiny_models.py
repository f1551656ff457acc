"""Tiny models of the real classes, with random weights, each written as a folder like its repository on the hub."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import torch
import transformers

SIDE_PX = 32
_LETTERS = string.ascii_lowercase + string.digits + ".,'!?-"
_TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def clip(folder: Path, *, seed: int = 0) -> Path:
    """A CLIP that reads letter by letter."""
    alphabet = sorted(_byte_letters())
    vocabulary = [*alphabet, *(f"{letter}</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    numbers = {token: number for number, token in enumerate(vocabulary)}
    last = len(vocabulary) - 1
    text = _TOWER | {
        "vocab_size": len(vocabulary),
        "bos_token_id": last - 1,
        "eos_token_id": last,
        "pad_token_id": last,
    }
    vision = _TOWER | {"image_size": SIDE_PX, "patch_size": 8}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
    _write(transformers.CLIPModel, config, folder, seed)
    transformers.CLIPTokenizer(vocab=numbers, merges=[], model_max_length=77).save_pretrained(folder)
    sides = {"height": SIDE_PX, "width": SIDE_PX}
    transformers.CLIPImageProcessor(size={"shortest_edge": SIDE_PX}, crop_size=sides).save_pretrained(folder)
    return folder


def siglip(folder: Path, *, seed: int = 0) -> Path:
    """A SigLIP that reads letter by letter."""
    tokenizer = _letter_tokenizer(["<unk>", "</s>"], "{} </s>")
    tokens = {"vocab_size": tokenizer.get_vocab_size(), "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = _TOWER | tokens | {"max_position_embeddings": 16, "projection_size": 32}
    vision = _TOWER | {"image_size": SIDE_PX, "patch_size": 8}
    _write(transformers.SiglipModel, transformers.SiglipConfig(text_config=text, vision_config=vision), folder, seed)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"pad_token": "</s>", "unk_token": "<unk>", "eos_token": "</s>", "model_max_length": 16}
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    transformers.SiglipImageProcessor(size={"height": SIDE_PX, "width": SIDE_PX}).save_pretrained(folder)
    return folder


def resnet(folder: Path, *, seed: int = 0, config: transformers.ResNetConfig | None = None) -> Path:
    """A ResNet of bottlenecks, as ResNet-50 is one."""
    small = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[16, 24, 32, 40], depths=[1, 2, 1, 1])
    _write(transformers.ResNetForImageClassification, config or small, folder, seed)
    transformers.ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.875).save_pretrained(folder)
    return folder


def bert(folder: Path, *, pooling: str = "mean", seed: int = 0) -> Path:
    """A sentence-transformers model on BERT."""
    tokenizer = _letter_tokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], "[CLS] {} [SEP]")
    config = transformers.BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, **_TOWER)
    return _sentences(transformers.BertModel, config, tokenizer, folder, pooling, seed)


def mpnet(folder: Path, *, pooling: str = "mean", seed: int = 0) -> Path:
    """A sentence-transformers model on MPNet."""
    tokenizer = _letter_tokenizer(["<s>", "<pad>", "</s>", "<unk>"], "<s> {} </s>")
    config = transformers.MPNetConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=66, **_TOWER)
    return _sentences(transformers.MPNetModel, config, tokenizer, folder, pooling, seed)


def _sentences(kind: Any, config: Any, tokenizer: Any, folder: Path, pooling: str, seed: int) -> Path:
    _write(kind, config, folder, seed)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    modules = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")
    listed = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (name, path) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}))
    (folder / "1_Pooling").mkdir()
    modes = {f"pooling_mode_{mode}_tokens": mode == pooling for mode in ("mean", "max")}
    said = {"word_embedding_dimension": config.hidden_size, "pooling_mode_cls_token": pooling == "cls"} | modes
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    return folder


def _write(kind: Any, config: Any, folder: Path, seed: int) -> None:
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():  # a network as initialised tells pictures hardly apart
        for name, tensor in model.named_parameters():
            if tensor.ndim > 1:
                tensor.mul_(3 if "embed" in name else 1.5)
        for name, tensor in model.named_buffers():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
    model.save_pretrained(folder)


def _letter_tokenizer(special: list[str], template: str) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {token: number for number, token in enumerate([*special, *_LETTERS, "▁"])}
    unknown = next(token for token in special if "unk" in token.lower())
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokens = [(token, vocabulary[token]) for token in template.split() if token != "{}"]
    tokenizer.post_processor = processors.TemplateProcessing(single=template.replace("{}", "$A"), special_tokens=tokens)
    tokenizer.add_special_tokens(special)
    return tokenizer


def _byte_letters() -> list[str]:
    from tokenizers import pre_tokenizers

    return list(pre_tokenizers.ByteLevel.alphabet())
