"""Tokens are in the environment or in the system's keyring."""

from __future__ import annotations

import pytest

from core import secret
from core.errors import CoreError
from core.secret import keep_milvus_token, milvus_token

HERE = "https://here.example"


def test_token_is_kept_for_its_address_alone(passwords: dict[tuple[str, str], str]) -> None:
    keep_milvus_token(HERE, "one")
    assert milvus_token(HERE) == "one"
    assert milvus_token("https://there.example") == ""
    assert list(passwords) == [("Likewise", HERE)]


def test_empty_token_forgets(passwords: dict[tuple[str, str], str]) -> None:
    keep_milvus_token(HERE, "one")
    keep_milvus_token(HERE, "")
    keep_milvus_token(HERE, "")
    assert milvus_token(HERE) == ""
    assert passwords == {}


def test_environment_comes_first(passwords: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    keep_milvus_token(HERE, "one")
    monkeypatch.setenv("LIKEWISE_MILVUS_TOKEN", "two")
    assert milvus_token(HERE) == "two"


def test_system_without_a_keyring(no_keyring: None) -> None:
    assert milvus_token(HERE) == ""
    with pytest.raises(CoreError, match="LIKEWISE_MILVUS_TOKEN"):
        keep_milvus_token(HERE, "one")


def test_installation_without_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "find_spec", lambda _: None)
    assert milvus_token(HERE) == ""
    with pytest.raises(CoreError, match="LIKEWISE_MILVUS_TOKEN"):
        keep_milvus_token(HERE, "one")
