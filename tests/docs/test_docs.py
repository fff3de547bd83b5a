"""What the docs tell people to type is typed here, in order, in a folder with a made-up retailer's files."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tierwise.cli.main import app
from tierwise.cli.tree import command_of
from tierwise.definitions.read import parse_rule, read_definitions, read_mapping
from tierwise.definitions.rule import Deed, leaves_of
from tierwise.metrics.fact_columns import fact_schemas
from tierwise.metrics.rule_set_problems import rule_set_problems
from tierwise.state.embedded import EmbeddedServer
from tierwise.testing import make_retail

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A fence whose first line names a file: the reader has that file beside."""

CUSTOMER = "C000042"
"""The customer whom pages name, in place of one of the reader's own."""

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

SERVES = {"serve"}
"""Commands that only end when they are stopped; tests/api starts and stops them."""


def typed(words: list[str]) -> object:
    """What the command gives that these words are; an error stays one."""
    return command_of(app, words)(words, standalone_mode=False)


def fences(page: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(page.read_text("utf-8")) if kind == language]


def commands(page: Path) -> list[list[str]]:
    """The `tierwise …` lines of a page's shell fences, in order."""
    lines = [line for text in fences(page, "sh") for line in text.splitlines()]
    return [words[1:] for line in lines if (words := shlex.split(line, comments=True)) and words[0] == "tierwise"]


@pytest.fixture(scope="module")
def general_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the general template, its server stopped, to be copied."""
    home = tmp_path_factory.mktemp("general") / ".tierwise"
    with pytest.MonkeyPatch.context() as m:
        m.setenv("TIERWISE_HOME", str(home))
        m.delenv("TIERWISE_DATABASE_URL", raising=False)
        assert typed(["init", "--template", "general"]) is None
    EmbeddedServer(home).stop()
    return home


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as a reader has it: files beside, and no home yet."""
    made = make_retail(customers=150, seed=5)
    orders = made.write(tmp_path, headers="zh")["orders"]
    last = orders.read_text("utf-8").splitlines()[-1].split(",")
    with orders.open("a", encoding="utf-8") as file:  # one row that cannot be accepted, as every real file has
        file.write(",".join(["X1", last[1], "yesterday", *last[3:]]) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIERWISE_HOME", raising=False)
    monkeypatch.delenv("TIERWISE_DATABASE_URL", raising=False)
    yield tmp_path
    EmbeddedServer(tmp_path / ".tierwise").stop()


def own_customer(shop: Path) -> str:
    return (shop / "customers.csv").read_text("utf-8").splitlines()[1].split(",")[0]


def junk_account(shop: Path) -> str:
    rows = (shop / "customers.csv").read_text("utf-8").splitlines()
    return next(row.split(",")[0] for row in rows if "giveaway" in row)


def with_own_customer(words: list[str], shop: Path) -> list[str]:
    """The customer that a page names stands for one of the reader's own; of junk, for an account that is."""
    if words[0] == "junk":
        return [junk_account(shop) if word == CUSTOMER else word for word in words]
    if words[0] == "customer":
        return ["customer", own_customer(shop), *words[2:]]
    return [own_customer(shop) if word == CUSTOMER else word for word in words]


def write_named(page: Path, shop: Path) -> None:
    """The files that a page shows."""
    for name, text in NAMED.findall(page.read_text("utf-8")):
        (shop / name).write_text(text.replace(CUSTOMER, own_customer(shop)), "utf-8")


TYPED = [page for page in PAGES if commands(page) and page.suffixes[0] != ".zh"]


def test_both_readmes_tell_people_to_type_the_same() -> None:
    assert commands(ROOT / "README.zh.md") == commands(ROOT / "README.md") != []


@pytest.mark.parametrize("page", TYPED, ids=lambda p: p.stem)
def test_commands_run_as_written(
    page: Path, shop: Path, general_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = commands(page)
    write_named(page, shop)
    if written[0][0] != "init":
        shutil.copytree(general_home, shop / ".tierwise")
    for words in written:
        if words[0] in SERVES:
            assert typed([*words, "--help"]) == 0
        else:
            assert typed(with_own_customer(words, shop)) is None, words
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", [p for p in PAGES if fences(p, "python")], ids=lambda p: p.stem)
def test_python_runs_as_written(page: Path, shop: Path) -> None:
    names: dict[str, object] = {}
    for text in fences(page, "python"):
        exec(compile(text, f"{page.name}", "exec"), names)
    assert names


@pytest.mark.parametrize("page", [p for p in PAGES if fences(p, "yaml")], ids=lambda p: p.stem)
def test_yaml_is_valid(page: Path, tmp_path: Path) -> None:
    for i, text in enumerate(fences(page, "yaml")):
        path = tmp_path / f"{i}.yaml"
        path.write_text(text, "utf-8")
        if text.lstrip().startswith("kind:"):
            assert read_definitions([path])
        else:
            assert read_mapping(path).table


def test_every_form_of_a_rule_that_is_shown_is_one() -> None:
    page = ROOT / "docs" / "rules.md"
    shown = [parse_rule(json.loads(text)) for text in fences(page, "json")]
    forms = {type(leaf) for rule in shown for _, leaf in leaves_of(rule)}
    assert forms == set(get_args(Deed))
    for rule in shown:
        assert not rule_set_problems(rule, {}, fact_schemas(), ())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not dead


def test_where_is_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "where-is.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", text))
    assert named
    missing = [name for name in sorted(named) if not (ROOT / "tierwise" / name).exists()]
    assert not missing
