"""What can be typed: the commands, their arguments and their help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from core import Kind, __version__
from core.cli.exits import Exit
from core.cli.table import shown

_EXAMPLES = """\
examples:
  likewise index ~/Pictures                 look through a folder and understand what is in it
  likewise search a dog on a beach          find photos, sounds and videos by words
  likewise similar ~/Downloads/cat.jpg -k 5 find the five files most like this photo
  likewise similar talk.mp4 --at 1:05-1:20  find what is like that moment
  likewise search sunset --json | jq -r '.[].path'
  likewise failures --retry                 try again what could not be read
  likewise models download clip             get a model that understands more words
  likewise gui ~/Pictures                   open the window

exit codes: 0 done, 2 wrong use, 3 a system library is missing, 130 interrupted, 1 anything else
"""


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without repeating how everything is used."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.WRONG_USE, f"{self.prog}: {shown(message)}. See `{self.prog} --help`.\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; what it returns has `command` and `library`, each None if not given."""
    parser = _Parser(
        prog="likewise",
        description="Finds the photos, sounds and videos on this computer that are like this one, or like your words.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"likewise {__version__}")
    parser.add_argument("--library", type=Path, metavar="DIR", help="the library to use (default: your own)")

    parser.add_argument("--any-disk", action="store_true", help="let the library lie on a network drive, at some risk")

    library = _Parser(add_help=False)
    library.add_argument("--library", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="the library to use")
    library.add_argument("--any-disk", action="store_true", default=argparse.SUPPRESS, help="see `likewise --help`")
    output = _Parser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON, for programs to read")
    question = _Parser(add_help=False)
    question.add_argument("-k", type=_count, default=20, metavar="N", help="how many results at most (default: 20)")
    question.add_argument("--without", nargs="+", default=[], metavar="WORDS", help="what is not wanted, in words")
    question.add_argument(
        "--kind",
        choices=[kind.value for kind in Kind],
        action="append",
        default=[],
        help="only files of this kind; may be given more than once",
        metavar="|".join(Kind),
    )

    question.add_argument(
        "--shared", action="store_true", help="also what other libraries on the server have; see `likewise store share`"
    )

    stored = _Parser(add_help=False)
    _add_store_options(stored)
    command = _adder(parser.add_subparsers(dest="command", metavar="COMMAND", title="commands"), library)
    index = command("index", "look through folders and understand what is new in them", stored)
    index.add_argument("paths", nargs="+", type=_folder, metavar="PATH", help="a folder")
    index.add_argument(
        "--as-it-is", action="store_true", help="use a folder that is empty, or seems to be another one, as it is now"
    )
    index.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out what is so named, from now on, as in a .gitignore; as often as wanted",
    )
    search = command("search", "find files by words", output, question, stored)
    search.add_argument("words", nargs="*", metavar="WORDS", help="what to look for")
    similar = command("similar", "find files like others, which need not be in the library", output, question, stored)
    similar.add_argument("files", nargs="+", type=_file, metavar="FILE", help="a picture, a sound or a video")
    similar.add_argument("--at", type=_stretch, metavar="FROM-TO", help="only that stretch of the (first) file")
    similar.add_argument(
        "--less",
        type=_file,
        action="append",
        default=[],
        metavar="FILE",
        help="find less like this; as often as wanted",
    )
    command("status", "show the library in numbers", output)
    failures = command("failures", "list the files that could not be indexed, and why", output)
    failures.add_argument("--retry", action="store_true", help="try them again first")
    _add_models(command("models", "list the models that understand your files, and get more of them"), library, output)
    _add_store(command("store", "where the library is searched: check that, or move it"), library, output, stored)
    _add_backup(command("backup", "list and make backups of what only you can make, go back to one"), library, output)
    command("doctor", "check this installation, for when something does not work", output)
    window = command("gui", "open the window")
    window.add_argument("paths", nargs="*", type=_present, metavar="PATH", help="folders to add, files to search with")
    return parser


def _adder(commands: Any, library: _Parser) -> Callable[..., argparse.ArgumentParser]:
    """What adds a command to `commands`: its name, its help, and parsers whose options it has."""

    def add(name: str, help_: str, *parents: _Parser) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(
            name,
            help=help_,
            description=f"{help_[:1].upper()}{help_[1:]}.",
            parents=[library, *parents],
            allow_abbrev=False,
        )
        return parser

    return add


def _add_store_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", choices=("hnsw", "milvus"), help="where to search this time, whatever the settings")
    parser.add_argument("--milvus-uri", default="", metavar="URI", help="Milvus' file, or its server's address")
    parser.add_argument(
        "--milvus-token", metavar="TOKEN", help="kept in the system's keyring for that address; - reads it from stdin"
    )


def _add_store(store: argparse.ArgumentParser, library: _Parser, output: _Parser, stored: _Parser) -> None:
    action = _adder(store.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True), library)
    action("check", "check that all of the library is found where it is searched", output, stored)
    move = action("move", "search the library in this program, or in Milvus; an earlier move goes on", stored)
    share = action("share", "be found in other libraries on the server, by names of files, and find in them")
    share.add_argument("name", metavar="NAME", nargs="?", default="", help="what they see this one called")
    action("unshare", "take the names back from the server, and find in this library alone")
    move.add_argument("to", choices=("hnsw", "milvus"), help="hnsw: this program; milvus: needs --milvus-uri once")


def _add_backup(backup: argparse.ArgumentParser, library: _Parser, output: _Parser) -> None:
    action = _adder(backup.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True), library)
    action("list", "list the backups, newest first", output)
    action("create", "make a backup now; they are made by themselves, too")
    restore = action("restore", "go back to a backup; how it was before is kept as another one")
    restore.add_argument("number", type=_count, metavar="N", help="the number in the list")


def _add_models(models: argparse.ArgumentParser, library: _Parser, output: _Parser) -> None:
    actions = models.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    action = _adder(actions, library)
    action("list", "list every model: what it is for, how large it is, whether it is here and in use", output)
    download = action("download", "download a model, after asking; goes on where an earlier download ended")
    download.add_argument("--yes", action="store_true", help="do not ask")
    verify = action("verify", "read a model's files and compare them with what they should be")
    remove = action("remove", "delete what was downloaded of a model; what it understood of your files is kept")
    use = action("use", "use a model from now on, and wait until it has understood the library")
    folder = action("folder", "take a model from a folder that you copied by hand; nothing in it is changed")
    for needs_one in (download, remove, use, folder):
        needs_one.add_argument("model", metavar="ID", help="a model of the list, or the id of one on the hub")
    verify.add_argument("model", metavar="ID", nargs="?", default="", help="a model; all that are here if not given")
    folder.add_argument("path", type=_folder, metavar="PATH", help="the folder that holds the model's files")


def _stretch(text: str) -> tuple[int, int]:
    """`1:05-1:20` in ms."""
    times = [_ms(time) for time in text.replace("–", "-").split("-")]
    if len(times) != 2 or None in times:
        raise argparse.ArgumentTypeError(f"{text!r} is not a stretch of time such as 1:05-1:20")
    start, end = times
    if start is None or end is None or start >= end:
        raise argparse.ArgumentTypeError(f"{text!r} ends before it begins")
    return start, end


def _ms(text: str) -> int | None:
    """`90`, `1:30` or `0:01:30.5` in ms; None for what is no time."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text.strip(), re.ASCII):
        return None
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return round(1000 * seconds)


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return count


def _folder(text: str) -> Path:
    path = _present(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return path


def _file(text: str) -> Path:
    path = _present(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, not a file")
    return path


def _present(text: str) -> Path:
    path = Path(text).expanduser()
    try:
        path.stat()
    except FileNotFoundError:
        raise argparse.ArgumentTypeError(f"{text!r} does not exist") from None
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read ({error.strerror})") from None
    return path.resolve()
