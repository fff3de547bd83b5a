"""Through the whole house over HTTP: a file in, a run, tiers out; the same numbers as the use cases give."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.api.house import AS_OF, empty_house, order_lines_csv
from tests.api.serving import served
from tierwise.app import showing
from tierwise.app.context import Context

API = "/api/v1"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: Engine) -> Context:
    return empty_house(Path(tmp_path_factory.mktemp("house")), database)


@pytest.fixture(scope="module")
def client(house: Context) -> Iterator[httpx.Client]:
    with (
        served(house) as server,
        httpx.Client(
            base_url=server.url, trust_env=False, headers={"authorization": f"Bearer {server.token}"}, timeout=60
        ) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def furnished(client: httpx.Client) -> httpx.Client:
    """After an import and a run over HTTP."""
    before = client.get(f"{API}/overview")
    assert (before.status_code, before.json()["code"]) == (404, "no_run")
    content = order_lines_csv()
    file = {"file": ("订单.csv", content.encode("gb18030"))}
    answer = client.post(f"{API}/imports", files=file, data={"table": "order_lines"})
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert report["accepted"] == report["read"] == content.count("\n") - 1
    assert report["encoding"].lower().startswith("gb")
    run = client.post(f"{API}/runs", json={"as_of": AS_OF.isoformat()})
    assert run.status_code == 201, run.text
    assert client.get(run.headers["location"]).json() == run.json()
    return client


def test_the_same_file_again_changes_nothing(furnished: httpx.Client) -> None:
    file = {"file": ("again.csv", order_lines_csv().encode())}
    report = furnished.post(f"{API}/imports", files=file, data={"table": "order_lines"}).json()
    assert (report["accepted"], report["unchanged"]) == (0, report["read"])


def test_the_numbers_are_those_of_the_use_cases(furnished: httpx.Client, house: Context) -> None:
    shown, view = furnished.get(f"{API}/overview").json(), showing.overview(house)
    assert (shown["customers"], shown["buyers"]) == (view.customers, view.buyers)
    assert shown["monetary_amount"] == str(view.monetary_amount)
    assert [row["total"] for row in shown["deciles"]["rows"]] == [str(row.total) for row in view.deciles.rows]
    assert sum(Decimal(cell["monetary_amount"]) for cell in shown["rfm"]["cells"]) == view.monetary_amount
    assert furnished.get(f"{API}/deciles").json() == shown["deciles"]
    assert furnished.get(f"{API}/rfm").json() == shown["rfm"]
    assert furnished.get(f"{API}/stores").json() == shown["stores"]
    assert furnished.get(f"{API}/lifecycle").json()["ladders"] == shown["lifecycle"]
    assert furnished.get(f"{API}/activity").json()["ladders"] == shown["activity"]


def test_pages_of_the_profile_hold_every_customer_once(furnished: httpx.Client, house: Context) -> None:
    seen: list[str] = []
    url: str | None = f"{API}/profile?limit=70&columns=monetary_amount,rfm_cell"
    while url:
        answer = furnished.get(url)
        assert answer.json()["columns"] == ["customer_id", "monetary_amount", "rfm_cell"]
        seen += [row[0] for row in answer.json()["rows"]]
        url = answer.links.get("next", {}).get("url")
    assert seen == sorted(set(seen))
    assert len(seen) == showing.overview(house).customers


def test_one_customer_and_one_that_is_not_there(furnished: httpx.Client) -> None:
    some = furnished.get(f"{API}/profile?limit=1").json()["rows"][0][0]
    customer = furnished.get(f"{API}/customers/{some}").json()
    assert customer["customer_id"] == some
    assert len(customer["attributes"]) >= 40
    unknown = furnished.get(f"{API}/customers/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_customer")


def test_exports_hold_what_the_pages_show(furnished: httpx.Client, house: Context) -> None:
    answer = furnished.get(f"{API}/exports/profile.csv")
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == int(answer.headers["x-tierwise-rows"]) == showing.overview(house).customers
    assert sum(Decimal(row["monetary_amount"]) for row in rows) == showing.overview(house).monetary_amount
    assert answer.content == furnished.get(f"{API}/exports/profile.csv").content
    assert furnished.get(f"{API}/exports/profile.xlsx").content.startswith(b"PK")
    assert furnished.get(f"{API}/exports/no_such.csv").status_code == 404


def test_transitions_between_two_runs(furnished: httpx.Client) -> None:
    earlier = furnished.post(f"{API}/runs", json={"as_of": "2026-03-31"})
    assert earlier.status_code == 201, earlier.text
    answer = furnished.get(f"{API}/transitions", params={"from": "2026-03-31", "to": AS_OF.isoformat()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"]
    assert {"from", "to", "customers", "share"} == set(answer.json()["rows"][0])
    later = furnished.get(f"{API}/overview").json()["run"]
    assert later["as_of"] == "2026-03-31", "the newest run is the current one"
    kept = furnished.get(f"{API}/runs").json()["runs"][1]
    assert furnished.get(f"{API}/overview?run={kept['id']}").json()["run"]["as_of"] == AS_OF.isoformat()
    furnished.post(f"{API}/runs", json={"as_of": AS_OF.isoformat()})


def test_definitions_go_round_and_mistakes_change_nothing(furnished: httpx.Client) -> None:
    text = furnished.get(f"{API}/definitions").text
    yaml = {"content-type": "application/yaml"}
    again = furnished.put(f"{API}/definitions", content=text.encode(), headers=yaml)
    assert (again.status_code, again.json()["added"], again.json()["changed"]) == (200, [], [])
    wrong = text.replace("timezone:", "timezon:") if "timezone:" in text else text + "---\nkind: nothing\n"
    refused = furnished.put(f"{API}/definitions", content=wrong.encode(), headers=yaml)
    assert refused.status_code == 422
    assert refused.json()["place"].startswith("body.yaml:")
    assert furnished.get(f"{API}/definitions").text == text
    as_json = furnished.get(f"{API}/definitions", headers={"accept": "application/json"})
    once_more = furnished.put(f"{API}/definitions", json=as_json.json())
    assert (once_more.status_code, once_more.json()["changed"]) == (200, [])


def test_what_is_unknown_is_said(furnished: httpx.Client) -> None:
    for path, code in (("deciles?metric=monetary_amout", "unknown_attribute"), ("rfm?run=999", "unknown_run")):
        assert furnished.get(f"{API}/{path}").json()["code"] == code
    file = {"file": ("a.csv", b"a,b\n1,2\n")}
    answer = furnished.post(f"{API}/imports", files=file, data={"table": "oders"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_table")
    assert "orders" in answer.json()["remedy"]
    assert furnished.post(f"{API}/jobs/9999/cancel").status_code == 404
    assert {job["state"] for job in furnished.get(f"{API}/jobs").json()["jobs"]} <= {"done", "failed"}


def test_bad_rows_lie_in_quarantine(furnished: httpx.Client) -> None:
    content = "订单号,客户编号,下单时间,门店,商品编码,数量,单价\nX1,C1,2026-01-01 10:00,A,P1,-2,9.90\n"
    report = furnished.post(
        f"{API}/imports", files={"file": ("bad.csv", content.encode())}, data={"table": "order_lines"}
    ).json()
    assert (report["read"], report["quarantined"]) == (1, 1)
    rows = furnished.get(f"{API}/quarantine?import={report['import_id']}").json()
    assert (rows["total"], rows["rows"][0]["line"]) == (1, 2)
    assert rows["rows"][0]["file"] == "bad.csv", "not where the server kept it"
    exported = furnished.get(f"{API}/quarantine.csv?import={report['import_id']}")
    assert (exported.status_code, exported.headers["x-tierwise-rows"]) == (200, "1")
    chinese = furnished.get(f"{API}/quarantine.csv?import={report['import_id']}&headings=zh")
    assert "“数量”为负" in chinese.content.decode("utf-8-sig")
    assert "“数量”为负" not in exported.content.decode("utf-8-sig")
    book = furnished.get(f"{API}/quarantine.xlsx?import={report['import_id']}")
    assert (book.headers["x-tierwise-rows"], book.content[:2]) == ("1", b"PK")
    assert 'filename="quarantine.xlsx"' in book.headers["content-disposition"]
    mended = exported.content.decode("utf-8-sig").replace(",-2,", ",2,").encode()
    again = furnished.post(f"{API}/imports", files={"file": ("m.csv", mended)}, data={"table": "order_lines"}).json()
    assert (again["read"], again["accepted"]) == (1, 1)


def test_a_mapping_is_proposed_and_taken(furnished: httpx.Client) -> None:
    content = "订单号,客户编号,下单时间,商品编码,数量,单价,备注\nM1,C1,2026-01-01 10:00,P1,1,9.90,x\n".encode()
    proposal = furnished.post(
        f"{API}/mappings", files={"file": ("m.csv", content)}, data={"table": "order_lines"}
    ).json()
    assert "order_id: 订单号" in proposal["yaml"]
    assert any("备注" in note for note in proposal["notes"])
    report = furnished.post(
        f"{API}/imports",
        files={"file": ("m.csv", content)},
        data={"table": "order_lines", "mapping": proposal["yaml"], "dry_run": "true"},
    ).json()
    assert (report["accepted"], report["import_id"]) == (1, None)


def test_the_audit_names_the_token_and_nobody_else(furnished: httpx.Client, house: Context) -> None:
    from sqlalchemy import text

    with house.database.connect() as connection:
        names = set(
            connection.scalars(text("select distinct principal from audit where action <> 'definitions.apply'"))
        )
    assert names == {"token:local"}


def test_groups_are_counted_read_and_frozen_from_memory(furnished: httpx.Client) -> None:
    often = {"attribute": "frequency_count", "op": ">=", "value": 8}
    late = {"attribute": "recency_days", "op": ">", "value": 60}
    counted = furnished.post(f"{API}/segments/count", json={"rule": often}).json()
    page = furnished.get(f"{API}/profile?limit=1000&columns=frequency_count,recency_days").json()
    assert counted["customers"] == sum(row[1] >= 8 for row in page["rows"]) > 0
    assert counted["of"] == page["of"]
    both = furnished.post(f"{API}/segments/overlap", json={"sets": {"often": often, "late": late}}).json()
    assert sum(region["customers"] for region in both["regions"]) == page["of"]
    assert both["sets"]["often"] == counted["customers"]
    drawn = furnished.post(f"{API}/segments/sample", json={"rule": often, "limit": 3, "columns": ["monetary_amount"]})
    assert drawn.json()["columns"] == ["customer_id", "monetary_amount"]
    listed = furnished.post(f"{API}/segments/members", json={"rule": often, "limit": 2}).json()
    assert (listed["of"], len(listed["rows"]), listed["next"]) == (counted["customers"], 2, listed["rows"][1][0])
    file = furnished.post(f"{API}/segments/members.csv", json={"rule": often})
    assert int(file.headers["x-tierwise-rows"]) == counted["customers"]
    read = furnished.post(f"{API}/segments/read", json={"rule": often}).json()
    assert read["group"] == counted["customers"]
    assert read["sentence"]["en"].startswith("Compared with all")
    frozen = furnished.post(f"{API}/segments/snapshot", json={"rule": often, "name": "often"})
    assert (frozen.status_code, frozen.json()["members"]) == (201, counted["customers"])
    again = furnished.post(f"{API}/segments/count", json={"rule": {"list": "often"}}).json()
    assert again["customers"] == counted["customers"]
    of = furnished.get(f"{API}/segments/of/{page['rows'][0][0]}").json()
    assert (of["live"], [each["kind"] for each in of["memberships"]]) == (None, ["stage"])
    assert furnished.get(f"{API}/segments/changes?after=0&limit=10").json() == {"changes": [], "next_after": 0}
    wrong = furnished.post(f"{API}/segments/count", json={"rule": {"attribute": "recency_dys", "op": ">", "value": 1}})
    assert (wrong.status_code, wrong.json()["remedy"]) == (422, 'did you mean "recency_days"?')


def test_lists_come_in_by_file_and_go(furnished: httpx.Client) -> None:
    some = [row[0] for row in furnished.get(f"{API}/profile?limit=3").json()["rows"]]
    file = {"file": ("名单.csv", "\n".join(["客户编号", *some, some[0], "nobody"]).encode("gb18030"))}
    done = furnished.post(f"{API}/lists", files=file, data={"name": "called"})
    assert done.status_code == 201, done.text
    told = done.json()
    assert [told[name] for name in ("read", "known", "unknown", "repeated", "file")] == [5, 3, 1, 1, "名单.csv"]
    unknown = furnished.get(f"{API}/quarantine.csv?import={told['import_id']}")
    assert "nobody" in unknown.content.decode("utf-8-sig")
    assert furnished.get(f"{API}/lists/called").json()["members"] == 3
    assert "called" in {each["name"] for each in furnished.get(f"{API}/lists").json()["lists"]}
    assert furnished.post(f"{API}/segments/count", json={"rule": {"list": "called"}}).json()["customers"] == 3
    assert furnished.delete(f"{API}/lists/called").json()["members"] == 3
    assert furnished.get(f"{API}/lists/called").status_code == 404
    assert furnished.get(f"{API}/segments").json() == {"segments": []}
