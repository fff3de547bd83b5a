"""A proposed mapping is one that imports, and says what it left out."""

from __future__ import annotations

from pathlib import Path

from tests.ingest.conftest import Home
from tierwise.definitions.read import read_mapping
from tierwise.ingest.importer import import_file
from tierwise.ingest.propose import propose_mapping


def test_a_proposal_is_saved_read_and_imports(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "导出.csv"
    path.write_bytes("订单编号,会员号,下单时间,实付金额,备注\n1,c1,2026-03-05,10,好\n".encode("gb18030"))
    proposal = propose_mapping(path, "orders", tmp_path / "scratch")
    assert proposal.mapping.columns == {
        "order_id": "订单编号",
        "customer_id": "会员号",
        "ordered_at": "下单时间",
        "paid": "实付金额",
    }
    assert proposal.notes == ("not recognised: 备注",)
    assert "#   备注" in proposal.yaml
    saved = tmp_path / "map.yaml"
    saved.write_text(proposal.yaml)
    assert import_file(home.session, path, "orders", read_mapping(saved)).accepted == 1
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_is_needed_and_not_found_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("whatever,下单时间\n1,2026-03-05\n")
    proposal = propose_mapping(path, "orders", tmp_path)
    assert proposal.notes == ("not found, and needed: order_id, gross", "not recognised: whatever")
    assert "#   gross: THE FILE'S HEADER" in proposal.yaml


def test_rules_for_returns_are_proposed_where_rows_are_less_than_nothing(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("单号,商品编码,数量,下单时间,单价\n1,P,2,2026-03-05,9\nT2,P,-1,2026-03-05,9\n", "utf-8")
    proposal = propose_mapping(path, "order_lines", tmp_path / "scratch")
    assert proposal.notes[-1].startswith("1 rows are less than nothing")
    offered = [line for line in proposal.yaml.splitlines() if line.startswith("# refunds:")]
    assert offered[0].endswith("# 1 rows")
    saved = tmp_path / "map.yaml"
    saved.write_text(f"{proposal.yaml}{offered[0].removeprefix('# ')}\n", "utf-8")
    report = import_file(home.session, path, "order_lines", read_mapping(saved))
    assert (report.accepted, report.refunds, report.quarantined) == (2, 1, 0)
    path.write_text(path.read_text("utf-8").replace("-1", "1"), "utf-8")
    assert propose_mapping(path, "order_lines", tmp_path / "scratch").notes == ()


def test_customers_take_every_other_header_as_a_trait(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("会员编号,收入,收入\n1,2,3\n")
    proposal = propose_mapping(path, "customers", tmp_path)
    assert proposal.mapping.columns == {"customer_id": "会员编号", "收入": 2}
