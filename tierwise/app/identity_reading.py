"""Who is who, explained: one person's identities and why they are one, whom to look at, and what joins nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tierwise.app.context import Context
from tierwise.app.identity import People, ids_of, key_of, people
from tierwise.app.identity_views import (
    Candidates,
    IdentityExplanation,
    IdentityRow,
    ReviewView,
    SharedRow,
    StepRow,
)
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.engine import who_is_who
from tierwise.facts.identity import Decision
from tierwise.facts.identity_story import Step, story
from tierwise.kernel.errors import TierwiseError
from tierwise.state import runs

_WINDOW = 2_000
"""So many links that were not followed are looked at, the first of them, for a page of the review list."""


def explain(ctx: Context, identity: str) -> IdentityExplanation:
    """Everything by which one person is known and why it is one person's, or not.

    identity: a customer's number, or `SCOPE:ID`. Raises `unknown_identity`.
    """
    ctx.principal.require("view_customer")
    with people(ctx) as opened:
        key = key_of(opened.writer, opened.identities, identity)
        told = _tell(opened, [key])
        group = told.group(key)
        mine = {each for each in told.scope if told.group(each) == group}
        beside = mine | {
            each for step in told.steps if {step.left, step.right} & mine for each in (step.left, step.right)
        }
        steps = [step for step in told.steps if step.left in mine or step.right in mine]
        inside = [step for step in steps if step.left in mine and step.right in mine]
        ids = ids_of(opened.writer, sorted(beside))
        links = _sources(opened, steps)

        def rows(chosen: Iterable[Step]) -> tuple[StepRow, ...]:
            return tuple(_row(step, ids, links, opened) for step in chosen)

        stands = told.stands_for(group)
        return IdentityExplanation(
            customer_id=None if stands is None else ids[stands][1],
            identities=tuple(_identity(opened, told, each, ids) for each in sorted(mine)),
            merges=rows(step for step in inside if step.verdict == "joined"),
            others=rows(step for step in inside if step.verdict == "together"),
            refused=rows(step for step in steps if step.verdict in ("refused", "kept_apart", "barred")),
            waiting=_waits(ctx, opened),
        )


def known_as(ctx: Context, identity: str) -> str | None:
    """By what id the profile has the person of an identity; None of one that nobody knows or that no fact can name.

    Asks for no permission: whoever tells it to somebody sees to that.
    """
    with people(ctx) as opened:
        try:
            key = key_of(opened.writer, opened.identities, identity)
        except TierwiseError:
            return None
        told = _tell(opened, [key])
        stands = told.stands_for(told.group(key))
        return None if stands is None else ids_of(opened.writer, [stands])[stands][1]


def review(ctx: Context, *, limit: int = 50) -> ReviewView:
    """Pairs of known people whom a link would join, until somebody decides that they are the same, or not.

    Those with the best link first: two customers of one phone before two who have used one browser.
    """
    ctx.principal.require("view_customer")
    with people(ctx) as opened:
        opened.writer.current("identity_conflicts")
        conflicts = opened.writer.con.execute(
            "SELECT c.left_key, c.right_key FROM now_identity_conflicts c "
            "JOIN who_scoped a ON a.source_key = c.left_key JOIN who_scoped b ON b.source_key = c.right_key "
            f"ORDER BY greatest(a.rank, b.rank), c.left_key, c.right_key LIMIT {_WINDOW + 1}"
        ).fetchall()
        more, conflicts = len(conflicts) > _WINDOW, conflicts[:_WINDOW]
        if not conflicts:
            return ReviewView((), False)
        told = _tell(opened, [key for pair in conflicts for key in pair])
        found: dict[tuple[int, int], list[Step]] = {}
        for step in told.steps:
            if step.verdict == "refused":
                pair = tuple(sorted((told.group(step.left), told.group(step.right))))
                found.setdefault((pair[0], pair[1]), []).append(step)
        pairs = []
        for groups, refused in sorted(found.items(), key=lambda each: (min(s.rank or 0 for s in each[1]), each[0]))[
            :limit
        ]:
            ends = {each for step in refused for each in (step.left, step.right)}
            beside = [
                step
                for step in told.steps
                if step.verdict in ("joined", "together")
                and {step.left, step.right} & ends
                and told.group(step.left) in groups
                and step.by == "link"
            ]
            steps = [*refused, *beside]
            people_ = [told.stands_for(group) or group for group in groups]
            ids = ids_of(opened.writer, [*people_, *(key for step in steps for key in (step.left, step.right))])
            links = _sources(opened, steps)
            evidence = tuple(_row(step, ids, links, opened) for step in steps)
            pairs.append(Candidates(ids[people_[0]][1], ids[people_[1]][1], evidence))
        return ReviewView(tuple(pairs), more or len(found) > limit)


def shared(ctx: Context, *, limit: int = 100) -> tuple[SharedRow, ...]:
    """Identities that join nobody, since too many have them; those with the most first."""
    ctx.principal.require("view_customer")
    with people(ctx) as opened:
        rows = opened.writer.con.execute(
            """
            SELECT i.id, i.scope, o.scope, c.n, s.most FROM (
                SELECT l.own, a.most, b.place, count(*) AS n FROM who_linked l
                JOIN who_scoped a ON a.source_key = l.own JOIN who_scoped b ON b.source_key = l.other
                WHERE b.rank <= a.rank GROUP BY ALL HAVING count(*) > a.most
            ) c JOIN who_identities i ON i.source_key = c.own JOIN who_scopes s ON s.scope = i.scope
            JOIN who_scopes o ON o.place = c.place ORDER BY c.n DESC, i.id, o.scope LIMIT $limit
            """,
            {"limit": limit},
        ).fetchall()
        return tuple(SharedRow(*row) for row in rows)


@dataclass(frozen=True)
class _Told:
    """The story of what some keys reach. scope: key -> the place of its scope; root: key -> whose group it is in."""

    scope: dict[int, int]
    shared: frozenset[int]
    steps: Sequence[Step]
    root: dict[int, int]
    scopes: Sequence[who_is_who.KnownScope]

    def group(self, key: int) -> int:
        while (above := self.root.get(key, key)) != key:
            key = above
        return key

    def stands_for(self, group: int) -> int | None:
        """As `who_is_who.settle` has it."""
        members = sorted(each for each in self.scope if self.group(each) == group)
        named = [each for each in members if self.scopes[self.scope[each]].scope.names_people]
        with_facts = [each for each in members if self.scopes[self.scope[each]].has_facts]
        return next(iter(named or with_facts), None)


def _tell(opened: People, keys: Collection[int]) -> _Told:
    con = opened.writer.con
    decisions = [Decision(each.left_key, each.right_key, each.same) for each in reversed(opened.decided)]
    who_is_who.reach(con, decisions, sorted(set(keys)))
    con.execute(
        "CREATE OR REPLACE TABLE told_links AS SELECT left_key, right_key FROM who_links "
        "WHERE left_key IN (SELECT key FROM reached) OR right_key IN (SELECT key FROM reached)"
    )
    con.execute(
        "CREATE OR REPLACE TABLE told_of AS SELECT key FROM reached UNION SELECT left_key FROM told_links "
        "UNION SELECT right_key FROM told_links"
    )
    who_is_who.look(con, "told_of")
    pairs = con.execute("SELECT left_key, right_key FROM told_links").fetchall()
    scope = dict(
        con.execute("SELECT source_key, place FROM who_scoped SEMI JOIN told_of ON key = source_key").fetchall()
    )
    barred = frozenset(key for (key,) in con.execute("SELECT key FROM judged WHERE shared").fetchall())
    links = [(left, right) for left, right in pairs if left in scope and right in scope]
    steps = story(scope, [each.scope for each in opened.scopes], links, decisions, barred)
    root: dict[int, int] = {}
    found = _Told(scope, barred, steps, root, opened.scopes)
    for step in steps:
        if step.verdict == "joined":
            left, right = sorted((found.group(step.left), found.group(step.right)))
            if left != right:
                root[right] = left
    return found


def _sources(opened: People, steps: Iterable[Step]) -> dict[tuple[int, int], tuple[str, int]]:
    """Of links: who told each first, and when."""
    keys = sorted({step.left for step in steps if step.by == "link"})
    rows = opened.writer.con.execute(
        "SELECT left_key, right_key, source, epoch_us(seen_at) FROM who_links "
        "WHERE left_key IN (SELECT unnest($keys::BIGINT[]))",
        {"keys": keys},
    ).fetchall()
    return {(left, right): (source, at) for left, right, source, at in rows}


def _row(
    step: Step, ids: dict[int, tuple[str, str]], links: dict[tuple[int, int], tuple[str, int]], opened: People
) -> StepRow:
    left, right = ids.get(step.left, ("", ""))[1], ids.get(step.right, ("", ""))[1]
    if step.by == "link":
        source, at = links[step.left, step.right]
        return StepRow(left, right, "link", step.verdict, source, _instant(at), step.rank)
    decided = next(each for each in opened.decided if (each.left_key, each.right_key) == (step.left, step.right))
    return StepRow(
        left,
        right,
        "decision",
        step.verdict,
        decision=decided.id,
        author=decided.author,
        reason=decided.reason,
        at=decided.at,
    )


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def _identity(opened: People, told: _Told, key: int, ids: dict[int, tuple[str, str]]) -> IdentityRow:
    name, identity = ids[key]
    scope = opened.identities.scope(name)
    title = Label(name, name) if scope is None else label_of(scope.title, name)
    return IdentityRow(identity, name, title, scope is not None and scope.names_people, key in told.shared)


def _waits(ctx: Context, opened: People) -> bool:
    with ctx.database.connect() as connection:
        current = runs.current(connection)
    return current is not None and current.inputs.get("customer_map") != opened.writer.before.get("customer_map")
