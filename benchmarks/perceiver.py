"""What a moment of video costs: the Perceiver's latents by the well-known notebook's loop, and by ours.

    python benchmarks/perceiver.py [--rounds 5]     # needs no weights: they are random, of the published size

The loop decodes the clip in 128 chunks, as the notebook of transformers' documentation does, and runs the whole encoder
for each; one chunk a round is timed, times 128. All ways see the same clip and run in turns in this process, after a
round that does not count. Times are medians; ratios are those of each round, median (worst-best). Differences are the
largest among 784 × 512 numbers from those of transformers' own forward, once in single precision and once with the
weights, and all that follows the tokens, in double.
"""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

# before numpy and torch load: idle threads that spin would slow the other ways down
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import skimage.data
import torch
from report import heading

from core.embed import latents
from core.embed.repository import Repository
from core.records import CLIP_FRAMES, CLIP_PX, CLIP_RATE_HZ, CLIP_SAMPLES, Clip, Segment, Vectors
from tests.tiny_perceiver import PUBLISHED, make_perceiver, open_perceiver, save_perceiver

CHUNKS = 128
LOOP, BARE, FOLDED, OURS = (
    "notebook's loop",
    "decoder left out",
    "keys, values folded, by torch",
    "the same in Likewise",
)
Ways: TypeAlias = dict[str, Callable[[], object]]


def a_clip() -> Clip:
    """A walk over a photo, with a tone."""
    photo = skimage.data.astronaut()
    frames = np.stack([photo[step * 4 :, step * 8 :][:CLIP_PX, :CLIP_PX] for step in range(CLIP_FRAMES)])
    sound = np.sin(np.arange(CLIP_SAMPLES) * 2 * np.pi * 440 / CLIP_RATE_HZ) * 0.3
    return Clip(frames, sound.astype(np.float32))


def published(clip: Clip) -> dict[str, torch.Tensor]:
    """The clip as transformers takes it."""
    return {
        "image": torch.from_numpy(clip.frames).permute(0, 3, 1, 2)[None] / 255,
        "audio": torch.from_numpy(clip.sound)[None, :, None],
        "label": torch.zeros(1, 700),
    }


def doubly(bare: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> Vectors:
    """The latents with less rounding than any way has."""
    tokens, _, _ = bare.input_preprocessor(inputs)
    double = copy.deepcopy(bare).double()
    answer: Vectors = double.encoder(double.embeddings(batch_size=1), inputs=tokens.double()).last_hidden_state.numpy()
    return answer


def timed(ways: Ways, rounds: int) -> dict[str, Vectors]:
    """Seconds of each in each round, run in turns, after a round that does not count."""
    times = {name: np.zeros(rounds + 1, np.float32) for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            started = time.perf_counter()
            run()
            times[name][number] = time.perf_counter() - started
    return {name: of_one[1:] for name, of_one in times.items()}


def measure(folder: Path, rounds: int) -> None:
    """Prints the table."""
    save_perceiver(folder, **PUBLISHED)
    whole, bare = make_perceiver(**PUBLISHED), make_perceiver(**PUBLISHED).perceiver
    bare.decoder = None
    folded = latents.build(Repository(folder))
    encoder = open_perceiver(folder, folder)
    clip = a_clip()
    inputs, segment = published(clip), Segment(clip=clip)
    row = np.concatenate([clip.frames.ravel(), clip.sound], dtype=np.float32)[None]
    points = {
        "image": torch.arange(CLIP_FRAMES * CLIP_PX * CLIP_PX // CHUNKS),
        "audio": torch.arange(CLIP_SAMPLES // whole.config.samples_per_patch // CHUNKS),
        "label": None,
    }
    ways: Ways = {
        LOOP: lambda: whole(inputs=inputs, subsampled_output_points=points),
        BARE: lambda: bare(inputs=inputs),
        FOLDED: lambda: folded(torch.from_numpy(row)),
        OURS: lambda: encoder.encode_media([segment]),
    }
    single, double = bare(inputs=inputs).last_hidden_state.numpy(), doubly(bare, inputs)
    ((ours,),) = encoder._ready()([row])  # noqa: SLF001 - latents, where the encoder gives their mean
    answers = {BARE: single, FOLDED: folded(torch.from_numpy(row))[0].numpy(), OURS: ours}
    seconds = timed(ways, rounds)
    seconds[LOOP] *= CHUNKS
    print(f"\n{'16 frames and their sound':32}{'s':>9}{'× loop':>17}{'× bare':>8}{'from single':>13}{'double':>10}")
    for name, taken in seconds.items():
        loop = seconds[LOOP] / taken
        ratios = f"{np.median(loop):.0f} ({loop.min():.0f}-{loop.max():.0f})"
        apart = [np.abs(answers[name] - other).max() for other in (single, double)] if name in answers else []
        print(
            f"{name:32}{np.median(taken):9.2f}{ratios:>17}{np.median(seconds[BARE] / taken):8.2f}"
            + "".join(f"{difference:{width}.1e}" for difference, width in zip(apart, (13, 10), strict=False))
        )
    print(
        f"\nlargest latent {np.abs(single).max():.1f}; one chunk of the loop {np.median(seconds[LOOP]) / CHUNKS:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    heading("perceiver")
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        measure(Path(folder), rounds)


if __name__ == "__main__":
    main()
