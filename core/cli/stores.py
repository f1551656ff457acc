"""`likewise store`: compares a library's vector stores with its catalog, and moves a library to another kind."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace

from core.cli.documents import print_json
from core.cli.exits import Exit
from core.cli.progress_bar import telling
from core.cli.table import table
from core.errors import CoreError, LibraryBusyError
from core.opening import settings_of
from core.paths import LibraryPaths, default_library
from core.secret import keep_milvus_token
from core.settings import Settings
from core.store.catalog import Catalog
from core.store.reader import Reader
from core.store.vectors.moving import check_stores, fill_stores, forget_stores
from core.store.vectors.remote.place import MilvusPlace, whole
from core.store.vectors.remote.server import MilvusServer, milvus_server
from core.store.vectors.vector_store import StoreCheck


def chosen_settings(arguments: Namespace) -> Settings:
    """The library's settings with the store that was named on the command line; a token given there is kept.

    Raises CoreError when Milvus is chosen and nothing says where it is.
    """
    settings = settings_of(_library(arguments))
    uri = whole(arguments.milvus_uri) if arguments.milvus_uri else settings.milvus_uri
    kind = arguments.store or ("milvus" if arguments.milvus_uri else settings.vector_store)
    if kind == "milvus" and not uri:
        raise CoreError("It is not said where Milvus is.", "Name a file or an address with --milvus-uri.")
    if arguments.milvus_token is not None:
        token = arguments.milvus_token
        keep_milvus_token(uri, sys.stdin.readline().strip() if token == "-" else token)  # noqa: S105
    return replace(settings, vector_store=kind, milvus_uri=uri)


def store(arguments: Namespace) -> Exit:
    """Runs one of the actions."""
    if arguments.action == "check":
        return _check(arguments)
    return _move(arguments) if arguments.action == "move" else _share(arguments, shares=arguments.action == "share")


def _check(arguments: Namespace) -> Exit:
    library, settings = _library(arguments), chosen_settings(arguments)
    with ExitStack() as opened:
        with suppress(LibraryBusyError):  # it can be read meanwhile
            opened.callback(Catalog(library).close)
        reader = Reader(library)
        opened.callback(reader.close)
        server = opened.enter_context(_server(library, settings))
        checks = list(check_stores(library, reader, server))
    if arguments.json:
        print_json([asdict(check) for check in checks])
    else:
        print(_checks_text(settings, checks))
    return Exit.DONE


def _move(arguments: Namespace) -> Exit:
    library, now = _library(arguments), settings_of(_library(arguments))
    arguments.store = arguments.to
    then = chosen_settings(arguments)
    with _opened(library, "Move it") as (catalog, reader):
        with _server(library, then) as server, telling("Moving", "vectors") as tell:
            fill_stores(library, catalog, reader, server, tell)
        now.save(library.left)  # broken off from here on, what is left behind is deleted at the next start
        then.save(library.settings)
        library.move.unlink(missing_ok=True)
        if now.searched_at and now.searched_at != then.searched_at:
            with _server(library, now) as left:
                if left is not None:
                    forget_stores(reader, left, list(reader.spaces()))
        library.left.unlink(missing_ok=True)
    print(f"This library is now searched in {_shown(then)}.")
    return Exit.DONE


def _share(arguments: Namespace, *, shares: bool) -> Exit:
    library, now = _library(arguments), settings_of(_library(arguments))
    if not MilvusPlace(now.searched_at, "").is_server:
        raise CoreError("This library is not searched on a server.", "`likewise store move milvus` moves it there.")
    then = replace(now, shared_search=shares, shared_as=arguments.name if shares else now.shared_as)
    with _opened(library, "Change that") as (catalog, reader):
        then.save(library.settings)
        with _server(library, then) as server, telling("Telling" if shares else "Checking", "vectors") as tell:
            fill_stores(library, catalog, reader, server, tell)
    if shares:
        print(f"Others on {_shown(then)} who share see the names of this library's files, and “{then.seen_as}”.")
    else:
        print(f"The names of this library's files are deleted in {_shown(then)}.")
    return Exit.DONE


@contextmanager
def _opened(library: LibraryPaths, what: str) -> Iterator[tuple[Catalog, Reader]]:
    """The library, to be changed. Raises LibraryBusyError with the advice to do `what` where it is open."""
    with ExitStack() as opened:
        try:
            catalog = Catalog(library)
        except LibraryBusyError:
            advice = f"{what} in that window, under Settings → Advanced, or close it first."
            raise LibraryBusyError("This library is already open.", advice) from None
        opened.callback(catalog.close)
        reader = Reader(library)
        opened.callback(reader.close)
        yield catalog, reader


@contextmanager
def _server(library: LibraryPaths, settings: Settings) -> Iterator[MilvusServer | None]:
    """The connection to Milvus where that is chosen."""
    server = milvus_server(library, settings)
    try:
        yield server
    finally:
        if server is not None:
            server.close()


def _library(arguments: Namespace) -> LibraryPaths:
    return LibraryPaths((arguments.library or default_library()).expanduser().absolute())


def _shown(settings: Settings) -> str:
    return f"Milvus at {settings.searched_at}" if settings.searched_at else "this program"


def _checks_text(settings: Settings, checks: Sequence[StoreCheck]) -> str:
    rows = [
        (f"{check.wanted:,}", f"{check.missing:,}", f"{check.surplus:,}", f"{check.outdated:,}", check.space_id)
        for check in checks
    ]
    head = f"Searched in {_shown(settings)}."
    return f"{head}\n\n{table(('vectors', 'missing', 'surplus', 'outdated', 'space'), rows, numbers=(0, 1, 2, 3))}"
