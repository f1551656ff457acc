"""Encoders on a graphics card: segments a second into vectors, and what they wait for.

The published sizes with random weights: this says how fast, not how good. "One by one" is the same network in float32
on the same card, an input at a time, as everybody writes it first; "network alone" has its inputs on the card already:
what is missing to it is what moving and preparing them costs. Rates are medians of `--rounds`, taken in turns.

    python benchmarks/accelerator.py [--device cuda] [--rounds 5]
        # CLIP needs the vocabulary in $LIKEWISE_SHARED/models/clip-tokenizer. --device cpu shows only that this runs
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from encoders import Folder, write_clip
from report import heading

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embed import device as devices
from core.embed.clip import Clip
from core.embed.encoder import Encoder
from core.embed.graph import Graph, Outputs
from core.embed.perceiver import Perceiver
from core.embed.resnet import ResNet
from core.embed.whisper import Whisper
from core.records import CLIP_FRAMES, CLIP_PX, CLIP_SAMPLES, SOUND_RATE_HZ, ModelCard, Role, Segment
from core.records import Clip as Moment
from tests.tiny_perceiver import PUBLISHED, save_perceiver

JOBS = (1, 16, 128)
WINDOW_S = 10
ALONE = 64
"""Inputs of which the network alone is shown as many at once: of the Perceiver's, more fill the card."""
Made = tuple[Encoder, Segment]


def vit(name: str) -> Callable[[Path, str], Made]:
    def make(folder: Path, device: str) -> Made:
        return picture(
            Clip(card("clip", Role.PICTURES), weights=Folder(write_clip(folder, name)), **at(folder, device))
        )

    return make


def resnet(folder: Path, device: str) -> Made:
    transformers.ResNetForImageClassification(transformers.ResNetConfig()).save_pretrained(folder)
    transformers.ConvNextImageProcessor(size={"shortest_edge": 224}, crop_pct=0.875).save_pretrained(folder)
    return picture(ResNet(card("resnet", Role.LOOKS), weights=Folder(folder), **at(folder, device)))


def perceiver(folder: Path, device: str) -> Made:
    encoder = Perceiver(
        card("perceiver", Role.MOTION), weights=Folder(save_perceiver(folder, **PUBLISHED)), **at(folder, device)
    )
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (CLIP_FRAMES, CLIP_PX, CLIP_PX, 3), np.uint8)
    return encoder, Segment(clip=Moment(frames, rng.normal(0, 0.1, CLIP_SAMPLES).astype(np.float32)))


def whisper(folder: Path, device: str) -> Made:
    base = {"d_model": 512, "vocab_size": 51865}
    sizes = {
        f"{half}_{what}": size
        for half in ("encoder", "decoder")
        for what, size in (("layers", 6), ("attention_heads", 8), ("ffn_dim", 2048))
    }
    transformers.WhisperForConditionalGeneration(transformers.WhisperConfig(**base, **sizes)).save_pretrained(folder)
    encoder = Whisper(card("whisper", Role.SOUNDS), weights=Folder(folder), **at(folder, device))
    sound = np.random.default_rng(0).normal(0, 0.1, WINDOW_S * SOUND_RATE_HZ).astype(np.float32)
    return encoder, Segment(sound=sound)


MODELS: dict[str, Callable[[Path, str], Made]] = {
    "CLIP ViT-B/32, 224 px": vit("base"),
    "CLIP ViT-L/14, 224 px": vit("large"),
    "ResNet-50, 224 px": resnet,
    f"Whisper-base's lower half, {WINDOW_S} s": whisper,
    "Perceiver, 16 frames and sound": perceiver,
}


def card(name: str, role: Role) -> ModelCard:
    return ModelCard(name, name, role, name, "", "")


def at(folder: Path, device: str) -> dict[str, Path | str]:
    return {"device": device, "cache": folder / "cache"}


def picture(encoder: Encoder) -> Made:
    view = encoder.spec.view
    assert view is not None
    return encoder, Segment(
        {view: np.random.default_rng(0).integers(0, 256, (view.crop_px, view.crop_px, 3), np.uint8)}
    )


class Noted:
    """Runs graphs where Likewise runs them, and keeps graph and run."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.runs: list[devices.Batches] = []

    def __call__(self, graph: Graph, device: str) -> devices.Batches:
        if device == "cpu":
            run: object = devices.Batches(graph.build(), device, "processor, by torch")
        else:
            run = devices.run_on_accelerator(graph, device)
        assert isinstance(run, devices.Batches)
        self.graphs.append(graph)
        self.runs.append(run)
        return run


def seconds(work: Callable[[], object], device: str) -> float:
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def alone(run: devices.Batches, inputs: Sequence[np.ndarray], device: str) -> Callable[[], object]:
    """The network on inputs that are on the card."""
    rows = torch.from_numpy(np.concatenate(inputs)).to(device)

    def work() -> object:
        with torch.inference_mode():
            return run._module(rows)  # noqa: SLF001 - there is no other way to it

    return work


def measure(name: str, make: Callable[[Path, str], Made], device: str, rounds: int) -> None:
    noted = Noted()
    devices._on_accelerator = noted  # type: ignore[assignment]  # noqa: SLF001
    with tempfile.TemporaryDirectory() as folder:
        encoder, segment = make(Path(folder), device)
        encoder.load()
        encoder.encode_media([segment])
        graph, run = noted.graphs[-1], noted.runs[-1]
        plain = devices.Batches(graph.build(), device, "plain")
        inputs: list[np.ndarray] = []
        call = run.__class__.__call__

        def heard(self: devices.Batches, given: Sequence[np.ndarray]) -> list[Outputs]:
            inputs.extend(given)
            return call(self, given)

        devices.Batches.__call__ = heard  # type: ignore[method-assign]
        encoder.encode_media([segment])
        devices.Batches.__call__ = call  # type: ignore[method-assign]
        one = inputs[:1]
        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "one by one": (16, lambda: [plain(one) for _ in range(16)]),
            **{f"jobs of {size}": (size, lambda size=size: encoder.encode_media([segment] * size)) for size in JOBS},
            "network alone": (ALONE, alone(run, one * ALONE, device)),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way, (_, work) in ways.items():
                taken = seconds(work, device)
                if number:
                    times[way].append(taken)
        rates = {way: ways[way][0] / float(np.median(taken)) for way, taken in times.items()}
        apart = cosine(run(one), devices.Batches(graph.build(), "cpu", "")(one))
        print(
            f"| {name} | {encoder.runs_on} | "
            + " | ".join(f"{rate:,.0f}" for rate in rates.values())
            + f" | {max(rates[f'jobs of {size}'] for size in JOBS) / rates['one by one']:.1f} × | {apart:.5f} |"
        )


def cosine(some: Sequence[Outputs], others: Sequence[Outputs]) -> float:
    one, other = (
        np.concatenate([part.ravel() for part in outputs[0]]).astype(np.float64) for outputs in (some, others)
    )
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="models whose name holds this")
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    heading("accelerator")
    if torch.cuda.is_available():
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    columns = ["segments a second", "runs on", "one by one", *(f"jobs of {size}" for size in JOBS), "network alone"]
    print("\n| " + " | ".join([*columns, "best / one by one", "cosine to the processor"]) + " |")
    print("| --- " * 9 + "|")
    for name, make in MODELS.items():
        if arguments.only in name:
            measure(name, make, arguments.device, arguments.rounds)


if __name__ == "__main__":
    main()
