"""What can be typed: the commands, their arguments and their help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from core import Kind, __version__
from core.cli.exits import Exit

_EXAMPLES = """\
examples:
  likewise index ~/Pictures                 look through a folder and understand its photos
  likewise search a dog on a beach          find photos by words
  likewise similar ~/Downloads/cat.jpg -k 5 find the five photos most like this one
  likewise search sunset --json | jq -r '.[].path'
  likewise failures --retry                 try again what could not be read
  likewise gui ~/Pictures                   open the window

exit codes: 0 done, 2 wrong use, 3 a system library is missing, 130 interrupted, 1 anything else
"""


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without repeating how everything is used."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.WRONG_USE, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; what it returns has `command` and `library`, each None if not given."""
    parser = _Parser(
        prog="likewise",
        description="Finds the photos on this computer that are like this one, or like your words.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"likewise {__version__}")
    parser.add_argument("--library", type=Path, metavar="DIR", help="the library to use (default: your own)")

    library = _Parser(add_help=False)
    library.add_argument("--library", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="the library to use")
    output = _Parser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON, for programs to read")
    question = _Parser(add_help=False)
    question.add_argument("-k", type=_count, default=20, metavar="N", help="how many results at most (default: 20)")
    question.add_argument(
        "--kind",
        choices=[kind.value for kind in Kind],
        action="append",
        default=[],
        help="only files of this kind; may be given more than once",
        metavar="|".join(Kind),
    )

    stored = _Parser(add_help=False)
    _add_store_options(stored)

    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, help_: str, *parents: _Parser) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=help_, description=help_.capitalize() + ".", parents=[library, *parents], allow_abbrev=False
        )

    index = command("index", "look through folders and understand what is new in them", stored)
    index.add_argument("paths", nargs="+", type=_folder, metavar="PATH", help="a folder")
    search = command("search", "find files by words", output, question, stored)
    search.add_argument("words", nargs="*", metavar="WORDS", help="what to look for")
    similar = command(
        "similar", "find files like a picture, which need not be in the library", output, question, stored
    )
    similar.add_argument("file", type=_file, metavar="FILE", help="a picture")
    command("status", "show the library in numbers", output)
    failures = command("failures", "list the files that could not be indexed, and why", output)
    failures.add_argument("--retry", action="store_true", help="try them again first")
    store = command("store", "compare the vector store with the library, or move to another one")
    actions = store.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("check", parents=[library, output, stored], help="compare it with the library")
    move = actions.add_parser("move", parents=[library, stored], help="move to another one; goes on if broken off")
    move.add_argument("to", choices=("hnsw", "milvus"), help="hnsw: in this program; milvus: needs --milvus-uri")
    command("doctor", "check this installation, for when something does not work", output)
    window = command("gui", "open the window")
    window.add_argument("paths", nargs="*", type=_present, metavar="PATH", help="folders to add, files to search with")
    return parser


def _add_store_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", choices=("hnsw", "milvus"), help="where to search this time, whatever the settings")
    parser.add_argument("--milvus-uri", default="", metavar="URI", help="Milvus' file, or its server's address")
    parser.add_argument(
        "--milvus-token", metavar="TOKEN", help="kept in the system's keyring for that address; - reads it from stdin"
    )


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of results (1 or more)")
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
