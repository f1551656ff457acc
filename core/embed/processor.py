"""Runs a graph on the processor by OpenVINO, from a copy converted once and cached.

At equal vectors (cosine 0.9999999, float32 throughout) this takes a third of torch's time, and a warm start imports no
torch at all. Where the processor has bfloat16, that takes half of the time again. Transformers bear it (cosine 0.9999),
small convolutional networks do not (0.994): so it is used for graphs that say they may be `reduced`, and only if it was
seen to give nearly the same answers.
"""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from core.embed.graph import NEARLY_SAME, Array, Graph, Outputs, Run, agree, by_input
from core.errors import ModelError

log = logging.getLogger(__name__)

CACHE_FORMAT = 1
"""Raise when cached copies of earlier versions must not be used any more."""
PROCESSOR = "processor"
MOST_TOGETHER = 16
"""More inputs in one batch are no faster on a processor, and take more memory."""
_KEY_DIGITS = 16
_ANSWERS = "likewise_answers"
"""Where a converted graph keeps what the original said to the examples."""


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

    def compiled(precision: str, runs_on: str) -> Run:
        hint = "LATENCY" if graph.alone else "THROUGHPUT"
        settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": precision}
        most = MOST_TOGETHER if graph.shape[0] == -1 else 1
        return _Requests(openvino.AsyncInferQueue(core.compile_model(model, "CPU", settings)), most, runs_on)

    try:
        model = core.read_model(stored.network) if stored.is_sound() else _converted(openvino, graph, stored)
        if graph.reduced and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            run = compiled("bf16", f"{PROCESSOR}, bf16")
            if agree(run(graph.examples), _answers(model), NEARLY_SAME):
                return run
            log.warning("%s loses too much in bf16", graph.name)
        return compiled("f32", PROCESSOR)
    except RuntimeError as error:  # what OpenVINO raises, whatever happened
        raise ModelError(f"The model {graph.name} could not be made ready on this computer ({error}).") from error


class _Requests:
    """As many inputs side by side as OpenVINO finds best for the compiled graph, and up to `most` in each batch."""

    def __init__(self, queue: Any, most: int, runs_on: str) -> None:
        self.runs_on = runs_on
        self._queue = queue
        self._most = most
        self._outputs: dict[int, Outputs] = {}
        queue.set_callback(partial(_keep, self._outputs))  # not self, or neither were ever freed: a ring through C++

    def __call__(self, inputs: Sequence[Array]) -> list[Outputs]:
        self._outputs.clear()
        size = min(self._most, -(-len(inputs) // len(self._queue))) or 1
        for start in range(0, len(inputs), size):
            some = inputs[start : start + size]
            self._queue.start_async({0: np.concatenate(some) if size > 1 else some[0]}, start)
        self._queue.wait_all()
        return [outputs for start in sorted(self._outputs) for outputs in by_input(self._outputs[start])]


def _keep(outputs: dict[int, Outputs], request: Any, start: int) -> None:
    outputs[start] = tuple(tensor.data.copy() for tensor in request.output_tensors)


class _StoredGraph:
    """A converted graph in the cache: network, weights, and a manifest that is written last and holds their digests."""

    def __init__(self, cache: Path, graph: Graph, openvino_version: str) -> None:
        parts = (CACHE_FORMAT, openvino_version, graph.revision, graph.shape, graph.reduced)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()[:_KEY_DIGITS]
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
            for old in self._folder.glob(f"{glob.escape(self._family)}-{'[0-9a-f]' * _KEY_DIGITS}.*"):
                if old.stem != self._stem:  # what another process has just written is as good
                    old.unlink(missing_ok=True)
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
        module, example = graph.build(), torch.from_numpy(graph.example)
        if graph.reduced:
            said = [module(row[None]).flatten().tolist() for row in example]
        model = openvino.convert_model(module, example_input=example, input=list(graph.shape))
        if graph.reduced:
            model.set_rt_info(json.dumps(said), _ANSWERS)
    try:
        stored.write(openvino, model)
    except (OSError, RuntimeError) as error:
        log.warning("the prepared %s cannot be kept for the next start: %s", graph.name, error)
    return model


def _answers(model: Any) -> list[Outputs]:
    said = json.loads(model.get_rt_info(_ANSWERS).astype(str))
    return [(np.array([row], np.float32),) for row in said]


def _openvino() -> ModuleType:
    # WORKAROUND: importing openvino sends usage statistics by openvino_telemetry unless the user has opted out in a
    # file of their home folder. Where that package cannot be imported, openvino puts a stub that does nothing in its
    # place: openvino/tools/ovc/telemetry_stub.py. None in sys.modules makes an import fail.
    sys.modules["openvino_telemetry"] = cast(ModuleType, None)
    import openvino

    return cast(ModuleType, openvino)
