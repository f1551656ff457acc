"""`likewise models`: which there are, and getting, checking, using and removing them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import Future

from core.cli.documents import Document, model_document, print_json
from core.cli.exits import Exit
from core.cli.opening import opened
from core.cli.progress_bar import follow, follow_download
from core.cli.table import say, shown, size, table
from core.engine import Engine
from core.errors import CoreError
from core.records import ModelState, ModelStatus

_NOT_HERE = {ModelState.NOT_HERE, ModelState.DOWNLOADING, ModelState.UNAVAILABLE}


def models(arguments: Namespace) -> Exit:
    """Runs one of the actions."""
    return _ACTIONS[arguments.action](arguments)


def _list(arguments: Namespace) -> Exit:
    with opened(arguments.library, reading=True) as engine:
        statuses = engine.models()
    if arguments.json:
        print_json([_document(status) for status in statuses])
    else:
        print(_text(statuses))
    return Exit.DONE


def _download(arguments: Namespace) -> Exit:
    with opened(arguments.library) as engine:
        status = _known(engine, arguments.model)
        if status is not None and status.state not in _NOT_HERE:
            say(f"{status.card.title} is here already.")
            return Exit.DONE
        model_id = _id(engine, arguments)
        if not arguments.yes:
            if not sys.stdin.isatty():
                say(f"Downloading takes {_cost(status)}; say that you want that with --yes.")
                return Exit.WRONG_USE
            if not _agrees(f"Download {model_id}, {_cost(status)}?"):
                return Exit.DONE
        follow_download(engine, model_id, engine.download_model(model_id))
    print(f"Downloaded {model_id}. Use it from now on: likewise models use {model_id}")
    return Exit.DONE


def _verify(arguments: Namespace) -> Exit:
    with opened(arguments.library, reading=True) as engine:
        here = [status.card.model_id for status in engine.models() if status.state not in _NOT_HERE]
        wanted = [_id(engine, arguments)] if arguments.model else here
        checks = {model_id: engine.verify_model(model_id) for model_id in wanted}
        return max([_report(model_id, check) for model_id, check in checks.items()], default=Exit.DONE)


def _remove(arguments: Namespace) -> Exit:
    with opened(arguments.library) as engine:
        model_id = _id(engine, arguments)
        engine.remove_model(model_id).result()
    print(f"Removed {model_id}")
    return Exit.DONE


def _use(arguments: Namespace) -> Exit:
    with opened(arguments.library) as engine:
        model_id = _id(engine, arguments)
        engine.start(watch=False)
        engine.use_model(model_id).result()
        follow(engine, engine.wait_idle())
    print(f"{model_id} is in use")
    return Exit.DONE


def _folder(arguments: Namespace) -> Exit:
    with opened(arguments.library) as engine:
        model_id = _id(engine, arguments)
        engine.use_model_folder(model_id, arguments.path).result()
    print(f"{model_id} is taken from {shown(arguments.path)}")
    return Exit.DONE


_ACTIONS: dict[str, Callable[[Namespace], Exit]] = {
    "list": _list,
    "download": _download,
    "verify": _verify,
    "remove": _remove,
    "use": _use,
    "folder": _folder,
}


def _known(engine: Engine, model_id: str) -> ModelStatus | None:
    """The model of that id, of ours or the hub's; None for one that nobody knows yet."""
    for status in engine.models():
        if model_id in {status.card.model_id, status.card.repository or None}:
            return status
    return None


def _id(engine: Engine, arguments: Namespace) -> str:
    """What we call the model that was typed; as it was typed, if nobody knows it yet."""
    status = _known(engine, arguments.model)
    return str(arguments.model) if status is None else status.card.model_id


def _cost(status: ModelStatus | None) -> str:
    return (
        f"about {size(status.card.size_bytes)}" if status is not None and status.card.size_bytes else "an unknown size"
    )


def _agrees(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _report(model_id: str, check: Future[None]) -> Exit:
    try:
        check.result()
    except CoreError as error:
        say(str(error))
        return Exit.FAILED
    print(f"{model_id}: every file is as it should be")
    return Exit.DONE


def _document(status: ModelStatus) -> Document:
    about = model_document(status)
    note = about.pop("note")
    return {
        **about,
        "reason": note if status.state in _NOT_HERE else "",
        "bytes": status.here_bytes,
        "size_bytes": status.card.size_bytes,
        "licence": status.card.licence,
        "repository": status.card.repository,
        "purpose": status.card.purpose,
    }


def _text(statuses: list[ModelStatus]) -> str:
    rows = [
        (status.card.model_id, size(status.here_bytes or status.card.size_bytes), _state(status), status.card.purpose)
        for status in statuses
    ]
    amiss = [
        f"{status.card.model_id}: {status.note}"
        for status in statuses
        if status.state is ModelState.UNAVAILABLE and status.note
    ]
    listed = table(("model", "size", "state", "what it is for"), rows, numbers=(1,))
    return "\n".join([listed, *([""] if amiss else []), *map(shown, amiss)])


def _state(status: ModelStatus) -> str:
    if status.taking_over is not None and not status.in_use:
        return f"taking over ({status.taking_over:.0%})"
    if status.in_use:
        return "in use"
    return str(status.state) if status.state in _NOT_HERE else "here"
