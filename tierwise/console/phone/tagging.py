"""Giving a customer a tag with a reason, and taking one's own back."""

from __future__ import annotations

from starlette.responses import Response

from tierwise.app import tags
from tierwise.console.phone.look import shown
from tierwise.console.phone.visit import PhoneVisit
from tierwise.kernel.errors import TierwiseError


def form(visit: PhoneVisit) -> Response:
    """The tags that may be given. Asked: id."""
    return _form(visit, visit.asked.get("id", ""))


def give(visit: PhoneVisit) -> Response:
    """Given: id, tag as `NAME` or `NAME=VALUE`, reason."""
    who = visit.given.get("id", "")
    name, _, value = visit.given.get("tag", "").partition("=")
    try:
        tags.add_tag(visit.ctx, who, name, value or None, reason=visit.given.get("reason", "").strip())
    except TierwiseError as error:
        return _form(visit, who, error)
    return visit.go("/customer", id=who, said="tag_given")


def take_back(visit: PhoneVisit) -> Response:
    """One's own. Given: id, tag, reason."""
    who = visit.given.get("id", "")
    tags.remove_tag(
        visit.ctx,
        who,
        visit.given.get("tag", ""),
        reason=visit.given.get("reason", "").strip(),
        rater=visit.ctx.principal.name,
    )
    return visit.go("/customer", id=who, said="tag_taken_back")


def _form(visit: PhoneVisit, who: str, error: TierwiseError | None = None) -> Response:
    language = visit.texts.language
    groups = []
    for tag in tags.manual_tags_in_use(visit.ctx):
        title = tag.title.in_language(language) or tag.name
        values = [(f"{tag.name}={value}", named.in_language(language) or value) for value, named in tag.possible_values]
        groups.append((title, values or [(tag.name, title)]))
    return shown(
        visit,
        "tag.html",
        title=visit.texts("give_tag"),
        status=200 if error is None else visit.status_of(error.problems[0].code),
        id=who,
        groups=groups,
        problems=error.problems if error is not None else (),
        back=visit.link("/customer", id=who),
    )
