"""Identities: by which ids a person is known, how much each of them is worth, and what each looks like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from tierwise.definitions.base import Definition, Name, Part, Text

Filled = Annotated[str, StringConstraints(min_length=1)]

OWN = "customer_id"
"""The scope of the business's own customer numbers."""

OTHER_GRAINS = {"vin": "vehicle", "plate": "vehicle", "household_id": "household", "company_id": "company"}
"""Ids of things that several people share and pass on: they have tables of their own and never join people."""

Form = Literal["plain", "phone", "email", "upper"]


class IdentityScope(Part):
    """One kind of id.

    rank: 1 is the best; a link counts as the weaker of its two ends. names_people: whether each id is a person who is
    known, so that no link ever joins two of them. most: with how many ids of one scope that is no weaker it may be seen
    before it counts as shared, and joins nobody. form: how its ids are brought to one spelling; `phone` to
    +8613800001111, `email` to lower case, `upper` to upper case without blanks and hyphens.

    columns: of a customers file, or carried along with orders, the columns or traits that hold it. traits: of an
    identify call. Besides, what a mapping names `identity.NAME` and what `context.externalIds` have under that type.
    """

    name: Name
    title: Text = Text()
    rank: Annotated[int, Field(ge=1, le=99)]
    names_people: bool = False
    most: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    form: Form = "plain"
    columns: tuple[Filled, ...] = ()
    traits: tuple[Filled, ...] = ()

    @model_validator(mode="after")
    def _is_of_a_person(self) -> IdentityScope:
        if self.name in OTHER_GRAINS:
            raise ValueError(
                f"{self.name} is an id of a {OTHER_GRAINS[self.name]}, which is no person: it has a table of its own"
            )
        return self


def _scope(name: str, rank: int, zh: str, en: str, seen_as: str = "", **more: object) -> IdentityScope:
    """seen_as: what columns of files and traits of events call it."""
    names = {"columns": seen_as.split(), "traits": seen_as.split()}
    return IdentityScope.model_validate({"name": name, "rank": rank, "title": {"zh": zh, "en": en}, **names, **more})


DEFAULT_SCOPES = (
    _scope(OWN, 1, "客户编号", "Customer number", names_people=True),
    _scope("union_id", 2, "开放平台 UnionID", "Union id", "union_id unionid unionId"),
    _scope("external_userid", 2, "企业微信外部联系人", "WeCom contact", "external_userid"),
    _scope("member_card", 3, "会员卡", "Membership card", "member_card memberCard 会员卡"),
    _scope("phone", 4, "手机号", "Phone", "phone mobile", form="phone"),
    _scope("email", 5, "邮箱", "E-mail", "email", form="email"),
    _scope("open_id", 6, "OpenID", "Open id", "open_id openid openId"),
    _scope("anonymous_id", 9, "匿名编号", "Anonymous id"),
)  # fmt: skip
"""As the glossary orders them; open_id is of one app: where there are several, give each a scope of its own."""


class Identities(Definition):
    """Who is who: the scopes, each beside the defaults or, by the same name, in place of one.

    without: defaults that are left out. country_code: of phone numbers that are written without one. Without a
    definition of this kind nothing is linked, and each customer number is a person.
    """

    kind: Literal["identities"] = "identities"
    name: Name = "identities"
    scopes: tuple[IdentityScope, ...] = ()
    without: tuple[Name, ...] = ()
    country_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")] = "86"

    @model_validator(mode="after")
    def _makes_sense(self) -> Identities:
        names = [each.name for each in self.scopes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scopes named twice: {', '.join(twice)}")
        unknown = sorted(set(self.without) - {each.name for each in DEFAULT_SCOPES})
        if unknown:
            raise ValueError(f"without names no default: {', '.join(unknown)}")
        if OWN in self.without:
            raise ValueError(f"{OWN} is the business's own and stays")
        return self

    @property
    def all_scopes(self) -> tuple[IdentityScope, ...]:
        """The defaults that stay and those given, the best first, of one rank by name."""
        found = {each.name: each for each in DEFAULT_SCOPES if each.name not in self.without}
        found |= {each.name: each for each in self.scopes}
        return tuple(sorted(found.values(), key=lambda each: (each.rank, each.name)))

    def scope(self, name: str) -> IdentityScope | None:
        return next((each for each in self.all_scopes if each.name == name), None)
