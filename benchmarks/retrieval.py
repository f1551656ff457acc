"""How well words and pictures find photos: the starter encoder against random, simple features and plain ConSE.

    python benchmarks/retrieval.py       # needs $LIKEWISE_SHARED

Photos are decoded and embedded by the code that the engine runs, searched exactly. Pictures: every photo asks for the
others of its class (grocery: of its product; copies: each original asks for its nine copies, among all copies and the
Flickr8k photos). Words: every caption asks for its photo; every class name for the photos of its class.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from report import heading

from core.decode.pool import DecodePool
from core.decode.thumbnail import read_thumbnail
from core.embed import efficientnet
from core.embed.device import run_graph
from core.embed.head import conse, unit
from core.embed.minilm import MiniLM
from core.embed.starter import Starter
from core.models.shelf import Shelf
from core.paths import model_cache, model_folder
from core.records import Decoded, Picture, Vectors, Wanted

SHELF = Shelf(model_folder())
STARTER = SHELF.card("starter")
WEIGHTS = SHELF.weights(STARTER)
SHARED = Path(os.environ.get("LIKEWISE_SHARED", "../shared"))
SETS = ("flickr8k", "caltech101", "grocery", "copies")
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Photos:
    """One evaluation set: its labels, and its photos as each contestant sees them. What answers words is in `words`."""

    labels: list[dict[str, str]]
    looks: dict[str, Vectors]
    words: dict[str, Vectors]

    def column(self, name: str) -> NDArray[np.str_]:
        """One label of every photo."""
        return np.array([row[name] for row in self.labels])


class Contestants:
    """Everything that is compared."""

    def __init__(self) -> None:
        cache = model_cache()
        self.starter = Starter(STARTER, weights=WEIGHTS, device="cpu", cache=cache)
        self.text = MiniLM(WEIGHTS, cache)
        self._network = run_graph(efficientnet.graph(WEIGHTS), "cpu", cache)
        lines = (SHARED / "starter_train" / "imagenet_classes.jsonl").read_text("utf-8").splitlines()
        self._names = self.text.embed([json.loads(line)["name"] for line in lines])
        self._random = np.random.default_rng(0)

    def see(self, labels: list[dict[str, str]], decoded: list[Decoded]) -> Photos:
        """The decoded photos, by each."""
        segments = [one.segments[0] for one in decoded]
        words, looks = self.starter.encode_media(segments).values()
        outputs = self._network([segment.views[efficientnet.VIEW][None] for segment in segments])
        plain = conse(np.concatenate([logits for _, logits in outputs]), self._names, temperature=3.0)
        random = unit(self._random.normal(size=plain.shape))
        simple = np.stack([simple_features(read_thumbnail(one.thumbnail)) for one in decoded])
        pictures = {"random": random, "histogram + dHash": simple, "plain ConSE": plain, "starter": looks}
        return Photos(labels, pictures, {"random": random, "plain ConSE": plain, "starter": words})

    def ask(self, texts: list[str]) -> dict[str, Vectors]:
        """The texts, by each that answers words."""
        plain = self.text.embed(texts)
        (starter,) = self.starter.encode_query(texts).values()
        return {"random": unit(self._random.normal(size=plain.shape)), "plain ConSE": plain, "starter": starter}


def simple_features(picture: Picture) -> Vectors:
    """An 8x4x4 histogram of hue, saturation and value, and 64 bits of neighbouring grey values' order; equal weight."""
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.rgb)
    hsv = np.asarray(image.convert("HSV")).reshape(-1, 3)
    histogram, _ = np.histogramdd(hsv, bins=(8, 4, 4), range=[(0, 256)] * 3)
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BILINEAR), np.int16)
    bits = np.sign(grey[:, 1:] - grey[:, :-1]).ravel()
    joined: Vectors = unit(np.hstack([unit(np.sqrt(histogram.reshape(1, -1)))[0], bits / 8])[None])[0]
    return joined


def load(contestants: Contestants) -> dict[str, Photos]:
    """The evaluation sets, decoded and seen."""
    pool = DecodePool(os.cpu_count() or 1, limit_s=60, max_pixels=100_000_000, max_bytes=1 << 30)
    try:
        return {name: contestants.see(*decode(pool, SHARED / "data" / name)) for name in SETS}
    finally:
        pool.close(10)


def decode(pool: DecodePool, folder: Path) -> tuple[list[dict[str, str]], list[Decoded]]:
    """A set's labels and photos."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    waiting: list[Future[Decoded]] = [
        pool.decode(os.fsencode(folder / row["file"]), Wanted((efficientnet.VIEW,))) for row in labels
    ]
    return labels, [future.result() for future in waiting]


def average_precisions(scores: Vectors, truth: Truth) -> Iterator[float]:
    """Of each question (a row) that has an answer."""
    for score, relevant in zip(scores, truth, strict=True):
        ranks = np.flatnonzero(relevant[np.argsort(-score, kind="stable")]) + 1
        if len(ranks):
            yield float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def precision(scores: Vectors, truth: Truth, k: int) -> float:
    """The share of right ones among the first `k`, over the questions that have an answer."""
    answerable = truth.any(axis=1)
    best = np.argsort(-scores[answerable], axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(truth[answerable], best, axis=1).mean())


def same_class(vectors: Vectors, classes: NDArray[np.str_]) -> tuple[Vectors, Truth]:
    """Every photo asking for the others of its class."""
    scores, truth = vectors @ vectors.T, classes[:, None] == classes
    np.fill_diagonal(scores, -np.inf)
    np.fill_diagonal(truth, val=False)
    return scores, truth


def report_words(sets: dict[str, Photos], contestants: Contestants) -> None:
    """Captions for photos, class names for photos."""
    flickr, caltech = sets["flickr8k"], sets["caltech101"]
    captions = contestants.ask([row[f"caption{n}"] for row in flickr.labels for n in range(1, 6)])
    right = np.repeat(np.arange(len(flickr.labels)), 5)
    classes = np.unique(caltech.column("class"))
    names = [name.replace("_", " ").lower() for name in classes]
    questions = contestants.ask([f"a photo of a {name}" for name in names])
    bare = contestants.ask(names)
    truth = classes[:, None] == caltech.column("class")
    print("\n| words → photo | flickr8k R@1 | R@5 | R@10 | MRR | caltech101 mAP | bare name |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in captions:
        scores = captions[name] @ flickr.words[name].T
        ranks = (scores > np.take_along_axis(scores, right[:, None], axis=1)).sum(axis=1) + 1
        values = [*(float(np.mean(ranks <= k)) for k in (1, 5, 10)), float(np.mean(1 / ranks))]
        named = [asked[name] @ caltech.words[name].T for asked in (questions, bare)]
        values += [float(np.mean(list(average_precisions(scores, truth)))) for scores in named]
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")


def report_looks(sets: dict[str, Photos]) -> None:
    """Photos for photos."""
    caltech, grocery = sets["caltech101"], sets["grocery"]
    print("\n| photo → photo | caltech101 mAP | P@5 | grocery R@1 | mAP | copies mAP | recall@9 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    recalls = {}
    for name in caltech.looks:
        objects = same_class(caltech.looks[name], caltech.column("class"))
        products = same_class(grocery.looks[name], grocery.column("class"))
        found, truth = copies(sets, name)
        hits = np.argsort(-found, axis=1, kind="stable")[:, :9]
        recalls[name] = hits
        values = [
            float(np.mean(list(average_precisions(*objects)))),
            precision(*objects, 5),
            precision(*products, 1),
            float(np.mean(list(average_precisions(*products)))),
            float(np.mean(list(average_precisions(found, truth)))),
            float(np.take_along_axis(truth, hits, axis=1).sum() / truth.sum()),
        ]
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    transforms = sets["copies"].column("transform")
    groups = sets["copies"].column("group")
    originals = np.flatnonzero(transforms == "original")
    print("\n| copy found among the first 9 | " + " | ".join(recalls) + " |")
    print("| --- |" + " --- |" * len(recalls))
    for transform in np.unique(transforms[transforms != "original"]):
        wanted = [int(np.flatnonzero((groups == groups[row]) & (transforms == transform))[0]) for row in originals]
        shares = [np.mean([copy in row for copy, row in zip(wanted, hits, strict=True)]) for hits in recalls.values()]
        print(f"| {transform} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")


def copies(sets: dict[str, Photos], name: str) -> tuple[Vectors, Truth]:
    """Each original asking for its copies, among all copies and the Flickr8k photos."""
    groups, transforms = sets["copies"].column("group"), sets["copies"].column("transform")
    gallery = np.concatenate([sets["copies"].looks[name], sets["flickr8k"].looks[name]])
    scores, truth = same_class(gallery, np.concatenate([groups, [f"#{n}" for n in range(len(gallery) - len(groups))]]))
    originals = np.flatnonzero(transforms == "original")
    return scores[originals], truth[originals]


def main() -> None:
    heading("Retrieval")
    contestants = Contestants()
    sets = load(contestants)
    print("photos: " + ", ".join(f"{name} {len(photos.labels)}" for name, photos in sets.items()))
    report_words(sets, contestants)
    report_looks(sets)


if __name__ == "__main__":
    main()
