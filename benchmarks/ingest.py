"""Photos a second from the disk to found, against the loop everybody writes first.

The loop: one photo at a time, Pillow's full decode, torchvision's resize and crop, the same network in torch with all
cores, `.numpy()`, the same head. Likewise does the same and besides hashes, makes thumbnails, reads metadata and
commits. Both run in this process, turn by turn, on the same distinct photos; models are loaded before the clock starts.

With `--model clip` the network is CLIP ViT-B/32, with random weights, and the loop is transformers' own processor and
model; `--exact` keeps it to float32 where the processor has bfloat16.

    python benchmarks/ingest.py [--rounds 3] [--model clip [--exact] [--device cuda]]
                                                    # real photos of $LIKEWISE_SHARED, else of scikit-image
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

# before numpy and torch load: idle threads that spin would slow the loop down most, and not for the loop's own fault
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

import numpy as np
import torch
from encoders import Plain, write_clip
from PIL import Image
from report import heading
from torchvision.transforms import v2

from core import Engine, Event, ProgressChanged, Settings, open_engine
from core.embed import efficientnet
from core.embed.clip import Clip
from core.embed.head import Head
from core.models.shelf import Shelf
from core.paths import model_folder, resource

LARGE = 48
LARGE_SIZE = (4000, 3000)


def sources() -> list[Path]:
    """Real photos to take or enlarge."""
    data = Path(os.environ.get("LIKEWISE_SHARED", "../shared")) / "data"
    found = sorted([*(data / "flickr8k" / "dev").glob("*.jpg"), *(data / "caltech101" / "dev").glob("*.jpg")])
    if not found:
        package = importlib.util.find_spec("skimage")
        assert package is not None
        assert package.origin is not None
        found = [Path(package.origin).parent / "data" / name for name in ("rocket.jpg", "astronaut.png", "chelsea.png")]
    return found


def make_small(count: int, folder: Path) -> None:
    """Distinct small photos: copies of real ones, turned a little where there are not enough."""
    photos = sources()
    for number in range(count):
        photo, turn = photos[number % len(photos)], number // len(photos)
        if turn == 0 and photo.suffix == ".jpg":
            shutil.copy(photo, folder / f"{number:04}.jpg")
        else:
            Image.open(photo).convert("RGB").rotate(turn).save(folder / f"{number:04}.jpg", quality=90)


def make_large(folder: Path) -> None:
    """12-megapixel JPEGs: real photos enlarged, with the noise of a sensor (2 to 4 MB each)."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (LARGE_SIZE[1], LARGE_SIZE[0], 1)).astype(np.float32)
    photos = sources()
    for number in range(LARGE):
        picture = Image.open(photos[number % len(photos)]).convert("RGB").resize(LARGE_SIZE, Image.Resampling.BICUBIC)
        pixels = np.asarray(picture, np.float32) + np.roll(noise, 997 * number, axis=1)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:04}.jpg", quality=90)


def starter(_: Path, __: str) -> Callable[[Path], object]:
    """What the loop does with a photo for the starter."""
    shelf = Shelf(model_folder())
    module = efficientnet.graph(shelf.weights(shelf.card("starter"))).build()
    head = Head.read(resource("starter", "head.safetensors"))
    look = v2.Compose([v2.Resize(256, v2.InterpolationMode.BICUBIC), v2.CenterCrop(224), v2.PILToTensor()])

    def embed(photo: Path) -> None:
        picture = Image.open(photo).convert("RGB")
        with torch.inference_mode():
            features, logits = module(look(picture).permute(1, 2, 0)[None])
        head.words(features.numpy(), logits.numpy())
        head.looks(features.numpy())

    return embed


def clip(temporary: Path, device: str) -> Callable[[Path], object]:
    """What the loop does with a photo for CLIP, whose weights are made up and put where Likewise finds them."""
    os.environ["LIKEWISE_MODELS"] = str(temporary / "models")
    os.environ["LIKEWISE_MODEL_CACHE"] = str(temporary / "cache")
    folder = write_clip(temporary / "vit-b-32")
    Shelf(model_folder()).use_folder("clip", folder)
    plain = Plain(folder, device)
    return lambda photo: plain.pictures([Image.open(photo)])


def looped(embed: Callable[[Path], object], photos: list[Path]) -> float:
    """How many seconds it takes to embed photos one by one."""
    embed(photos[0])
    started = time.perf_counter()
    for photo in photos:
        embed(photo)
    return time.perf_counter() - started


def index(engine: Engine, folder: Path) -> float:
    """Seconds from asking for a folder until its last photo can be found."""
    done = 0.0

    def note(event: Event) -> None:
        nonlocal done
        if isinstance(event, ProgressChanged) and event.progress.done:
            done = time.perf_counter()

    unsubscribe = engine.events.subscribe(note)
    started = time.perf_counter()
    engine.add_folder(folder).result()
    engine.wait_idle().result()
    unsubscribe()
    return done - started


class Busy:
    """How much of the time between two looks each thread of this process, and all decode processes, had a core."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), self._ticks()

    def _ticks(self) -> dict[str, float]:
        """Seconds of processor time by name. Linux only; threads that are not Python's count as `libraries`."""
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        taken: dict[str, float] = {}
        for task in Path("/proc/self/task").iterdir():
            name = names.get(int(task.name), "libraries")
            taken[name] = taken.get(name, 0) + _seconds(task / "stat")
        pids = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
        taken["decode processes"] = sum(_seconds(Path("/proc", pid, "stat")) for pid in pids)
        return taken

    def __str__(self) -> str:
        wall_s, taken = time.perf_counter() - self._began[0], self._ticks()
        shares = {name: (seconds - self._began[1].get(name, 0)) / wall_s for name, seconds in taken.items()}
        most = sorted(shares.items(), key=lambda share: -share[1])[:6]
        return " · ".join(f"{name} {share:.0%}" for name, share in most)


def _seconds(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    title: str, make: Callable[[Path], None], embed: Callable[[Path], object], settings: Settings, rounds: int
) -> None:
    with tempfile.TemporaryDirectory(prefix="likewise-ingest-") as temporary:
        folder = Path(temporary) / "photos"
        folder.mkdir()
        make(folder)
        photos = sorted(folder.iterdir())
        warm = Path(temporary) / "warm"
        warm.mkdir()
        Image.open(photos[0]).rotate(1).save(warm / "warm.jpg")
        ratios = []
        for number in range(rounds):
            with open_engine(Path(temporary) / f"library {number}", settings) as engine:
                engine.start(watch=False)
                index(engine, warm)
                busy = Busy()
                ours_s = index(engine, folder)
                shares = str(busy)
                status = engine.status().result()
                assert (status.files, status.failed, status.waiting) == (len(photos) + 1, 0, 0)
            naive_s = looped(embed, photos)
            ratios.append(naive_s / ours_s)
            print(
                f"  {title} {number + 1}: loop {len(photos) / naive_s:6.1f}/s · Likewise {len(photos) / ours_s:6.1f}/s"
                f" · {naive_s / ours_s:.1f} ×"
            )
            print(f"    busy meanwhile: {shares}")
        print(f"  {title}: median {np.median(ratios):.1f} × the loop")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", type=int, default=600, help="how many small photos")
    parser.add_argument("--batch", type=int, default=Settings.batch_size, help="pictures understood together")
    parser.add_argument("--model", choices=("starter", "clip"), default="starter")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where both run CLIP")
    parser.add_argument("--exact", action="store_true", help="float32 throughout")
    arguments = parser.parse_args()
    heading("ingest")
    Clip.reduced = not arguments.exact
    settings = Settings(
        pace="full", pictures_model=arguments.model, device=arguments.device, batch_size=arguments.batch
    )
    with tempfile.TemporaryDirectory(prefix="likewise-ingest-") as temporary:
        embed = {"starter": starter, "clip": clip}[arguments.model](Path(temporary), arguments.device)
        small = partial(make_small, arguments.small)
        measure(f"{arguments.small} small photos", small, embed, settings, arguments.rounds)
        measure(f"{LARGE} photos of 12 megapixels", make_large, embed, settings, arguments.rounds)


if __name__ == "__main__":
    main()
