"""One new file and one line: every line of a registry leads to what it names."""

from __future__ import annotations

import importlib

import pytest

from core.decode.decoder import DECODERS
from core.embed.encoder import ENCODERS
from core.store.vectors.vector_store import VECTOR_STORES

ENTRIES = [*DECODERS.items(), *ENCODERS.items(), *VECTOR_STORES.items()]


@pytest.mark.parametrize(("name", "target"), ENTRIES)
def test_an_entry_leads_to_a_class(name: str, target: str) -> None:
    module, _, attribute = target.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), type), name


@pytest.mark.parametrize("registry", [DECODERS, ENCODERS, VECTOR_STORES])
def test_a_registry_names_each_thing_once(registry: dict[str, str]) -> None:
    assert registry
    assert len(set(registry.values())) == len(registry)
