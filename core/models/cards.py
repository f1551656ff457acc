"""The models that Likewise knows, and what it makes of those it does not.

Sizes are approximate, and those of models from the hub are from memory: the hub is not asked before the user has agreed
to a download. What a download really takes is known, and checked against the disk, when it begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import ModelError
from core.models.contents import FILES
from core.records import ModelCard, Role

KNOWN = (
    ModelCard(
        "starter",
        family="starter",
        role=Role.PICTURES,
        title="Starter",
        purpose="Finds photos and video moments by plain English words and by likeness, from the first minute.",
        licence="Apache-2.0; its head has a card of its own",
        size_bytes=102_000_000,
    ),
    ModelCard(
        "clip",
        family="clip",
        role=Role.PICTURES,
        title="CLIP ViT-B/32",
        purpose="Understands descriptions of photos and video moments much better than the starter: scenes, actions, "
        "styles, well-known places. The one to download first.",
        licence="MIT",
        repository="openai/clip-vit-base-patch32",
        files=FILES,
        size_bytes=610_000_000,
    ),
    ModelCard(
        "clip-large",
        family="clip",
        role=Role.PICTURES,
        title="CLIP ViT-L/14",
        purpose="The most exact of the CLIP models here: tells similar things and longer descriptions apart. Reads "
        "photos some ten times slower, so it is best with a graphics card.",
        licence="MIT",
        repository="openai/clip-vit-large-patch14",
        files=FILES,
        size_bytes=1_710_000_000,
    ),
    ModelCard(
        "siglip",
        family="clip",
        role=Role.PICTURES,
        title="SigLIP B/16",
        purpose="An alternative to CLIP, better with names of things and with details in a photo, and slower.",
        licence="Apache-2.0",
        repository="google/siglip-base-patch16-224",
        files=FILES,
        size_bytes=815_000_000,
    ),
    ModelCard(
        "resnet50",
        family="resnet50",
        role=Role.LOOKS,
        title="ResNet-50",
        purpose="Finds photos and video moments that look alike, by shapes and textures; it knows no words and works "
        "beside the model for words.",
        licence="Apache-2.0",
        repository="microsoft/resnet-50",
        files=FILES,
        size_bytes=103_000_000,
    ),
    ModelCard(
        "whisper",
        family="whisper",
        role=Role.SOUNDS,
        title="Whisper base",
        purpose="Finds sounds that are alike, in recordings and in videos, and writes down what is said in them.",
        licence="MIT",
        size_bytes=148_000_000,
    ),
    ModelCard(
        "whisper-small",
        family="whisper",
        role=Role.SOUNDS,
        title="Whisper small",
        purpose="Hears better than Whisper base, above all in other languages than English, at a third of its speed.",
        licence="Apache-2.0",
        repository="openai/whisper-small",
        files=FILES,
        size_bytes=970_000_000,
    ),
    ModelCard(
        "perceiver",
        family="perceiver",
        role=Role.MOTION,
        title="Perceiver IO, multimodal",
        purpose="Finds moments of video in which something similar happens, by movement and sound together.",
        licence="Apache-2.0",
        repository="deepmind/multimodal-perceiver",
        files=FILES,
        size_bytes=80_000_000,
    ),
    ModelCard(
        "minilm",
        family="text",
        role=Role.SPEECH,
        title="MiniLM-L6",
        purpose="Finds what was said in recordings and videos by its meaning, in English.",
        licence="Apache-2.0",
        size_bytes=83_000_000,
    ),
    ModelCard(
        "mpnet",
        family="text",
        role=Role.SPEECH,
        title="MPNet",
        purpose="Understands the meaning of what was said more exactly than MiniLM, in English, and more slowly.",
        licence="Apache-2.0",
        repository="sentence-transformers/all-mpnet-base-v2",
        files=FILES,
        size_bytes=440_000_000,
    ),
    ModelCard(
        "multilingual",
        family="text",
        role=Role.SPEECH,
        title="Multilingual MPNet",
        purpose="Understands what was said in some fifty languages, and finds it by words in another of them.",
        licence="Apache-2.0",
        repository="sentence-transformers/paraphrase-multilingual-mpnet-base-v2",
        files=FILES,
        size_bytes=1_130_000_000,
    ),
)

_FAMILIES = {
    "clip": "clip",
    "siglip": "clip",
    "siglip2": "clip",
    "resnet": "resnet50",
    "whisper": "whisper",
    "perceiver": "perceiver",
    "bert": "text",
    "mpnet": "text",
    "xlm-roberta": "text",
}
"""What runs a model of the hub, by the `model_type` of its configuration."""
_ROLES = {
    "clip": (Role.PICTURES, "photos and video moments, by words and by likeness"),
    "resnet50": (Role.LOOKS, "photos and video moments that look alike"),
    "whisper": (Role.SOUNDS, "sounds that are alike, and what is said"),
    "perceiver": (Role.MOTION, "moments of video in which something similar happens"),
    "text": (Role.SPEECH, "what was said, by its meaning"),
}
_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def is_hub_id(text: str) -> bool:
    """Whether `text` can be the id of a model on the hub: `owner/name`, in letters that are safe in a file's name."""
    return bool(_HUB_ID.fullmatch(text)) and not re.search(r"--|\.\.|\.(?:git|ipynb)?$", text)


def family_of(configuration: Mapping[str, Any], model_id: str) -> str:
    """Which family runs a model, told from its `config.json`. Raises ModelError if none does."""
    model_type = configuration.get("model_type")
    family = _FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if family is None:
        raise ModelError(
            f"{model_id} is a model of the kind {model_type!r}, which Likewise cannot use.",
            "It can use CLIP, SigLIP, ResNet, Whisper, Perceiver and sentence models of the kinds BERT, MPNet and "
            "XLM-RoBERTa.",
        )
    return family


def stranger(model_id: str, family: str = "", *, licence: str = "", size_bytes: int = 0) -> ModelCard:
    """The card of a model that the user named by its hub id. Without a `family` it can be downloaded, and no more."""
    role, what = _ROLES.get(family, (Role.PICTURES, ""))
    return ModelCard(
        model_id,
        family=family,
        role=role,
        title=model_id,
        purpose=f"A model that you chose, for {what}." if what else "What it is for is known once it is here.",
        licence=licence or "not known; its page on the hub says",
        repository=model_id,
        files=FILES,
        size_bytes=size_bytes,
    )
