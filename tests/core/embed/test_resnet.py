"""ResNet-50: the vectors of transformers and of torchvision, whichever the weights come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms import v2

from core.embed.resnet import ResNet
from core.errors import ModelError
from core.records import ImageView, Role, Segment, Vectors
from tests import tiny_models
from tests.core.embed.conftest import Here, card, cosines, likeness

Seen: TypeAlias = "Callable[[Path, ImageView], Segment]"

SHIFTED = ("motorcycle_left", "rocket")
"""Half a pixel of margin is rounded to the even side by torchvision, and down by transformers and us."""


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Path], ResNet]:
    def make(folder: Path) -> ResNet:
        known = card("resnet50", Role.LOOKS)
        return ResNet(known, weights=Here(folder), device="cpu", cache=tmp_path / "cache")

    return make


def encoded(encoder: ResNet, segments: list[Segment]) -> Vectors:
    (space,) = encoder.spec.spaces
    return encoder.encode_media(segments)[space.space_id]


def photos_for(encoder: ResNet, photos: list[Path], seen: Seen) -> list[Segment]:
    view = encoder.spec.view
    assert view is not None
    return [seen(photo, view) for photo in photos]


def torchvisions(seed: int = 0) -> Any:
    """torchvision's ResNet-50; deviations that differ, so that a mix-up of layers shows."""
    torch.manual_seed(seed)
    network = torchvision.models.resnet50(weights=None).eval()
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.2, 0.2)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return network


def penultimate(network: Any, pixels: torch.Tensor) -> Vectors:
    network.fc = torch.nn.Identity()
    with torch.no_grad():
        return network(pixels).numpy()


def test_a_hubs_model_gives_the_vectors_of_the_reference(
    tmp_path: Path, made: Callable[[Path], ResNet], sample_photos: list[Path], seen: Seen
) -> None:
    folder = tiny_models.resnet(tmp_path / "model")
    encoder = made(folder)
    process = transformers.ConvNextImageProcessor.from_pretrained(folder)
    pixels = process([Image.open(photo).convert("RGB") for photo in sample_photos], return_tensors="pt")
    with torch.no_grad():
        expected = transformers.ResNetModel.from_pretrained(folder).eval()(**pixels).pooler_output.flatten(1).numpy()
    assert likeness(encoded(encoder, photos_for(encoder, sample_photos, seen)), expected) >= 0.999
    (space,) = encoder.spec.spaces
    assert space.space_id.startswith("resnet50/looks@")
    assert (space.dim, space.answers_text, space.answers_media, space.reason) == (40, False, True, "looks like")
    assert encoder.encode_query(["a cat"]) == {}
    assert encoder.spec.view == ImageView(int(64 / 0.875), 64)


def test_torchvisions_file_gives_the_vectors_of_the_reference(
    tmp_path: Path, made: Callable[[Path], ResNet], sample_photos: list[Path], seen: Seen
) -> None:
    network = torchvisions()
    torch.save(network.state_dict(), tmp_path / "resnet50-0676ba61.pth")
    encoder = made(tmp_path)
    recipe = v2.Compose(
        [
            v2.Resize(256, antialias=True),
            v2.CenterCrop(224),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    pixels = torch.stack([recipe(Image.open(photo).convert("RGB")) for photo in sample_photos])
    vectors = encoded(encoder, photos_for(encoder, sample_photos, seen))
    expected = penultimate(network, pixels)
    assert cosines(vectors, expected).min() >= 0.999
    same = [number for number, photo in enumerate(sample_photos) if photo.stem not in SHIFTED]
    assert likeness(vectors[same], expected[same]) >= 0.999


def test_torchvisions_newer_weights_see_more_of_a_picture(tmp_path: Path, made: Callable[[Path], ResNet]) -> None:
    for name, resize_px in (("resnet50-0676ba61.pth", 256), ("resnet50-11ad3fa6.pth", 232)):
        (tmp_path / name).write_bytes(b"weights")
        assert made(tmp_path).spec.view == ImageView(resize_px, 224, bilinear=True)
        (tmp_path / name).unlink()


def layers_as_used(network: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers that have weights, in the order in which a picture passes them."""
    used: list[torch.nn.Module] = []
    layers = [layer for layer in network.modules() if not list(layer.children()) and layer.state_dict()]
    hooks = [layer.register_forward_hook(lambda layer, *_: used.append(layer)) for layer in layers]
    with torch.no_grad():
        network(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return used


def test_the_hubs_weights_and_torchvisions_give_the_same_vector(
    tmp_path: Path, made: Callable[[Path], ResNet], sample_photos: list[Path], seen: Seen
) -> None:
    network = torchvisions()
    hubs = transformers.ResNetForImageClassification(transformers.ResNetConfig(num_labels=1000)).eval()
    for ours, theirs in zip(layers_as_used(network), layers_as_used(hubs), strict=True):
        theirs.load_state_dict(ours.state_dict())
    hub, torchvisions_own = tmp_path / "hub", tmp_path / "torchvision"
    hubs.save_pretrained(hub)
    save = transformers.ConvNextImageProcessor(size={"shortest_edge": 224}, crop_pct=0.875).save_pretrained
    save(hub)
    save(torchvisions_own)  # else it is asked for the view that torchvision has
    save_file(network.state_dict(), torchvisions_own / "resnet50.safetensors")

    one, other = made(hub), made(torchvisions_own)

    assert one.spec.view == other.spec.view == ImageView(256, 224)
    assert one.spec.spaces[0].dim == 2048
    photos = photos_for(one, sample_photos[:3], seen)
    assert likeness(encoded(one, photos), encoded(other, photos)) >= 0.9999


def test_pictures_differ_and_do_not_depend_on_each_other(
    tmp_path: Path, made: Callable[[Path], ResNet], sample_photos: list[Path], seen: Seen
) -> None:
    encoder = made(tiny_models.resnet(tmp_path / "model"))
    photos = photos_for(encoder, sample_photos, seen)
    together = encoded(encoder, photos)
    assert (together @ together.T)[~np.eye(len(photos), dtype=bool)].max() < 0.9999
    for number, photo in enumerate(photos):
        np.testing.assert_allclose(encoded(encoder, [photo])[0], together[number], atol=1e-5)
    assert encoded(encoder, []).shape == (0, 40)


def another_network(folder: Path) -> None:
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), folder / "resnet50.pth")


def a_program(folder: Path) -> None:
    torch.save({"conv1.weight": Path("/")}, folder / "resnet50.pth")


@pytest.mark.parametrize("write", [another_network, a_program])
def test_a_file_that_holds_something_else_is_an_error_with_advice(
    write: Callable[[Path], None], tmp_path: Path, made: Callable[[Path], ResNet]
) -> None:
    write(tmp_path)
    with pytest.raises(ModelError, match="choose another"):
        made(tmp_path).load()


def test_a_folder_without_such_a_model_is_told_at_once(tmp_path: Path, made: Callable[[Path], ResNet]) -> None:
    with pytest.raises(ModelError, match="no weights"):
        made(tmp_path)
    folder = tiny_models.clip(tmp_path / "clip")
    with pytest.raises(ModelError, match="not resnet"):
        made(folder)
