"""Whose a customer is: for people who see the customers of some stores, or their own, and nobody else's."""

from __future__ import annotations

from collections.abc import Container, Sequence

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.app.principal import Action
from tierwise.app.rule_world import ground_of
from tierwise.definitions.rule import All, AnyRule, Comparison
from tierwise.kernel.errors import TierwiseError


def own_rule(ctx: Context) -> AnyRule | None:
    """What is true of the customers whom one who asks may see; None where it is everybody.

    Raises `nobodys_customers` where the profile has nothing that says whose a customer is, and `no_run`.
    """
    principal = ctx.principal
    if principal.sees_all:
        return None
    project = project_of(ctx)
    with ground_of(ctx, []) as ground:
        known = ground.schema
    rules: list[AnyRule] = []
    if principal.stores:
        attribute = _first(project.customer_store, known, "customer_store")
        rules.append(Comparison(attribute=attribute, op="in", value=tuple(principal.stores)))
    if principal.staff_id is not None:
        attribute = _first(project.customer_advisor, known, "customer_advisor")
        rules.append(Comparison(attribute=attribute, op="=", value=principal.staff_id))
    return rules[0] if len(rules) == 1 else All(all=tuple(rules))


def attribute_among(names: Sequence[str], known: Container[str]) -> str | None:
    """The first of these attributes that the profile has, as the project's `customer_store`; None where it has none."""
    return next((name for name in names if name in known), None)


def _first(names: Sequence[str], known: Container[str], field: str) -> str:
    found = attribute_among(names, known)
    if found is None:
        raise TierwiseError(
            "nobodys_customers",
            f"no attribute says whose a customer is: {', '.join(names)}",
            place=f"project.{field}",
            remedy="import a column of customers by that name, or name another attribute in the project",
        )
    return found


def among_own(ctx: Context, rule: AnyRule) -> AnyRule:
    """The rule, of those alone whom one who asks may see."""
    own = own_rule(ctx)
    return rule if own is None else All(all=(own, rule))


def require_own(ctx: Context, action: Action, customer_id: str) -> None:
    """That one who asks may do it to this customer. Raises `not_allowed`; a customer who is not there, and one who is
    somebody else's, are told alike: `unknown_customer`."""
    ctx.principal.require_of_own(action)
    own = own_rule(ctx)
    if own is None:
        return
    one = All(all=(own, Comparison(attribute="customer_id", op="=", value=customer_id)))
    with ground_of(ctx, [one]) as ground:
        if not ground.count(one):
            raise TierwiseError(
                "unknown_customer",
                f'no customer "{customer_id}" among those of {ctx.principal.name}',
                remedy="an administrator says whose customers one sees",
            )
