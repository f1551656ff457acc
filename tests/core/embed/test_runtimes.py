"""How graphs run: together as far as memory goes, and in fewer digits where that changes next to nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from core.embed.device import Batches, Lasting
from core.embed.graph import Array, Graph
from core.embed.processor import run_on_processor
from core.errors import ModelError

HAS_BF16 = "avx512_bf16" in Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else False


class Scarce(torch.nn.Module):
    """Doubles rows, of which memory has room for `most` at a time."""

    def __init__(self, most: int, error: Exception) -> None:
        super().__init__()
        self.most = most
        self.error = error
        self.sizes: list[int] = []

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(rows))
        if len(rows) > self.most:
            raise self.error
        return 2 * rows


def rows(count: int) -> list[Array]:
    return [np.full((1, 3), number, np.float32) for number in range(count)]


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)")]
)
def test_too_little_memory_halves_the_batch_and_goes_on(error: Exception) -> None:
    module = Scarce(5, error)
    run = Batches(module, "cpu", "card")
    for _ in range(2):
        answers = run(rows(19))
        np.testing.assert_array_equal(np.concatenate([row for (row,) in answers]), 2 * np.concatenate(rows(19)))
    assert module.sizes == [19, 9, 4, 4, 4, 4, 3, 4, 4, 4, 4, 3]


def test_no_memory_for_a_single_input_is_an_error_with_advice() -> None:
    with pytest.raises(ModelError, match="card has too little memory"):
        Batches(Scarce(0, torch.OutOfMemoryError("CUDA")), "cpu", "card")(rows(3))


def test_another_failure_is_not_taken_for_too_little_memory() -> None:
    with pytest.raises(RuntimeError, match="no kernel"):
        Batches(Scarce(0, RuntimeError("no kernel for this card")), "cpu", "card")(rows(3))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA"), RuntimeError("CUDA error: unknown error")])
def test_a_card_that_fails_is_replaced_for_good(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    card, processor = Scarce(3, error), Scarce(9, error)
    run = Lasting(Batches(card, "cpu", "card"), lambda: Batches(processor, "cpu", "processor"))
    assert run.runs_on == "card"
    run(rows(3))
    card.most = 0
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate([row for (row,) in run(rows(2))]), 2 * np.concatenate(rows(2)))
    assert run.runs_on == "processor, as the card failed"
    assert processor.sizes == [2, 2]
    assert "going on without it" in caplog.text
    processor.most = 0
    with pytest.raises((ModelError, RuntimeError)):
        run(rows(1))


def test_nothing_in_gives_nothing_out() -> None:
    assert Batches(Scarce(1, RuntimeError()), "cpu", "card")([]) == []


class Projected(torch.nn.Module):
    """What bfloat16 is good enough for."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(64, 32)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.linear(given)


class Cancelling(Projected):
    """What it is not good enough for: a small difference of large numbers."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        one = self.linear(given)
        return (one + 1000) @ torch.eye(32) - 1000 - one + self.linear(given.flip(1)) / 1000


def graph(module: type[Projected], *, reduced: bool) -> Graph:
    example = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    return Graph("small", module.__name__, lambda: module().eval(), example, (-1, 64), alone=False, reduced=reduced)


@pytest.mark.skipif(not HAS_BF16, reason="this processor has no bfloat16")
def test_fewer_digits_are_used_where_they_are_good_enough(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):  # converted, and from the cache
        assert run_on_processor(graph(Projected, reduced=True), tmp_path).runs_on == "processor, bf16"
    assert run_on_processor(graph(Projected, reduced=False), tmp_path).runs_on == "processor"
    assert caplog.records == []
    for _ in range(2):
        assert run_on_processor(graph(Cancelling, reduced=True), tmp_path).runs_on == "processor"
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


@pytest.mark.parametrize("count", [0, 1, 2, 3, 33, 100])
def test_any_number_of_inputs_comes_back_in_order(count: int, tmp_path: Path) -> None:
    inputs = [np.random.default_rng(number).normal(size=(1, 64)).astype(np.float32) for number in range(count)]
    answers = run_on_processor(graph(Projected, reduced=False), tmp_path)(inputs)
    assert len(answers) == count
    if count:
        with torch.no_grad():
            expected = Projected()(torch.from_numpy(np.concatenate(inputs))).numpy()
        np.testing.assert_allclose(np.concatenate([row for (row,) in answers]), expected, atol=1e-5)
