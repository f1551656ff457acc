"""Tokens of servers: in the environment or where the system keeps passwords. Never in a settings file or a log."""

from __future__ import annotations

import os
from importlib.util import find_spec

from core.errors import CoreError

TOKEN_VARIABLE = "LIKEWISE_MILVUS_TOKEN"  # noqa: S105 - its name, not the token
_SERVICE = "Likewise"


def milvus_token(uri: str) -> str:
    """The token for the server at `uri`; empty if none is known. May wait for the user to unlock the keyring."""
    if given := os.environ.get(TOKEN_VARIABLE):
        return given
    if find_spec("keyring") is None:
        return ""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, uri) or ""
    except KeyringError:  # there is none on this system, or it stays locked
        return ""


def keep_milvus_token(uri: str, token: str) -> None:
    """Keeps the token for the server at `uri`, or with an empty one forgets it. Raises CoreError."""
    advice = f"Name it in the environment variable {TOKEN_VARIABLE} instead."
    if find_spec("keyring") is None:
        raise CoreError("The token cannot be kept: no keyring is installed.", advice)
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        if token:
            keyring.set_password(_SERVICE, uri, token)
        else:
            keyring.delete_password(_SERVICE, uri)
    except PasswordDeleteError:
        return  # it was not there
    except KeyringError as error:
        raise CoreError("The token cannot be kept: the system has no keyring, or it is locked.", advice) from error
