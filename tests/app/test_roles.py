"""Every role and every use case: what each lets in is said here, and read off the use cases themselves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import tierwise.app
from tierwise.app.principal import ALLOWED, OF_ONE_CUSTOMER, ROLES, Action, Principal
from tierwise.kernel.errors import TierwiseError

WITHIN = [
    "among_keys.keys_among",
    "among_keys.run_of_among",
    "answer_numbers.sources_asked",
    "answers.said_since",
    "asked_before.anybody_asked",
    "asked_before.asked_before",
    "asked_before.declined_by",
    "asked_before.house_of",
    "customer_copies.renew_copies_after_a_run",
    "customer_copies.renew_copies_aside",
    "decided.copy_answers",
    "decided.copy_decided",
    "defining.ensure_initialised",
    "defining.project_of",
    "history.opened_history",
    "identity.people",
    "identity.take_live_identities",
    "identity_reading.known_as",
    "importing.session_of",
    "keeping_up.keep_up_once",
    "keeping_up.keeping_up",
    "live_customers.catch_up",
    "live_customers.is_behind",
    "live_customers.of_run",
    "live_customers.prepare",
    "marking.mark_of",
    "memberships.live_difference",
    "memberships.live_of",
    "observing.require_ready",
    "own_customers.among_own",
    "own_customers.own_rule",
    "own_customers.require_own",
    "plans_kept.find",
    "plans_kept.keep",
    "profiling.next_of_many",
    "reading.opened_run",
    "reading.reading",
    "rule_world.ground_of",
    "scheduled_run.carry_out",
    "searching.find",
    "searching.ordered_by",
    "signing_in.acting",
    "sources.source_of",
    "task_customers.candidates",
    "task_facts.scope_of",
    "task_people.roster",
    "task_reading.business_day",
    "task_reading.business_zone",
    "task_reading.shown",
    "task_sheet.rows",
    "ticking.tick",
    "under_way.job_around",
]
"""Parts of use cases, which have asked already, and what the process does by itself; none has a door of its own."""


class Asked(Exception):  # noqa: N818
    """What a use case asks of who comes, before it does anything."""


class Watcher:
    """A principal that tells what is asked of it."""

    name = "person:watcher"
    role = "administrator"
    stores: tuple[str, ...] = ()
    staff_id = None
    sees_all = True

    def require(self, action: str) -> None:
        raise Asked(action, "all")

    def require_of_own(self, action: str | None) -> None:
        if action is not None:
            raise Asked(action, "own")

    def may(self, action: str) -> bool:
        return False


def use_cases() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions of app/ whose first argument is the context."""
    for module in pkgutil.walk_packages(tierwise.app.__path__, "tierwise.app."):
        if module.name == "tierwise.app.sheet_rows":
            continue  # rows by use cases, which ask; `exporting.export` asks before
        found = importlib.import_module(module.name)
        for name, case in vars(found).items():
            if inspect.isfunction(case) and case.__module__ == module.name and not name.startswith("_"):
                parameters = list(inspect.signature(case).parameters.values())
                if parameters and parameters[0].name == "ctx":
                    yield f"{module.name.removeprefix('tierwise.app.')}.{name}", case


def asked_of(case: Callable[..., Any]) -> tuple[str, str] | None:
    """What the use case asks first; None where it asks nothing of who comes."""
    ctx = SimpleNamespace(principal=Watcher(), answers=None)
    given = {
        each.name: None
        for each in list(inspect.signature(case).parameters.values())[1:]
        if each.default is inspect.Parameter.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }
    try:
        outcome = case(ctx, **given)
        if inspect.isgenerator(outcome) or hasattr(outcome, "__enter__"):
            with outcome:
                return None
    except Asked as asked:
        return asked.args[0], asked.args[1]
    except Exception:
        return None
    return None


FOUND = {name: asked_of(case) for name, case in use_cases()}


def test_doors_lead_to_use_cases_that_ask() -> None:
    """What the API and the console call directly."""
    silent = sorted(name for name, asked in FOUND.items() if asked is None)
    assert len(FOUND) - len(silent) > 70
    assert silent == WITHIN, "a new use case asks `ctx.principal.require(…)` first, or is named with its reason"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_let_into_what_it_includes(role: str) -> None:
    for name, asked in FOUND.items():
        if asked is None:
            continue
        action, whose = asked
        for principal in (Principal("p", role), Principal("p", role, ("S1",)), Principal("p", role, (), "E1")):
            allowed = action in ALLOWED[role]
            if not principal.sees_all:
                allowed = allowed and whose == "own" and action in OF_ONE_CUSTOMER
            require = principal.require_of_own if whose == "own" else principal.require
            assert _lets_in(require, action) is allowed, (name, role, principal)


def _lets_in(require: Callable[[Any], None], action: str) -> bool:
    try:
        require(action)
    except TierwiseError as refused:
        return {"not_allowed": False}[refused.code]
    return True


def test_who_sees_some_customers_only_is_let_into_these() -> None:
    """Each of them looks at single customers, and asks whose they are."""
    assert {name for name, asked in FOUND.items() if asked is not None and asked[1] == "own"} == {
        "answer_numbers.answer_numbers",
        "answering.answer",
        "answering.decline",
        "answering.take_back",
        "answers.customer_words",
        "among_keys.said_of",
        "customers.customer",
        "explaining.explain",
        "head_counts.head_counts",
        "history.customer_history",
        "memberships.of_customer",
        "profiling.next_question",
        "searching.search",
        "tags.add_tag",
        "tags.customer_tags",
        "tags.manual_tags_in_use",
        "tags.remove_tag",
        "task_giving.assign",
        "task_giving.assignees",
        "task_giving.hand_over",
        "task_making.make_task",
        "task_making.make_tasks",
        "task_making.preview_tasks",
        "task_making.task_groups",
        "task_numbers.advisors",
        "task_numbers.customers_of",
        "task_sheet.advisors_rows",
        "tasks.act",
        "tasks.drop",
        "tasks.list_tasks",
        "tasks.my_tasks",
        "tasks.one_task",
        "tasks.snooze",
        "tasks.task_history",
        "tasks.tasks_of_customer",
        "tasks.undo",
        "vocabulary.vocabulary",
    }


def test_actions_are_known() -> None:
    known = set(Action.__args__)  # type: ignore[attr-defined]
    assert {asked[0] for asked in FOUND.values() if asked is not None} <= known
