"""`tierwise people`: who may sign in to the console."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tierwise.cli.door import opened, tell
from tierwise.cli.terminal import say, table

app = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Role = Annotated[str, typer.Option(help="administrator, analyst, operator, advisor or reader.")]
Title = Annotated[str | None, typer.Option(help="How they are called; the name where left out.")]
Store = Annotated[list[str] | None, typer.Option(help="They see the customers of this store only; repeat for more.")]
Staff = Annotated[str | None, typer.Option(help="An advisor's number in the facts: they see their own customers.")]
Speaks = Annotated[str | None, typer.Option("--speaks", help="Their language in the console: zh or en.")]


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="And those who were let go.")] = False, as_json: Json = False
) -> None:
    """Who may sign in, as what, and whose customers they see."""
    from tierwise.app import people

    with opened() as ctx:
        found = people.list_people(ctx, also_left=all_)

    def told() -> None:
        if not found:
            say("nobody yet; tierwise serve makes an administrator and prints a link")
            return
        heads = ["name", "called", "role", "stores", "staff_id", "password", "left"]
        rows = [
            (
                each.name,
                each.title,
                each.role,
                ", ".join(each.stores) or "*",
                each.staff_id or "",
                "✓" if each.has_password else "",
                f"{each.left_at:%Y-%m-%d}" if each.left_at else "",
            )
            for each in found
        ]
        table("", heads, rows)

    tell({"people": found}, as_json, told)


@app.command()
def add(
    name: str,
    role: Role,
    title: Title = None,
    store: Store = None,
    staff_id: Staff = None,
    speaks: Speaks = None,
    as_json: Json = False,
) -> None:
    """One more who may sign in; `tierwise people link NAME` lets them in first."""
    from tierwise.app import people

    with opened() as ctx:
        made = people.add(
            ctx, name, role=role, title=title, stores=tuple(store or ()), staff_id=staff_id, language=speaks
        )
    tell(made, as_json, lambda: say(f'"{made.name}" may sign in; next: tierwise people link {made.name}'))


@app.command()
def change(
    name: str,
    role: Annotated[str | None, typer.Option(help="administrator, analyst, operator, advisor or reader.")] = None,
    title: Title = None,
    store: Store = None,
    all_stores: Annotated[bool, typer.Option("--all-stores", help="They see the customers of every store.")] = False,
    staff_id: Staff = None,
    speaks: Speaks = None,
    as_json: Json = False,
) -> None:
    """Another role, name, store or language, at once; one who was let go may sign in again."""
    from tierwise.app import people

    given: dict[str, Any] = {"role": role, "title": title, "staff_id": staff_id, "language": speaks}
    values = {field: value for field, value in given.items() if value is not None}
    if store or all_stores:
        values["stores"] = () if all_stores else tuple(store or ())
    if role is not None and role != "advisor":
        values.setdefault("staff_id", None)
    with opened() as ctx:
        made = people.change(ctx, name, **values)
    tell(made, as_json, lambda: say(f'"{made.name}" is changed'))


@app.command()
def link(
    name: str,
    hours: Annotated[float, typer.Option(help="For how long it is good.")] = 72,
    as_json: Json = False,
) -> None:
    """A link that signs somebody in once, to be sent to them; put the server's address before it."""
    from tierwise.api.guard import SIGN_IN_PATH
    from tierwise.app import people

    with opened() as ctx:
        path = f"{SIGN_IN_PATH}?link={people.link(ctx, name, hours=hours)}"
    tell({"path": path}, as_json, lambda: say(path))


@app.command("let-go")
def let_go(name: str, as_json: Json = False) -> None:
    """They sign in no more, and are signed out at once; what they did stays on record."""
    from tierwise.app import people

    with opened() as ctx:
        gone = people.let_go(ctx, name)
    tell(gone, as_json, lambda: say(f'"{gone.name}" signs in no more'))
