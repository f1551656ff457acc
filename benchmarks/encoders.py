"""Encoders alone: pictures a second from pixels to vectors, and a question in words, against the plain way.

The plain way: transformers' own processor and model in torch with all cores, one picture at a time, texts padded as the
processor pads them. Real architecture, random weights: this says how fast, not how good. Rounds go turn by turn.

    python benchmarks/encoders.py [--rounds 3]       # needs the vocabulary in $LIKEWISE_SHARED/models/clip-tokenizer
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# before numpy and torch load: idle threads that spin would slow the plain way down most
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch
import transformers
from PIL import Image
from report import heading

from core.embed.clip import Clip
from core.records import ModelCard, Role, Segment, Vectors

PICTURES = 32
AT_ONCE = 8
"""Pictures in a job: what two cores do in 100 ms."""
QUESTION = "two dogs run along the shore at sunset"
CARD = ModelCard("clip", "clip", Role.PICTURES, "CLIP", "", "")


class Folder:
    """Weights that are in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def folder(self) -> Path:
        return self._path


LARGE = {
    "vision_config": {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "patch_size": 14,
    },
    "text_config": {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
    },
    "projection_dim": 768,
}


def write_clip(folder: Path, size: str = "base") -> Path:
    """CLIP ViT-B/32 (base) or ViT-L/14 (large) as on the hub, but for its weights."""
    shared = Path(os.environ.get("LIKEWISE_SHARED", "../shared"))
    shutil.copytree(shared / "models" / "clip-tokenizer", folder, dirs_exist_ok=True)
    folder.chmod(0o755)
    torch.manual_seed(0)
    library: Any = transformers
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    transformers.CLIPModel(transformers.CLIPConfig(**(LARGE if size == "large" else {}))).save_pretrained(folder)
    return folder


class Plain:
    """transformers' processor and model."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._device = device
        self._model: Any = transformers.CLIPModel.from_pretrained(folder).to(device).eval()
        self._process: Any = transformers.CLIPImageProcessor.from_pretrained(folder)
        self._tokenize: Any = transformers.CLIPTokenizer.from_pretrained(folder)

    def pictures(self, pictures: Sequence[Image.Image]) -> Vectors:
        with torch.inference_mode():
            rows = [
                self._model.get_image_features(**self._process(one, return_tensors="pt").to(self._device))
                for one in pictures
            ]
        return np.concatenate([row.pooler_output.cpu().numpy() for row in rows])

    def words(self, text: str) -> Vectors:
        tokens = self._tokenize(text, padding="max_length", return_tensors="pt").to(self._device)
        with torch.inference_mode():
            row: Vectors = self._model.get_text_features(**tokens).pooler_output.cpu().numpy()
        return row


def made(folder: Path, cache: Path, *, reduced: bool) -> Clip:
    """Ours, loaded, in few digits or in many."""

    class Chosen(Clip):
        pass

    Chosen.reduced = reduced
    return Chosen(CARD, weights=Folder(folder), device="cpu", cache=cache / str(reduced))


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """For one of `times` turns."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def cosine(some: Vectors, others: Vectors) -> float:
    """The least of the rows'."""
    norms = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    return float(((some * others).sum(axis=1) / norms).min())


def measure(folder: Path, cache: Path, rounds: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (PICTURES, 224, 224, 3), np.uint8)
    pictures = [Image.fromarray(one) for one in pixels]
    plain, ours = Plain(folder), {reduced: made(folder, cache, reduced=reduced) for reduced in (False, True)}
    (space,) = ours[True].spec.spaces
    view = ours[True].spec.view
    assert view is not None
    segments = [Segment({view: one}) for one in pixels]
    reference, asked = plain.pictures(pictures), plain.words(QUESTION)
    for encoder in ours.values():
        encoder.load()
        rows, words = encoder.encode_media(segments)[space.space_id], encoder.encode_query([QUESTION])[space.space_id]
        print(f"  {encoder.runs_on}: cosine to the plain way {cosine(rows, reference):.5f}, {cosine(words, asked):.5f}")
    for number in range(rounds):
        plain_s = seconds(lambda: plain.pictures(pictures))
        question_s = seconds(lambda: plain.words(QUESTION), 10)
        print(f"  {number + 1}: plain {PICTURES / plain_s:.1f} pictures/s · question {1000 * question_s:.1f} ms")
        for encoder in ours.values():
            batches = [segments[start : start + AT_ONCE] for start in range(0, PICTURES, AT_ONCE)]
            ours_s = seconds(lambda batches=batches, encoder=encoder: [encoder.encode_media(some) for some in batches])
            ask_s = seconds(lambda encoder=encoder: encoder.encode_query([QUESTION]), 10)
            print(
                f"     {encoder.runs_on}, {PICTURES / ours_s:.1f} pictures/s, {plain_s / ours_s:.1f} ×"
                f" · question {1000 * ask_s:.1f} ms, {question_s / ask_s:.1f} ×"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    heading("encoders")
    with tempfile.TemporaryDirectory(prefix="likewise-encoders-") as temporary:
        measure(write_clip(Path(temporary) / "model"), Path(temporary) / "cache", arguments.rounds)


if __name__ == "__main__":
    main()
