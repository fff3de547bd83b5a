"""Each endpoint hands its arguments to one use case and answers with its view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from tierwise.api import examples
from tierwise.app import (
    defining,
    exporting,
    importing,
    imports,
    jobs,
    mappings_kept,
    quality,
    running,
    showing,
    sources,
)
from tierwise.app.context import Context
from tierwise.app.headings import Headings
from tierwise.app.principal import Principal
from tierwise.app.views import Exported, ProfilePage, TransitionRow, TransitionsView
from tierwise.kernel.errors import Problem, TierwiseError

API = "/api/v1"

Put = Callable[[Any, str, Any], list[tuple[tuple[Any, ...], dict[str, Any]]]]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Replace a use case by a value (or by what a function of its arguments gives); the calls it got."""

    def replace(module: Any, name: str, answer: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            calls.append((args, kwargs))
            return answer(*args, **kwargs) if callable(answer) else answer

        monkeypatch.setattr(module, name, stand_in)
        return calls

    return replace


@pytest.mark.parametrize(
    ("path", "use_case", "view", "given"),
    [
        ("overview", "overview", examples.OVERVIEW, {"run_id": None}),
        ("overview?run=7", "overview", examples.OVERVIEW, {"run_id": 7}),
        ("deciles", "deciles", examples.DECILES, {"metric": "monetary_amount", "run_id": None}),
        ("deciles?metric=tenure_days&run=2", "deciles", examples.DECILES, {"metric": "tenure_days", "run_id": 2}),
        ("rfm?run=3", "rfm", examples.RFM, {"run_id": 3}),
        ("stores", "stores", examples.STORES, {"run_id": None}),
    ],
)
def test_numbers_about_groups(
    client: httpx.Client, put: Put, path: str, use_case: str, view: Any, given: dict[str, Any]
) -> None:
    calls = put(showing, use_case, view)
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200
    shown = examples.ok(view)[200]["content"]["application/json"]["example"]
    assert answer.json() == shown
    ((ctx,), kwargs) = calls[0]
    assert ctx.principal == Principal("token:local", "administrator")
    assert kwargs == given


def test_money_is_text_and_what_cannot_be_told_is_null(client: httpx.Client, put: Put) -> None:
    put(showing, "rfm", examples.RFM)
    cells = client.get(f"{API}/rfm").json()["cells"]
    assert cells[0]["monetary_amount"] == "1239000.00"
    assert cells[0]["title"] == {"zh": "重要价值客户", "en": "Key value"}
    assert cells[4]["strategy"] is None


@pytest.mark.parametrize(("path", "body"), [("lifecycle", examples.LIFECYCLE), ("activity", examples.ACTIVITY)])
def test_ladders(client: httpx.Client, put: Put, path: str, body: Any) -> None:
    calls = put(showing, "ladders", body.ladders)
    answer = client.get(f"{API}/{path}?run=4").json()
    assert answer == body.model_dump(mode="json")
    assert calls[0][0][1] == path
    assert calls[0][1] == {"run_id": 4}


def test_transitions_say_from(client: httpx.Client, put: Put) -> None:
    rows = (TransitionRow(None, "vip", 3, None), TransitionRow("repeat", "vip", 2, 0.5))
    view = TransitionsView("lifecycle_stage", date(2026, 3, 31), date(2026, 6, 30), ("repeat", "vip"), rows)
    calls = put(showing, "transitions", view)
    answer = client.get(f"{API}/transitions", params={"from": "2026-03-31", "to": "2026-06-30"}).json()
    assert answer["rows"][1] == {"from": "repeat", "to": "vip", "customers": 2, "share": 0.5}
    assert answer["rows"][0]["from"] is None
    assert calls[0][0][1:] == ("lifecycle_stage", date(2026, 3, 31), date(2026, 6, 30))
    assert client.get(f"{API}/transitions").json()["problems"][0]["code"] == "missing_value"


def test_profile_pages_follow_each_other_through_one_run(client: httpx.Client, put: Put) -> None:
    ids = ["A1", "B 2", "客3", "D/4", "E5"]

    def page(ctx: Context, *, limit: int, after: str | None, columns: list[str] | None, run_id: int | None) -> Any:
        assert columns == ["customer_id", "monetary_amount"]
        assert run_id in (None, 7)
        left = [one for one in ids if after is None or ids.index(one) > ids.index(after)]
        rows = tuple((one, Decimal("1.50")) for one in left[:limit])
        return ProfilePage(7, date(2026, 6, 30), ("customer_id", "monetary_amount"), rows, len(ids))

    put(showing, "profile", page)
    seen: list[str] = []
    url: str | None = f"{API}/profile?limit=2&columns=monetary_amount"
    while url:
        answer = client.get(url)
        seen += [row[0] for row in answer.json()["rows"]]
        assert answer.json()["rows"][0][1] == "1.50"
        following = answer.links.get("next", {}).get("url")
        assert (answer.json()["next"] is None) == (following is None)
        assert following is None or "run=7" in following
        url = following
    assert seen == ids


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "run=0", "run=99999999999"])
def test_arguments_out_of_bounds_are_told_by_place_without_their_value(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{API}/profile?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "bad_value"
    assert answer.json()["place"] == f"query.{query.partition('=')[0]}"


def test_a_parameter_that_is_not_known_is_refused_not_passed_over(client: httpx.Client, put: Put) -> None:
    calls = put(showing, "rfm", examples.RFM)
    answer = client.get(f"{API}/rfm?runs=6")
    assert (answer.status_code, answer.json()["code"], answer.json()["place"]) == (
        422,
        "unknown_parameter",
        "query.runs",
    )
    assert answer.json()["remedy"] == 'did you mean "run"?'
    assert not calls
    assert client.get(f"{API}/rfm?run=6").status_code == 200


def test_a_database_that_goes_away_is_503(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*arguments: object, **named: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    monkeypatch.setattr(showing, "rfm", gone)
    answer = client.get(f"{API}/rfm")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_lost")


@pytest.mark.parametrize("customer_id", ["C000042", "A/7", "客户 9", "x?y#z"])
def test_a_customer_by_any_id(client: httpx.Client, put: Put, customer_id: str) -> None:
    calls = put(showing, "customer", examples.CUSTOMER)
    answer = client.get(httpx.URL(f"{API}/customers/{_escaped(customer_id)}"))
    assert answer.status_code == 200
    assert answer.json()["attributes"][1]["value"] == "5231.50"
    assert answer.json()["attributes"][2] == {
        "name": "interval_mean_days",
        "title": {"zh": "平均购买间隔", "en": "Mean interval"},
        "value": None,
        "unit": "days",
        "reason": "fewer_than_two_orders",
    }
    assert calls[0][0][1] == customer_id


def test_runs_and_one_of_them(client: httpx.Client, put: Put) -> None:
    put(showing, "runs", examples.RUNS.runs)
    listed = client.get(f"{API}/runs?limit=2").json()["runs"]
    assert [one["id"] for one in listed] == [7, 6]
    assert client.get(f"{API}/runs/6").json() == listed[1]
    unknown = client.get(f"{API}/runs/5")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_run")


@pytest.mark.parametrize(("body", "as_of"), [({"as_of": "2026-06-30"}, date(2026, 6, 30)), ({}, None), (None, None)])
def test_a_run_is_started(client: httpx.Client, put: Put, body: Any, as_of: date | None) -> None:
    calls = put(running, "run", examples.RUN)
    answer = client.post(f"{API}/runs", json=body) if body is not None else client.post(f"{API}/runs")
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/runs/7")
    assert calls[0][1] == {"as_of": as_of, "full": False}


@pytest.mark.parametrize("body", [{"as_of": "yesterday"}, {"asof": "2026-06-30"}, []])
def test_a_run_with_a_body_that_does_not_fit_is_refused(client: httpx.Client, put: Put, body: Any) -> None:
    calls = put(running, "run", examples.RUN)
    assert client.post(f"{API}/runs", json=body).status_code == 422
    assert not calls


@dataclass(frozen=True)
class Report:
    """As the importer's report."""

    table: str = "order_lines"
    file: str = "somewhere/else"
    read: int = 3
    accepted: int = 2
    replaced: int = 0
    unchanged: int = 0
    ignored: int = 0
    quarantined: int = 1
    seconds: float = 0.1
    import_id: int = 4
    job_id: int = 5


def test_a_file_is_imported_under_its_own_name_and_leaves_nothing(
    client: httpx.Client, context: Context, put: Put
) -> None:
    seen: dict[str, Any] = {}

    def take(ctx: Context, path: Path, table: str, mapping: Any, *, replace_orders: bool, dry_run: bool) -> Report:
        seen.update(name=path.name, content=path.read_bytes(), table=table, mapping=mapping)
        seen.update(replace_orders=replace_orders, dry_run=dry_run)
        return Report()

    put(importing, "import_file", take)
    answer = client.post(
        f"{API}/imports",
        files={"file": ("../../订单.csv", "订单号,数量\n1,2\n".encode("gb18030"))},
        data={"table": "order_lines", "mapping": "table: order_lines\ncolumns: {order_id: 订单号}\n", "dry_run": "1"},
    )
    assert answer.status_code == 201
    assert answer.json()["file"] == "订单.csv"
    assert {name: answer.json()[name] for name in ("read", "accepted", "quarantined")} == {
        "read": 3,
        "accepted": 2,
        "quarantined": 1,
    }
    assert (seen["name"], seen["table"], seen["dry_run"], seen["replace_orders"]) == (
        "订单.csv",
        "order_lines",
        True,
        False,
    )
    assert seen["content"].decode("gb18030").startswith("订单号")
    assert seen["mapping"].columns == {"order_id": "订单号"}
    assert scratch_is_empty(context)


def test_a_mapping_with_mistakes_is_told_line_by_line(client: httpx.Client, context: Context, put: Put) -> None:
    calls = put(importing, "import_file", Report())
    mapping = "table: order_lines\ncolums: {}\nheader: perhaps\n"
    answer = client.post(
        f"{API}/imports", files={"file": ("a.csv", b"x")}, data={"table": "order_lines", "mapping": mapping}
    )
    assert answer.status_code == 422
    places = [problem["place"] for problem in answer.json()["problems"]]
    assert places == ["mapping.yaml:2", "mapping.yaml:3"]
    assert not calls
    assert scratch_is_empty(context)


def test_what_is_new_in_a_source_is_taken_in(client: httpx.Client, put: Put) -> None:
    calls = put(sources, "import_source", Report())
    answer = client.post(f"{API}/sources/erp_orders/imports", json={"from_start": True})
    assert (answer.status_code, answer.json()["import_id"]) == (201, 4)
    assert (calls[0][0][1:], calls[0][1]) == (("erp_orders",), {"from_start": True, "dry_run": False})
    put(sources, "list_sources", examples.SOURCES.sources)
    assert client.get(f"{API}/sources").json()["sources"][0]["mark"] == "2026-06-30T18:00:00"


def test_errors_of_an_import_do_not_tell_where_the_server_keeps_files(
    client: httpx.Client, context: Context, put: Put
) -> None:
    def refuse(ctx: Context, path: Path, *_: Any, **__: Any) -> Report:
        raise TierwiseError("empty_file", f"{path} is empty", place=f"{path}:1", remedy=f"look at {path}")

    put(importing, "import_file", refuse)
    answer = client.post(f"{API}/imports", files={"file": ("a.csv", b"")}, data={"table": "orders"}).json()
    assert (answer["place"], answer["message"], answer["remedy"]) == ("a.csv:1", "a.csv is empty", "look at a.csv")
    assert str(context.home) not in str(answer)


def test_quarantine(client: httpx.Client, put: Put) -> None:
    calls = put(importing, "quarantine_rows", examples.QUARANTINE)
    answer = client.get(f"{API}/quarantine?import=3&code=bad_money&limit=5").json()
    assert answer["rows"][0]["line"] == 118
    assert answer["by_reason"] == {"negative_quantity": 8}
    assert calls[0][1] == {"limit": 5, "import_id": 3, "code": "bad_money"}


def test_definitions_come_as_yaml_or_json(client: httpx.Client, put: Put) -> None:
    put(defining, "export_definitions", examples.DEFINITIONS_YAML)
    as_yaml = client.get(f"{API}/definitions")
    assert as_yaml.headers["content-type"].startswith("application/yaml")
    assert as_yaml.text == examples.DEFINITIONS_YAML
    assert client.get(f"{API}/definitions", headers={"accept": "application/json"}).json() == examples.DEFINITIONS


@pytest.mark.parametrize("media_type", ["application/yaml", "application/json"])
def test_definitions_go_in_as_they_came_out(client: httpx.Client, context: Context, put: Put, media_type: str) -> None:
    from tierwise.definitions.read import read_definitions

    read: list[Any] = []

    def take(ctx: Context, paths: list[Path], *, note: str) -> Any:
        read.extend([note, *(definition.name for definition in read_definitions(paths))])
        return defining.Applied(
            ("deciles spend_decile",), (), ("project project",), (Problem("left_open", "no owner"),)
        )

    put(defining, "apply_definitions", take)
    put(defining, "export_definitions", examples.DEFINITIONS_YAML)
    body = client.get(f"{API}/definitions", headers={"accept": media_type}).content
    answer = client.put(f"{API}/definitions?note=why", content=body, headers={"content-type": media_type})
    assert answer.status_code == 200
    assert answer.json()["added"] == ["deciles spend_decile"]
    assert answer.json()["warnings"][0]["code"] == "left_open"
    assert read == ["why", "project", "spend_decile"]
    assert scratch_is_empty(context)


@pytest.mark.parametrize(
    ("media_type", "body", "place"),
    [
        ("application/yaml", b"kind: deciles\nmetrc: x\n", "body.yaml:2"),
        ("application/json", b'{"kind": "deciles",\n "metrc": "x"}', "body.json:2"),
        ("application/json", b"{", "body"),
    ],
)
def test_definitions_with_mistakes_are_told_by_line(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, media_type: str, body: bytes, place: str
) -> None:
    from tierwise.definitions.read import read_definitions

    monkeypatch.setattr(defining, "apply_definitions", lambda ctx, paths, note: read_definitions(paths))
    answer = client.put(f"{API}/definitions", content=body, headers={"content-type": media_type})
    assert answer.status_code == 422
    assert answer.json()["place"] == place


def test_definitions_beyond_all_measure_are_refused(client: httpx.Client) -> None:
    answer = client.put(f"{API}/definitions", content=b"#" * (4 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("profile.csv", "text/csv; charset=utf-8"),
        ("orders.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("store_totals.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_exports_stream_a_file_and_leave_nothing(
    client: httpx.Client, context: Context, put: Put, name: str, media_type: str
) -> None:
    content = b"customer_id\n" + b"C1\n" * 100_000

    def write(
        ctx: Context, table: str, path: Path, *, run_id: int, sensitive: bool, headings: Headings, asked: dict[str, str]
    ) -> Exported:
        assert (f"{table}{path.suffix}", run_id, sensitive, asked) == (name, 3, False, {"tag": "vip"})
        path.write_bytes(content)
        return Exported(table, str(path), 100_000, len(content), 0.1, ("财富",))

    put(exporting, "export", write)
    answer = client.get(f"{API}/exports/{name}?run=3&set=tag=vip")
    assert answer.content == content
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["x-tierwise-rows"] == "100000"
    assert answer.headers["x-tierwise-left-out"] == "%E8%B4%A2%E5%AF%8C"
    assert scratch_is_empty(context)


def test_an_export_that_fails_leaves_nothing(client: httpx.Client, context: Context, put: Put) -> None:
    def write(
        ctx: Context, table: str, path: Path, *, run_id: int, sensitive: bool, headings: Headings, asked: dict[str, str]
    ) -> Exported:
        path.write_bytes(b"half")
        raise TierwiseError("no_run", "no run yet")

    put(exporting, "export", write)
    assert client.get(f"{API}/exports/profile.csv").status_code == 404
    assert scratch_is_empty(context)


@pytest.mark.parametrize("name", ["profile.exe", "pro-file.csv", "profile"])
def test_exports_of_no_kind_are_refused(client: httpx.Client, name: str) -> None:
    assert client.get(f"{API}/exports/{name}").status_code in (404, 422)


def test_jobs_are_watched_and_cancelled(client: httpx.Client, put: Put) -> None:
    put(jobs, "jobs", examples.JOBS.jobs)
    calls = put(jobs, "cancel", True)
    assert client.get(f"{API}/jobs").json()["jobs"][0]["done"] == 4000
    assert client.post(f"{API}/jobs/11/cancel").json() == {"id": 11, "asked": True}
    assert calls[0][0][1] == 11


def test_one_job_the_imports_and_how_far_customers_are_known(client: httpx.Client, put: Put) -> None:
    wanted = put(jobs, "job", examples.JOBS.jobs[0])
    assert client.get(f"{API}/jobs/11").json()["done"] == 4000
    assert wanted[0][0][1:] == (11,)
    put(imports, "list_imports", examples.IMPORTS.imports)
    put(imports, "one_import", examples.IMPORTED)
    newest, one = client.get(f"{API}/imports?limit=1").json()["imports"][0], client.get(f"{API}/imports/3").json()
    assert newest == one
    assert one["columns"][0]["given"] == "订单号"
    calls = put(mappings_kept, "mapping_of_import", examples.PROPOSAL.yaml)
    mapping = client.get(f"{API}/imports/3/mapping.yaml")
    assert (mapping.text, calls[0][0][1]) == (examples.PROPOSAL.yaml, 3)
    assert "import-3.mapping.yaml" in mapping.headers["content-disposition"]
    put(quality, "filled", examples.FILLED)
    assert client.get(f"{API}/quality").json()["rows"][0]["share"] == 0.26


@pytest.mark.parametrize(
    ("code", "status"), [("not_allowed", 403), ("unknown_run", 404), ("busy", 409), ("bad_value", 422), ("no_run", 404)]
)
def test_refusals_carry_the_status_of_their_code(client: httpx.Client, put: Put, code: str, status: int) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise TierwiseError.of([Problem(code, "no", "here:1", "then"), Problem("left_open", "and this")])

    put(showing, "rfm", refuse)
    answer = client.get(f"{API}/rfm")
    assert (answer.status_code, answer.json()["code"], answer.json()["place"]) == (status, code, "here:1")
    assert [problem["code"] for problem in answer.json()["problems"]] == [code, "left_open"]


def test_a_defect_is_a_problem_too_and_tells_nothing(
    client: httpx.Client, put: Put, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("customer 13800000000")

    put(showing, "rfm", fail)
    answer = client.get(f"{API}/rfm")
    assert (answer.status_code, answer.json()["code"]) == (500, "defect")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-frame-options"] == "DENY"
    written = caplog.text + "".join(capfd.readouterr())
    assert "RuntimeError" in written, "the log says what kind of error, and where"
    assert "test_routes.py" in written
    source = 'raise RuntimeError("customer 13800000000")'
    for line in (source, source.replace('"', '\\"')):  # the frame's own line, as it is and within JSON
        written = written.replace(line, "")
    assert "13800000000" not in answer.text + written


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v2/rfm", "/v1/track", "/nothing", "/"])
def test_unknown_paths_are_problems(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_path")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_wrong_method_is_a_problem_that_says_which_are_right(client: httpx.Client) -> None:
    answer = client.delete(f"{API}/rfm")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def scratch_is_empty(context: Context) -> bool:
    """Nothing is left there, at the latest a little after the answer has ended."""
    for _ in range(200):
        if not list((context.scratch / "http").glob("*")):
            return True
        sleep(0.01)
    return False


def _escaped(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
