"""`likewise backup`: which backups there are, one more now, and going back to one."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from core.cli.documents import backup_document, print_json
from core.cli.exits import Exit
from core.cli.opening import opened
from core.cli.table import count, say, shown, table
from core.paths import LibraryPaths
from core.records import Backup
from core.store.backups import Backups


def backup(arguments: Namespace) -> Exit:
    """Runs one of the actions."""
    if arguments.action == "list":
        return _list(arguments)
    with opened(arguments.library) as engine:
        if arguments.action == "create":
            print(f"Made backup {_described(engine.backups.create().result())}.")
        else:
            before = engine.backups.restore(arguments.number).result()
            folders = engine.folders().result()
            print(f"Went back to backup {arguments.number}: {count(len(folders), 'folder')} watched.")
            say(f"How it was before is backup {before.number}. `likewise index` reads what is new in the folders.")
    return Exit.DONE


def _list(arguments: Namespace) -> Exit:
    library = LibraryPaths.at(arguments.library)
    backups = Backups(library).all()
    if arguments.json:
        print_json([backup_document(each) for each in backups])
    elif backups:
        rows = [(str(each.number), _when(each), ", ".join(map(shown, each.folders))) for each in backups]
        print(table(("#", "made", "folders"), rows, numbers=(0,)))
    else:
        say("There is no backup yet: the first is made soon after you add a folder.")
    return Exit.DONE


def _described(made: Backup) -> str:
    return f"{made.number} with {count(len(made.folders), 'folder')} and your settings"


def _when(made: Backup) -> str:
    return datetime.fromtimestamp(made.made_at).astimezone().strftime("%Y-%m-%d %H:%M")
