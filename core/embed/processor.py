"""Runs a graph on the processor by OpenVINO, from a copy converted once and cached.

At equal vectors (cosine 0.9999999, float32 throughout) this takes a third of torch's time, and a warm start imports no
torch at all. bfloat16 would be faster still but moves vectors of small convolutional networks (cosine 0.994), so it is
not used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from core.embed.graph import Array, Graph, Outputs, Run
from core.errors import ModelError

log = logging.getLogger(__name__)

CACHE_FORMAT = 1
"""Raise when cached copies of earlier versions must not be used any more."""


def run_on_processor(graph: Graph, cache: Path) -> Run:
    """`graph`, compiled for this machine; what it gives for one input does not depend on the others.

    Args:
        graph: built and converted if `cache` holds no sound copy of it.
        cache: the folder for converted models. One that cannot be written costs only time.

    Raises ModelError if the graph can be neither read nor built.
    """
    openvino = _openvino()
    core = openvino.Core()
    stored = _StoredGraph(cache, graph, openvino.__version__)
    try:
        model = core.read_model(stored.network) if stored.is_sound() else _converted(openvino, graph, stored)
        hint = "LATENCY" if graph.alone else "THROUGHPUT"
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:  # what OpenVINO raises, whatever happened
        raise ModelError(f"The model {graph.name} could not be made ready on this computer ({error}).") from error
    return _Requests(openvino.AsyncInferQueue(compiled))


class _Requests:
    """As many inputs at a time as OpenVINO finds best for the compiled graph."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._outputs: dict[int, Outputs] = {}
        queue.set_callback(self._keep)

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        self._outputs.clear()
        for number, array in enumerate(inputs):
            self._queue.start_async({0: array}, number)
        self._queue.wait_all()
        return [self._outputs[number] for number in range(len(inputs))]

    def _keep(self, request: Any, number: int) -> None:
        self._outputs[number] = tuple(tensor.data.copy() for tensor in request.output_tensors)


class _StoredGraph:
    """A converted graph in the cache: network, weights, and a manifest that is written last and holds their digests."""

    def __init__(self, cache: Path, graph: Graph, openvino_version: str) -> None:
        parts = (CACHE_FORMAT, openvino_version, graph.revision, graph.shape)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
        self._folder = cache
        self._family = graph.name
        self._stem = f"{graph.name}-{key}"
        self.network = cache / f"{self._stem}.xml"
        self._weights = cache / f"{self._stem}.bin"
        self._manifest = cache / f"{self._stem}.json"

    def is_sound(self) -> bool:
        """Whether all of it is there, byte for byte as written."""
        try:
            manifest = json.loads(self._manifest.read_text("utf-8"))
            return bool(manifest == self._digests(self.network, self._weights))
        except (OSError, ValueError):
            return False

    def write(self, openvino: ModuleType, model: Any) -> None:
        """Puts `model` in the cache, in place of what other revisions left there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            network, weights, manifest = (Path(name, kind) for kind in ("graph.xml", "graph.bin", "graph.json"))
            openvino.save_model(model, network, compress_to_fp16=False)
            manifest.write_text(json.dumps(self._digests(network, weights)), "utf-8")
            for old in self._folder.glob(f"{self._family}-*"):
                old.unlink()
            weights.replace(self._weights)
            network.replace(self.network)
            manifest.replace(self._manifest)

    @staticmethod
    def _digests(network: Path, weights: Path) -> dict[str, str]:
        from blake3 import blake3

        paths = {"network": network, "weights": weights}
        return {part: blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest() for part, path in paths.items()}


def _converted(openvino: ModuleType, graph: Graph, stored: _StoredGraph) -> Any:
    import torch

    log.info("preparing %s for this computer", graph.name)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every Python branch it fixes; tests compare the outcome
        example = torch.from_numpy(graph.example)
        model = openvino.convert_model(graph.build(), example_input=example, input=list(graph.shape))
    try:
        stored.write(openvino, model)
    except (OSError, RuntimeError) as error:
        log.warning("the prepared %s cannot be kept for the next start: %s", graph.name, error)
    return model


def _openvino() -> ModuleType:
    # WORKAROUND: importing openvino sends usage statistics by openvino_telemetry unless the user has opted out in a
    # file of their home folder. Where that package cannot be imported, openvino puts a stub that does nothing in its
    # place: openvino/tools/ovc/telemetry_stub.py. None in sys.modules makes an import fail.
    sys.modules["openvino_telemetry"] = cast(ModuleType, None)
    import openvino

    return cast(ModuleType, openvino)
