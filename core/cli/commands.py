"""The commands: what each asks of the engine, and how it prints the answer."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from core.cli.backups import backup
from core.cli.doctor import doctor
from core.cli.documents import failure_document, other_document, print_json, result_document, status_document
from core.cli.exits import Exit
from core.cli.left_out import leave_out, skipped_lines
from core.cli.models import models
from core.cli.opening import opened
from core.cli.progress_bar import follow
from core.cli.stores import chosen_settings, store
from core.cli.table import count, models_table, say, shown, size, table
from core.engine import Engine
from core.errors import CoreError
from core.records import (
    Example,
    Failure,
    Filters,
    FolderId,
    FolderState,
    Kind,
    LibraryStatus,
    Other,
    Outcome,
    Question,
    Result,
    Rule,
    Standing,
)
from core.search.listing import clock

_AS_IT_IS = "If it is to be used as it is now, add --as-it-is."
_REMARKS = {
    Outcome.EMPTY_LIBRARY: "The library is empty: add a folder with `likewise index PATH`.",
    Outcome.FILTERED_OUT: "The library holds no file of that kind.",
    Outcome.NO_GOOD_MATCH: "Nothing matches well; these come nearest.",
}


def index(arguments: Namespace) -> Exit:
    """Adds each folder, or looks through it again, and waits until everything is indexed."""
    with opened(arguments.library, chosen_settings(arguments)) as engine:
        leave_out(engine, arguments.exclude)
        engine.start(watch=False)
        added = {_add(engine, path) for path in arguments.paths}
        if arguments.as_it_is:
            for folder_id in added:
                engine.accept_folder(folder_id).result()
        follow(engine, engine.wait_idle())
        folders = [folder for folder in engine.folders().result() if folder.folder_id in added]
        missing = engine.standings().result()[Standing.MISSING]
    failed = sum(folder.failed for folder in folders)
    indexed = sum(folder.files - folder.waiting - folder.failed for folder in folders)
    hint = f", {failed:,} failed (see `{_command('failures', arguments)}`)" if failed else ""
    print(f"Indexed {count(indexed, 'file')}{hint}")
    for folder in folders:
        if folder.state is FolderState.OFFLINE:
            say(f"{shown(folder.path)} is empty or not connected; what is known of it was kept. {_AS_IT_IS}")
        elif folder.state is FolderState.CHANGED:
            say(f"Something else is where {shown(folder.path)} was; what is known of it was kept. {_AS_IT_IS}")
        for skipped in folder.skipped:
            if skipped.rule is Rule.BEING_WRITTEN:
                say(f"Still being written, so not read: {', '.join(map(shown, skipped.examples))}")
            elif skipped.rule is Rule.UNREADABLE:
                say(f"Cannot be looked at now; what is known of it was kept: {', '.join(map(shown, skipped.examples))}")
    if missing:
        are, they, them = ("is", "it is", "it") if missing == 1 else ("are", "they are", "them")
        say(
            f"{count(missing, 'file')} {are} missing; {they} taken out when a look a minute later finds {them} missing,"
            " too: run this once more then."
        )
    return Exit.DONE


def search(arguments: Namespace) -> Exit:
    """Answers words."""
    words = " ".join(arguments.words).strip()
    if not words and not arguments.without:
        if arguments.json:
            print_json([])
        say("Say what to look for, as in: likewise search a dog on a beach")
        return Exit.WRONG_USE
    return _answer(arguments, text=words)


def similar(arguments: Namespace) -> Exit:
    """Answers examples."""
    start_ms, end_ms = arguments.at or (None, None)
    first, *others = arguments.files
    wanted = [Example(path=first, start_ms=start_ms, end_ms=end_ms), *(Example(path=path) for path in others)]
    unwanted = [Example(path=path, less=True) for path in arguments.less]
    return _answer(arguments, examples=(*wanted, *unwanted))


def status(arguments: Namespace) -> Exit:
    """Shows the library in numbers."""
    with opened(arguments.library, reading=True) as engine:
        now = engine.status().result()
    size_bytes = sum(path.lstat().st_size for path in now.library.rglob("*") if path.is_file())
    if arguments.json:
        print_json(status_document(now, size_bytes))
    else:
        print(_status_text(now, size_bytes))
    return Exit.DONE


def failures(arguments: Namespace) -> Exit:
    """Lists the files that failed; with `--retry`, those that fail again."""
    with opened(arguments.library, reading=not arguments.retry) as engine:
        if arguments.retry:
            engine.start(watch=False)
            tried = engine.retry().result()
            follow(engine, engine.wait_idle())
            say(f"Tried {count(tried, 'file')} again.")
        failed = engine.failures().result()
    if arguments.json:
        print_json([failure_document(failure) for failure in failed])
    elif failed:
        print("\n".join(map(_failure_text, failed)))
    if not failed:
        say("Every file could be indexed.")
    return Exit.DONE


COMMANDS: dict[str, Callable[[Namespace], Exit]] = {
    "index": index,
    "search": search,
    "similar": similar,
    "status": status,
    "failures": failures,
    "models": models,
    "doctor": doctor,
    "store": store,
    "backup": backup,
}


def _add(engine: Engine, path: Path) -> FolderId:
    """The folder that covers `path`: itself, or a watched one above it, which is being looked through anyway."""
    for folder in engine.folders().result():
        if folder.path in path.parents:
            return folder.folder_id
    return engine.add_folder(path).result().folder_id


def _answer(arguments: Namespace, *, text: str = "", examples: tuple[Example, ...] = ()) -> Exit:
    filters = Filters(kinds=frozenset(map(Kind, arguments.kind)))
    question = Question(text, examples, filters, limit=arguments.k, without=" ".join(arguments.without))
    question, settings = replace(question, shared=arguments.shared), chosen_settings(arguments)
    if arguments.shared and not settings.seen_as:
        raise CoreError("This library is not shared.", "`likewise store share` does that, on a server.")
    with opened(arguments.library, settings, reading=True) as engine:
        if arguments.shared:
            engine.stores.connect().result()
        answer = engine.search(question).result()
    if arguments.json:
        print_json([*map(result_document, answer.results), *map(other_document, answer.others)])
    elif answer.results:
        print(_results_text(answer.results))
    if answer.others and not arguments.json:
        print(f"\nIn other libraries:\n{_others_text(answer.others)}")
    if answer.others_note:
        say(answer.others_note)
    if remark := _REMARKS.get(answer.outcome):
        say(remark)
    return Exit.DONE


def _results_text(results: Sequence[Result]) -> str:
    rows = [
        (str(rank), str(result.strength or ""), f"{result.score:.2f}", shown(result.path) + _moment(result))
        for rank, result in enumerate(results, start=1)
    ]
    return table(("#", "match", "score", "file"), rows, numbers=(0, 2))


def _others_text(others: Sequence[Other]) -> str:
    rows = [
        (str(rank), str(other.strength), f"{other.score:.2f}", shown(other.library), shown(other.name))
        for rank, other in enumerate(others, start=1)
    ]
    return table(("#", "match", "score", "library", "file"), rows, numbers=(0, 2))


def _moment(result: Result) -> str:
    if result.start_ms is None or result.end_ms is None:
        return ""
    line = f" “{shown(result.line)}”" if result.line else ""
    return f" at {clock(result.start_ms)}–{clock(result.end_ms)}{line}"


def _status_text(now: LibraryStatus, size_bytes: int) -> str:
    folders = [
        (f"{folder.files:,}", f"{folder.waiting:,}", f"{folder.failed:,}", str(folder.state), shown(folder.path))
        for folder in now.folders
    ]
    return "\n".join(
        [
            f"Library: {shown(now.library)} ({size(size_bytes)})",
            f"{count(now.files, 'file')} ({now.items:,} different), {now.waiting:,} waiting, {now.failed:,} failed",
            ", ".join(f"{files:,} {standing.words}" for standing, files in now.standings.items() if files),
            "",
            table(("files", "waiting", "failed", "state", "folder"), folders, numbers=(0, 1, 2)),
            *skipped_lines(now.folders),
            "",
            models_table(now.models),
        ]
    )


def _failure_text(failure: Failure) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(failure.at))
    return f"{shown(failure.path)}\n    {shown(failure.sentence)} ({failure.stage}: {failure.reason}, {when})"


def _command(name: str, arguments: Namespace) -> str:
    return f"likewise {name}" if arguments.library is None else f"likewise {name} --library {shown(arguments.library)}"
