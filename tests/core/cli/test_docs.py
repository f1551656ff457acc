"""docs/CLI.md says what the program does."""

import argparse
import re
from collections.abc import Iterator

import pytest

from core.cli.arguments import make_parser
from core.cli.documents import moment_document
from core.cli.exits import Exit
from core.records import Moment, Strength
from tests.conftest import REPOSITORY
from tests.core.cli.program import Library

TEXT = (REPOSITORY / "docs" / "CLI.md").read_text("utf-8")


def fields(section: str) -> list[str]:
    """The fields that the table under a heading lists."""
    body = TEXT.split(f"\n### {section}\n")[1].split("\n| field | ")[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)


def nested(section: str, field: str) -> list[str]:
    """The fields that each member of a list is said to have: those in backticks outside of brackets."""
    (row,) = re.findall(
        rf"^\| `{field}` \| list \| .*each with (.*) \|$", TEXT.split(f"\n### {section}\n")[1], re.MULTILINE
    )
    return re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", row))


@pytest.mark.parametrize(
    ("section", "command"),
    [
        ("search, similar", ["search", "a cat", "--json"]),
        ("failures", ["failures", "--json"]),
        ("status", ["status", "--json"]),
        ("models list", ["models", "list", "--json"]),
        ("doctor", ["doctor", "--json"]),
    ],
)
def test_json_has_the_fields_that_are_described(library: Library, section: str, command: list[str]) -> None:
    printed = library.ask(*command).json
    documents = printed if isinstance(printed, list) else [printed]
    assert documents
    for document in documents:
        assert sorted(document) == sorted(fields(section))


def test_similar_prints_what_search_prints(library: Library) -> None:
    for result in library.ask("similar", library.photos / "chelsea.png", "--json").json:
        assert sorted(result) == sorted(fields("search, similar"))


def test_moments_are_as_described() -> None:
    moment = Moment(1000, 2000, 0.9, Strength.LIKELY, "heard at 0:01", "a line")
    assert sorted(moment_document(moment)) == sorted(nested("search, similar", "moments"))


def test_status_members_are_as_described(library: Library) -> None:
    status = library.ask("status", "--json").json
    for field in ("folders", "models"):
        assert sorted(status[field][0]) == sorted(nested("status", field))


def parsers(of: argparse.ArgumentParser, above: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command, and every action of a command, with its name."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, parser in action.choices.items():
                below = list(parsers(parser, f"{above}{name} "))
                yield from below or [(f"{above}{name}", parser)]


def test_every_command_and_option_is_described() -> None:
    for name, parser in parsers(make_parser()):
        assert f"\nlikewise {name}" in TEXT
        for action in parser._actions:
            for option in action.option_strings:
                assert option == "-h" or f"| `{option}" in TEXT, f"{name} {option}"


def test_every_exit_code_is_described() -> None:
    assert sorted(re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)) == sorted(str(int(code)) for code in Exit)
