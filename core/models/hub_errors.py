"""What can go wrong between us and the hub, in words."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from core.errors import CoreError, ModelError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BY_HAND = "Or copy the model's files to this computer by hand and name their folder."


@contextmanager
def in_words(repository: str) -> Iterator[None]:
    """Lets what the network, the hub or the disk have against a request for `repository` out as a ModelError."""
    from httpx2 import HTTPError, InvalidURL

    try:
        yield
    except CoreError:
        raise
    except (HTTPError, OSError, InvalidURL) as error:  # huggingface_hub's own are some of these
        raise _explained(error, repository) from error


def not_the_hub() -> ModelError:
    """For an answer that makes no sense."""
    return ModelError(
        f"{_hub()} gave an answer that is not the hub's.",
        "Is there a page to sign in to this network, or a mistake in HF_ENDPOINT?",
    )


def _explained(error: Exception, repository: str) -> ModelError:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return ModelError(
            f"{repository} cannot be downloaded: HF_HUB_OFFLINE says that this computer stays offline.",
            f"Unset it and start Likewise again. {_BY_HAND}",
        )
    if isinstance(error, HfHubHTTPError):
        return _refused(error, repository)
    if isinstance(error, OSError):
        return _unwritten(error)
    return _unreached(error)


def _refused(error: HfHubHTTPError, repository: str) -> ModelError:
    """The hub answered, and not with what was asked for."""
    from huggingface_hub.errors import GatedRepoError, RemoteEntryNotFoundError, RepositoryNotFoundError

    status = error.response.status_code
    if isinstance(error, GatedRepoError):
        return ModelError(
            f"The owner of {repository} asks you to accept terms before you download it.",
            f"Accept them at {_hub()}/{repository} and sign in on this computer with `hf auth login`, then try again.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"{_hub()} has no model {repository}, or it is somebody's own.",
            "Look for a typing mistake. For one of your own, sign in with `hf auth login` first.",
        )
    if isinstance(error, RemoteEntryNotFoundError):
        return ModelError(f"A file of {repository} is missing at {_hub()}.", "Try again later, or another model.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ModelError(
            f"{_hub()} does not let you download {repository} ({status}).",
            "Sign in with `hf auth login`, or remove a token there that is no longer valid (`hf auth logout`).",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelError(f"{_hub()} is asked too often from this network ({status}).", "Try again in some minutes.")
    return ModelError(f"{_hub()} answered with an error ({status}).", "Try again later. What is here stays.")


def _unwritten(error: OSError) -> ModelError:
    if error.errno in _FULL:
        return ModelError("The disk is full.", "Make room, then go on downloading: what is here stays.")
    return ModelError(f"The download cannot be written: {error.filename or 'the folder'}: {error.strerror or error}.")


def _unreached(error: Exception) -> ModelError:
    """No answer at all."""
    from httpx2 import ProxyError, TimeoutException, UnsupportedProtocol

    said = f"({error})" if str(error) else ""
    if isinstance(error, TimeoutException):
        return ModelError(f"{_hub()} did not answer in time.", "Try again later. What is here stays.")
    if isinstance(error, UnsupportedProtocol):
        return ModelError(f"HF_ENDPOINT names no address: {_hub()!r}.", "It begins with https://")
    if isinstance(error, ProxyError):
        return ModelError(f"The proxy did not let us through to {_hub()} {said}.", "Look at HTTPS_PROXY.")
    if _is_about_certificates(error):
        return ModelError(
            f"{_hub()} could not show that it is who it says {said}.",
            "Look at this computer's clock. A company's network may need its certificate named in SSL_CERT_FILE.",
        )
    return ModelError(
        f"No connection to {_hub()}, or it broke off {said}.", f"Try again; what is here stays. {_BY_HAND}"
    )


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _hub() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT
