"""`tierwise profiling`: what is known, what a missing answer is worth, and what to ask a customer next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwise.app.profiling_views import CustomerProfiling, ProfilingView, RewardView


def profiling(customer_id: str | None, name: str | None, run_id: int | None, as_json: bool) -> None:
    from tierwise.app import profiling as cases
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        if customer_id is not None:
            one = cases.next_question(ctx, customer_id, name, run_id=run_id)
        else:
            view = cases.profiling(ctx, name, run_id=run_id)
    if customer_id is not None:
        tell(one, as_json, lambda: print_customer(one))
    else:
        tell(view, as_json, lambda: print_profiling(view))


def print_profiling(view: ProfilingView) -> None:
    """One row per question, the most worth first."""
    from tierwise.cli.look import both
    from tierwise.cli.terminal import fixed, number, percent, say, table

    most = max((row.bits or 0.0 for row in view.questions), default=0.0) or 1.0
    table(
        f"{both(view.title)} · {view.as_of} · sharpens {', '.join(view.targets)}",
        ["question", "", "bits", "", "cost", "known", "missing", "may be asked", "next for"],
        [
            (
                row.question,
                both(row.ask),
                fixed(row.bits, 3),
                row.basis or "",
                fixed(row.cost_bits, 3),
                row.answers,
                row.missing,
                row.askable,
                row.asked_next,
            )
            for row in view.questions
        ],
        bars=[(row.bits or 0.0) / most for row in view.questions],
        spare=["cost", "may be asked"],
    )
    say(
        f"{number(view.customers)} customers: {percent(view.mean_completeness)} is known on average, all of "
        f"{number(view.complete)}; {number(view.nothing_to_ask)} have gaps and nothing worth asking."
    )


def print_customer(view: CustomerProfiling) -> None:
    """What to ask this customer, and what is known."""
    from tierwise.cli.language import told
    from tierwise.cli.look import both
    from tierwise.cli.terminal import fixed, percent, say, table

    say(f"{view.customer_id} · as of {view.as_of} · {percent(view.completeness)} known")
    if not view.questions:
        say("This customer is not in the population of these questions.")
        return
    table(
        "",
        ["question", "", "state", "bits", "reward"],
        [
            (row.question, both(row.ask), told(_STATES[row.state]), fixed(row.bits, 3), said_reward(row.reward))
            for row in view.questions
        ],
    )
    following = next((row for row in view.questions if row.state == "next"), None)
    if following is None:
        say("There is nothing worth asking.")
        return
    say(f"Ask: {both(following.ask)}")
    for answer in following.answers:
        say(f"  {answer.value}  {both(answer.text)}")


_STATES = {
    "next": "ask next",
    "open": "missing",
    "known": "known",
    "not_allowed": "may not be asked",
    "not_worth": "not worth asking",
    "declined": "did not want to say",
}


def said_reward(reward: RewardView | None) -> str:
    """What an answer earns, in words; empty for nothing."""
    from tierwise.cli.language import told
    from tierwise.cli.look import both

    if reward is None:
        return ""
    return told(f"{reward.points} points") if reward.points is not None else both(reward.benefit)
