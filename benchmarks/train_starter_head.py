"""Trains the starter encoder's head: EfficientNet-Lite0's pooled features into MiniLM's space.

    python benchmarks/train_starter_head.py [--without-flickr] [--out FILE]       # needs $LIKEWISE_SHARED

Reads $LIKEWISE_SHARED/starter_train: stored features and logits of captioned photos and of one photo of each ImageNet
class, with their captions, names and glosses. Reads no evaluation set. The same input gives the same file.
A ridge regression onto whitened captions (closed form) is refined by a short contrastive training that is held near
it, and the mean of three seeds is kept. About two minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, dropout, normalize

from core.embed.head import Head, conse, scaled, unit
from core.embed.minilm import DIM, MiniLM
from core.models.shelf import Shelf
from core.paths import model_cache, model_folder, resource
from core.records import Vectors

SHELF = Shelf(model_folder())
STARTER = SHELF.card("starter")
WEIGHTS = SHELF.weights(STARTER)
PLAIN_VIEWS = 4  # centre and whole picture, mirrored or not; further ones are random crops
RIDGE_PENALTY = 1500.0
WHITENING = 0.5
IMAGENET_WEIGHT = 0.5
STEPS, WARM_UP = 150, 10
SEEDS = 3


@dataclass(frozen=True)
class Source:
    """Photos of one origin and the texts that fit them.

    Attributes:
        views: (n, views, 1280) scaled features, the plain views first.
        looks: (n, 1280) features of the centre view at norm 1.
        texts: (n, texts a photo, 384) MiniLM's vectors.
        text_mean: (384,) subtracted before texts are mapped.
        conse: (n, 384).
    """

    views: Vectors
    looks: Vectors
    texts: Vectors
    text_mean: Vectors
    conse: Vectors

    def only(self, rows: NDArray[np.int64]) -> Source:
        """The photos at `rows`."""
        return replace(self, views=self.views[rows], texts=self.texts[rows], conse=self.conse[rows])


@dataclass(frozen=True)
class Material:
    """What is learned from. `bank` (m, 384) are the texts on which whitening is measured."""

    captioned: list[Source]
    imagenet: Source
    bank: Vectors
    classes: Vectors


def load_material(folder: Path, names: list[str]) -> Material:
    """The training material, its texts embedded. `names` are the captioned sources to use."""
    text = MiniLM(WEIGHTS, model_cache())
    entries = _json_lines(folder / "imagenet_classes.jsonl")
    name = text.embed([f"a photo of a {entry['name']}" for entry in entries])
    gloss = text.embed([f"{entry['name']}, {entry['gloss']}" for entry in entries])
    lemmas = text.embed([f"{entry['name']} ({entry['lemmas']})" for entry in entries])
    classes = unit(name + gloss + lemmas)
    photos = [photo for photo in _json_lines(folder / "captions.jsonl") if photo["file"] in names]
    captions = {photo["id"]: text.embed(photo["captions"]) for photo in photos}
    mean = np.mean(list(captions.values()), axis=(0, 1))
    captioned = []
    for source in names:
        rows = sorted((photo for photo in photos if photo["file"] == source), key=lambda photo: photo["row"])
        captioned.append(_source(folder, source, np.stack([captions[row["id"]] for row in rows]), mean, classes))
    texts = np.stack([name, gloss], axis=1)
    imagenet = _source(folder, "imagenet", texts, texts.mean(axis=(0, 1)), classes)
    bank = text.embed((folder / "coco_caption_bank.txt").read_text("utf-8").splitlines())
    return Material(captioned, imagenet, np.concatenate([bank, *captions.values()]), classes)


def _json_lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _source(folder: Path, name: str, texts: Vectors, mean: Vectors, classes: Vectors) -> Source:
    pooled = np.load(folder / f"{name}_pool1280.npy").astype(np.float32)
    logits = np.load(folder / f"{name}_logits1000.npy").astype(np.float32)
    views = scaled(pooled.reshape(-1, pooled.shape[2])).reshape(pooled.shape)
    return Source(views, unit(pooled[:, 0]), texts, mean, conse(logits, classes))


def train(material: Material, seeds: int = SEEDS) -> Head:
    """The whole training."""
    start = ridge(material)
    refined = [refine(start, material, seed) for seed in range(seeds)]
    maps = {name: np.mean([getattr(head, name) for head in refined], axis=0) for name in ("image_map", "text_map")}
    return replace(start, **maps)


def ridge(material: Material) -> Head:
    """The closed form: features of every plain view regressed onto the direction of their whitened texts."""
    spread, axes = np.linalg.eigh(np.cov(material.bank, rowvar=False))
    text_map = (axes * (spread + 0.3 * spread.mean()) ** (-WHITENING / 2)) @ axes.T
    image_mean = np.concatenate([source.views[:, :PLAIN_VIEWS] for source in material.captioned]).mean(axis=(0, 1))
    gram, moment = RIDGE_PENALTY * np.eye(len(image_mean)), np.zeros((len(image_mean), DIM))
    for source in [*material.captioned, material.imagenet]:
        weight = (IMAGENET_WEIGHT if source is material.imagenet else 1) / PLAIN_VIEWS
        mapped = (source.texts - source.text_mean) @ text_map
        target = unit((mapped / np.linalg.norm(mapped, axis=2, keepdims=True)).mean(axis=1))
        for view in range(PLAIN_VIEWS):
            features = (source.views[:, view] - image_mean).astype(np.float64)
            gram += weight * features.T @ features
            moment += weight * features.T @ target
    image_map = np.linalg.solve(gram, moment)
    looks_mean = np.concatenate([source.looks for source in [*material.captioned, material.imagenet]]).mean(axis=0)
    learned = (image_mean, image_map, material.captioned[0].text_mean, text_map, material.classes, looks_mean)
    return Head(*(array.astype(np.float32) for array in learned))


def refine(start: Head, material: Material, seed: int) -> Head:
    """`start` after contrastive training (InfoNCE, van den Oord et al. 2018, arXiv:1807.03748) that is held near it.

    Views, captions and features are drawn at random; photos are told apart only from those of the same source, whose
    captions differ in style from other sources'.
    """
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    image_map, text_map = (torch.from_numpy(array) for array in (start.image_map, start.text_map))
    photos = torch.from_numpy(np.concatenate([source.views[:, 0] for source in material.captioned]) - start.image_mean)
    image_map = image_map / (photos @ image_map).norm(dim=1).mean()
    captions = torch.from_numpy(np.concatenate([s.texts[:, 0] - s.text_mean for s in material.captioned]))
    text_map = text_map / (captions @ text_map).norm(dim=1).mean()
    image = image_map.clone().requires_grad_()
    bend = torch.zeros(DIM, DIM, requires_grad=True)
    log_scale = torch.tensor(10.0).log().requires_grad_()
    groups: list[dict[str, Any]] = [{"params": [image, bend]}, {"params": [log_scale], "lr": 1e-2}]
    adam = torch.optim.Adam(groups, lr=5e-4)
    rate = torch.optim.lr_scheduler.LambdaLR(adam, _warm_cosine)
    mean_image, mean_bend = image.detach().clone(), bend.detach().clone()
    total = sum(len(source.views) for source in material.captioned)

    def contrast(source: Source, conse_weight: float) -> torch.Tensor:
        rows = np.arange(len(source.views))
        views = source.views[rows, draw.integers(source.views.shape[1], size=len(rows))] - start.image_mean
        texts = source.texts[rows, draw.integers(source.texts.shape[1], size=len(rows))]
        learned = normalize(dropout(torch.from_numpy(views), 0.5) @ image, dim=1)
        mapped = torch.from_numpy(texts - source.text_mean) @ text_map
        scores = normalize(mapped + mapped @ bend, dim=1) @ learned.T
        if conse_weight:
            scores = scores + conse_weight * torch.from_numpy(texts @ source.conse.T)
        scores = log_scale.exp() * scores
        truth = torch.arange(len(rows))
        return (cross_entropy(scores, truth) + cross_entropy(scores.T, truth)) / 2

    for _ in range(STEPS):
        some = draw.choice(len(material.imagenet.views), 300, replace=False)
        loss = 0.2 * contrast(material.imagenet.only(some), 0.0)
        for source in material.captioned:
            loss = loss + contrast(source, 0.5) * len(source.views) / total
        loss = loss + 10 * (image - image_map).square().sum() / image_map.square().sum()
        loss = loss + 0.1 * 10 * bend.square().sum() / DIM
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.step()
        mean_image.lerp_(image.detach(), 0.03)
        mean_bend.lerp_(bend.detach(), 0.03)
    text_map = text_map + text_map @ mean_bend
    return replace(start, image_map=mean_image.numpy(), text_map=text_map.numpy())


def _warm_cosine(step: int) -> float:
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.5 * (1 + float(np.cos(np.pi * (step - WARM_UP) / (STEPS - WARM_UP))))


def main() -> None:
    """Trains and writes the head."""
    parser = argparse.ArgumentParser(description="Trains the starter encoder's head.")
    parser.add_argument("--without-flickr", action="store_true", help="use no photo of Flickr8k")
    parser.add_argument("--out", type=Path, default=resource("starter", "head.safetensors"))
    options = parser.parse_args()
    folder = Path(os.environ.get("LIKEWISE_SHARED", "../shared"), "starter_train")
    material = load_material(folder, ["coco"] if options.without_flickr else ["flickr8k", "coco"])
    train(material).write(options.out)


if __name__ == "__main__":
    main()
