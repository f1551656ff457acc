"""Tests here need Milvus, whose real one runs in this process or in another."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.store.vectors import milvus
from core.store.vectors.remote import server as servers
from tests.core.store.conftest import Library
from tests.core.store.milvus.places import real_server
from tests.core.store.milvus.steps import PICTURES


@pytest.fixture(autouse=True)
def milvus_is_installed() -> None:
    if find_spec("pymilvus") is None or find_spec("milvus_lite") is None:
        pytest.skip("Milvus is not installed here; `pip install '.[milvus]'` adds it")


@pytest.fixture(autouse=True)
def asked_even_when_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred vectors are searched by Milvus and a failure is forgiven soon."""
    monkeypatch.setattr(milvus, "EXACT_COUNT", 50)
    monkeypatch.setattr(milvus, "EXACT_IDS", 50)
    monkeypatch.setattr(servers, "REST_S", 0.05)
    monkeypatch.setattr(servers, "LONGEST_REST_S", 0.05)


@pytest.fixture
def filled(library: Library) -> Library:
    library.add_indexed(*PICTURES)
    return library


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """milvus-lite's file, and then the address of a real server if there is one."""
    if request.param == "file":
        yield str(tmp_path / "milvus.db")
    else:
        with real_server() as uri:
            yield uri
