"""People and how they come in: roles, links, passwords, lock-out, leaving; and what is never kept or told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from tierwise.app import people
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.signing_in import MOST_FAILURES, SignIns, acting
from tierwise.engine.lake import Lake
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

PASSWORD = "correct horse battery"


@pytest.fixture
def ctx(tmp_path: Path, database: Engine) -> Context:
    with database.begin() as connection:
        connection.execute(text("truncate person, person_session, sign_in_link cascade"))
    return Context(tmp_path, Principal("local:test", "administrator"), database, Lake(tmp_path / "lake"))


@pytest.fixture
def sign_ins(ctx: Context) -> SignIns:
    """Argon2 as weak as it goes: these tests are about who comes in."""
    return SignIns(ctx, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def code(refused: pytest.ExceptionInfo[TierwiseError]) -> str:
    return refused.value.code


def signed_in(ctx: Context, sign_ins: SignIns, name: str) -> str:
    return sign_ins.by_link(people.link(ctx, name))


def test_a_person_comes_in_by_a_link_once_sets_a_password_and_comes_in_by_it(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, " Wang ", role="operator", title="王")
    secret = people.link(ctx, "wang")
    session = sign_ins.by_link(secret)
    person = sign_ins.person_of(session)
    assert person is not None
    assert (person.name, person.title, person.has_password) == ("wang", "王", False)
    with pytest.raises(TierwiseError) as again:
        sign_ins.by_link(secret)
    assert code(again) == "link_not_good"
    principal = acting(ctx, person).principal
    assert principal == Principal("person:wang", "operator")
    sign_ins.set_password(principal, PASSWORD, keep=session)
    assert sign_ins.person_of(session) is not None, "the session that set it goes on"
    assert sign_ins.person_of(sign_ins.by_password("WANG ", PASSWORD)) is not None


def test_secrets_are_nowhere(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    link = people.link(ctx, "wang")
    session = sign_ins.by_link(link)
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD)
    with ctx.database.connect() as connection:
        for table in ("person", "person_session", "sign_in_link", "audit"):
            rows = str(connection.execute(text(f"select * from {table}")).fetchall())
            assert not any(secret in rows for secret in (link, session, PASSWORD)), table
        assert "$argon2id$" in str(connection.execute(text("select digest from person")).fetchall())


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_a_wrong_password_and_a_wrong_name_are_told_alike(ctx: Context, sign_ins: SignIns, name: str) -> None:
    people.add(ctx, "wang", role="operator")
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD)
    with pytest.raises(TierwiseError) as refused:
        sign_ins.by_password(name, "wrong")
    assert (code(refused), refused.value.problems[0].message) == (
        "not_signed_in",
        "name and password do not belong together",
    )


def test_a_person_without_a_password_cannot_come_in_by_one(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    for tried in ("", "nobody's"):
        with pytest.raises(TierwiseError):
            sign_ins.by_password("wang", tried)


def test_after_many_wrong_passwords_the_right_one_is_not_looked_at(
    ctx: Context, sign_ins: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.add(ctx, "wang", role="operator")
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD)
    codes = []
    for _ in range(MOST_FAILURES):
        with pytest.raises(TierwiseError) as refused:
            sign_ins.by_password("wang", "wrong")
        codes.append(code(refused))
    assert codes == ["not_signed_in"] * (MOST_FAILURES - 1) + ["locked_out"]
    with pytest.raises(TierwiseError) as locked:
        sign_ins.by_password("wang", PASSWORD)
    assert code(locked) == "locked_out"
    later = clock.utc_now() + timedelta(minutes=16)
    for place in ("tierwise.app.signing_in", "tierwise.state.people"):
        monkeypatch.setattr(f"{place}.utc_now", lambda: later)
    assert sign_ins.by_password("wang", PASSWORD)


def test_a_right_password_forgets_the_wrong_ones(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD)
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            with pytest.raises(TierwiseError):
                sign_ins.by_password("wang", "wrong")
        assert sign_ins.by_password("wang", PASSWORD)


def test_of_many_passwords_at_once_none_counts_after_the_lock(ctx: Context, sign_ins: SignIns) -> None:
    """One that was being looked at when others locked the person out, right as it is, does not come in."""
    people.add(ctx, "wang", role="operator")
    session = signed_in(ctx, sign_ins, "wang")
    person = sign_ins.person_of(session)
    assert person is not None
    sign_ins.set_password(acting(ctx, person).principal, PASSWORD)

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's own name
            for _ in range(MOST_FAILURES):
                with pytest.raises(TierwiseError):
                    sign_ins.by_password("wang", "somebody else's guess")
            return super().verify(hash, password)

    with pytest.raises(TierwiseError) as late:
        SignIns(ctx, hasher=Slow(time_cost=1, memory_cost=8, parallelism=1)).by_password("wang", PASSWORD)
    assert code(late) == "locked_out"


def test_a_link_signs_in_who_is_locked_out(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD)
    for _ in range(MOST_FAILURES):
        with pytest.raises(TierwiseError):
            sign_ins.by_password("wang", "wrong")
    signed_in(ctx, sign_ins, "wang")
    assert sign_ins.by_password("wang", PASSWORD)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 201, "ab-wang-cd-ef"])
def test_a_poor_password_is_refused(ctx: Context, sign_ins: SignIns, password: str) -> None:
    people.add(ctx, "wang", role="operator")
    with pytest.raises(TierwiseError) as refused:
        sign_ins.set_password(Principal("person:wang", "operator"), password)
    assert code(refused) == "bad_password"


def test_a_new_password_ends_the_sessions_elsewhere(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    here, elsewhere = signed_in(ctx, sign_ins, "wang"), signed_in(ctx, sign_ins, "wang")
    sign_ins.set_password(Principal("person:wang", "operator"), PASSWORD, keep=here)
    assert sign_ins.person_of(here) is not None
    assert sign_ins.person_of(elsewhere) is None


def test_who_is_let_go_is_out_and_may_come_back(ctx: Context, sign_ins: SignIns) -> None:
    people.add(ctx, "wang", role="operator")
    session, unused = signed_in(ctx, sign_ins, "wang"), people.link(ctx, "wang")
    people.let_go(ctx, "wang")
    assert SignIns(ctx).person_of(session) is None
    with pytest.raises(TierwiseError):
        sign_ins.by_link(unused)
    with pytest.raises(TierwiseError) as refused:
        people.link(ctx, "wang")
    assert code(refused) == "person_left"
    assert people.list_people(ctx) == ()
    assert people.change(ctx, "wang", role="reader").left_at is None
    assert signed_in(ctx, sign_ins, "wang")


def test_a_session_ends_by_itself(ctx: Context, sign_ins: SignIns, monkeypatch: pytest.MonkeyPatch) -> None:
    people.add(ctx, "wang", role="operator")
    session = signed_in(ctx, sign_ins, "wang")
    begun = clock.utc_now()
    for hours, there in ((11, True), (22, True), (35, False)):
        monkeypatch.setattr("tierwise.state.people.utc_now", lambda hours=hours: begun + timedelta(hours=hours))
        assert (SignIns(ctx).person_of(session) is not None) is there, hours


def test_the_last_administrator_stays(ctx: Context, sign_ins: SignIns) -> None:
    people.link_of_the_first(ctx)
    for change in (lambda: people.let_go(ctx, "admin"), lambda: people.change(ctx, "admin", role="reader")):
        with pytest.raises(TierwiseError) as refused:
            change()
        assert code(refused) == "last_administrator"
    people.add(ctx, "second", role="administrator")
    people.let_go(ctx, "admin")
    person = sign_ins.person_of(sign_ins.by_link(people.link_of_the_first(ctx)))
    assert person is not None
    assert person.name == "second"
    assert [each.name for each in people.list_people(ctx)] == ["second"], "no third one was made"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "a b", "role": "reader"}, ["bad_name"]),
        ({"name": "", "role": "reader"}, ["bad_name"]),
        ({"name": "x", "role": "king"}, ["unknown_role"]),
        ({"name": "x", "role": "advisor"}, ["no_staff_id"]),
        ({"name": "x", "role": "reader", "staff_id": "E1"}, ["bad_staff_id"]),
        ({"name": "x", "role": "administrator", "stores": ["S1"]}, ["bad_stores"]),
        ({"name": "x", "role": "operator", "stores": [""], "language": "fr"}, ["bad_stores", "unknown_language"]),
    ],
)
def test_what_is_wrong_is_told_at_once(ctx: Context, given: dict[str, object], expected: list[str]) -> None:
    with pytest.raises(TierwiseError) as refused:
        people.add(ctx, **given)  # type: ignore[arg-type]
    assert [problem.code for problem in refused.value.problems] == expected


def test_each_change_is_in_the_audit(ctx: Context, sign_ins: SignIns) -> None:
    with ctx.database.connect() as connection:
        last = connection.execute(text("select coalesce(max(id), 0) from audit")).scalar_one()
    people.add(ctx, "wang", role="operator")
    sign_ins.sign_out(signed_in(ctx, sign_ins, "wang"))
    people.change(ctx, "wang", role="reader")
    people.let_go(ctx, "wang")
    with ctx.database.connect() as connection:
        found = [
            row.action for row in connection.execute(text(f"select action from audit where id > {last} order by id"))
        ]
    assert found == ["person.add", "person.link", "sign_in", "sign_out", "person.change", "person.let_go"]
