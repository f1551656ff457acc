"""Where tests keep vectors: in milvus-lite, and in a Milvus server where one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.records import Role
from core.store.vectors.remote.place import MilvusPlace
from core.store.vectors.remote.server import MilvusServer

URI_VARIABLE = "LIKEWISE_MILVUS_URI"
OURS = ("likewise_made_", "likewise_contract_", *(f"likewise_{role}_all_1_" for role in Role))
"""How the collections of made-up spaces begin; no real library has such."""


@contextmanager
def real_server() -> Iterator[str]:
    """The address of the server that is to be tested against, with nothing of earlier tests in it."""
    uri = os.environ.get(URI_VARIABLE, "")
    if not uri:
        pytest.skip(f"no Milvus server is named in {URI_VARIABLE}; http://127.0.0.1:19530 is where one usually is")
    _tidy(uri)
    yield uri
    _tidy(uri)


def _tidy(uri: str) -> None:
    server = MilvusServer(MilvusPlace(uri, "0"))
    try:
        server.connect()
        for name in server.client.list_collections():
            if name.startswith(OURS):
                server.client.drop_collection(name)
    finally:
        server.close()
