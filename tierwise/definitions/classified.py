"""What a definition says of how sensitive it is, and the consent without which nothing of it is computed."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import StringConstraints

from tierwise.definitions.base import Definition
from tierwise.definitions.rule import All, AnyRule, Behaviour, Comparison, Measured

Sensitivity = Literal["ordinary", "property", "credit", "health", "minors", "track"]
"""Whose classes but the first need a consent of their own (PIPL, articles 28 to 31)."""

Purpose = Annotated[str, StringConstraints(min_length=1)]


class Classified(Definition):
    """A definition that may be of a sensitive class; it is then told only of customers whose consent to it stands.

    consent: the purpose that the consent must name, where it is not the class itself.
    """

    sensitivity: Sensitivity = "ordinary"
    consent: Purpose | None = None

    @property
    def needs_consent(self) -> str | None:
        """The purpose to which a customer must have consented; None where none is needed."""
        return self.consent or (None if self.sensitivity == "ordinary" else self.sensitivity)

    def among_consenting(self, rule: AnyRule | None) -> AnyRule | None:
        """The rule, of those alone whose consent stands; None for everybody where none is needed."""
        if self.needs_consent is None:
            return rule
        stands = consented(self.needs_consent)
        return stands if rule is None else All(all=(stands, rule))


_D = TypeVar("_D", bound=Definition)


def with_consent(definition: _D) -> _D:
    """As it is computed: a population, where it has one, narrowed to those whose consent stands."""
    if not isinstance(definition, Classified) or definition.needs_consent is None:
        return definition
    if "population" not in type(definition).model_fields:
        return definition
    narrowed = definition.among_consenting(getattr(definition, "population"))  # noqa: B009
    return definition.model_copy(update={"population": narrowed})


def consented(purpose: str) -> AnyRule:
    """Those whose last word on that purpose was yes."""
    stated = Measured(
        fact="consents",
        aggregate="last",
        column="granted",
        where=Comparison(attribute="purpose", op="=", value=purpose),
    )
    return Behaviour(behaviour=stated, op="=", value=True)
