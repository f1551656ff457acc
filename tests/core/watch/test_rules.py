"""What is left out of a folder, by what rule, and that a scan and a question about a path agree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.records import Kind, Rule
from core.watch.rules import Rules, not_patterns
from core.watch.scan import scan
from tests.core.watch.conftest import kind_of

TREE = (
    "a.jpg",
    "sub/a.jpg",
    "sub/keep.jpg",
    "Drafts/d.jpg",
    "x/Drafts/d.jpg",
    "2019/raw/r.jpg",
    "x/2019/raw/r.jpg",
    ".hidden.jpg",
    ".git/g.jpg",
    "@eaDir/e.jpg",
    "node_modules/p/n.jpg",
    "Catalog Previews.lrdata/l.jpg",
    "Mine.photoslibrary/originals/o.jpg",
    "Mine.photoslibrary/resources/derivatives/s.jpg",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def listed(tree: Path, rules: Rules) -> set[str]:
    return {
        os.fsdecode(os.path.relpath(file.path, os.fsencode(tree))) for file in scan(tree, kind_of, rules=rules).files
    }


USUAL = {
    "a.jpg",
    "sub/a.jpg",
    "sub/keep.jpg",
    "Drafts/d.jpg",
    "x/Drafts/d.jpg",
    "2019/raw/r.jpg",
    "x/2019/raw/r.jpg",
    "Mine.photoslibrary/originals/o.jpg",
}


@pytest.mark.parametrize(
    ("patterns", "left_out"),
    [
        ("", set()),
        ("# a remark\n\n", set()),
        ("Drafts/", {"Drafts/d.jpg", "x/Drafts/d.jpg"}),
        ("/Drafts/", {"Drafts/d.jpg"}),
        ("/2019/raw/", {"2019/raw/r.jpg"}),
        ("**/raw/**", {"2019/raw/r.jpg", "x/2019/raw/r.jpg"}),
        ("sub/*\n!keep.jpg", {"sub/a.jpg"}),
        ("a.jpg\n!\nDrafts", {"a.jpg", "sub/a.jpg", "Drafts/d.jpg", "x/Drafts/d.jpg"}),
        ("*", USUAL),
    ],
)
def test_patterns_leave_out_what_git_would_ignore(tree: Path, patterns: str, left_out: set[str]) -> None:
    rules = Rules(patterns)
    assert listed(tree, rules) == USUAL - left_out
    root = os.fsencode(tree)
    for name in TREE:  # asked of a path alone the answer is the scan's
        told = rules.path(root, os.fsencode(tree / name), is_directory=False) is not None
        assert told == (name not in USUAL - left_out), name


def test_each_rule_is_counted_with_examples(tree: Path) -> None:
    (tree / "large.jpg").write_bytes(bytes(2000))
    listing = scan(tree, kind_of, rules=Rules("Drafts/\na.jpg", 1000, 10**9))
    counted = {
        (of.rule, of.pattern): (of.files, of.folders, {Path(path).name for path in of.examples})
        for of in listing.skipped
    }
    assert counted == {
        (Rule.HIDDEN, ""): (1, 1, {".hidden.jpg", ".git"}),
        (Rule.SYSTEM, ""): (0, 4, {"@eaDir", "node_modules", "Catalog Previews.lrdata", "resources"}),
        (Rule.PATTERN, "Drafts/"): (0, 2, {"Drafts"}),
        (Rule.PATTERN, "a.jpg"): (2, 0, {"a.jpg"}),
        (Rule.TOO_LARGE, ""): (1, 0, {"large.jpg"}),
    }


def test_limits_are_each_kinds_own() -> None:
    rules = Rules("", 100, 1000)
    assert rules.size(Kind.IMAGE, 101)
    assert not rules.size(Kind.IMAGE, 100)
    assert not rules.size(Kind.VIDEO, 101)
    assert rules.size(Kind.AUDIO, 1001)


def test_names_that_are_no_text_are_matched(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.jpg")).touch()
    assert listed(tmp_path, Rules("*.png")) == {os.fsdecode(b"\xff.jpg")}
    assert listed(tmp_path, Rules("*.jpg")) == set()


def test_lines_that_are_no_patterns_are_named() -> None:
    assert not_patterns("*.gif\n!\n\n# remark\n\\") == ["!", "\\"]
