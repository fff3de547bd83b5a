"""Who would move by a plan can be listed before anything is stored."""

import os
import time
from pathlib import Path

import pytest

from tierwise.app import planning, plans_kept, segments
from tierwise.app.among import AFTER, ANYWHERE, BEFORE, WouldMove, among_address, among_in
from tierwise.app.context import Context
from tierwise.app.searching import search
from tierwise.app.sheets import SHEETS
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import TierwiseError

EVERYBODY = Comparison(attribute="customer_id", op="present")


def test_each_move_lists_its_customers_before_anything_is_stored(retailer: Context, tmp_path: Path) -> None:
    found = planning.plan_definitions(retailer, [Deciles(name="fifths", metric="monetary_amount", parts=5)])
    view = planning.plan_definitions(retailer, [Deciles(name="spend_decile", metric="monetary_amount", parts=5)])
    assert view.plan is not None
    assert view.plan != found.plan
    assert len(view.moves) > 5
    for move in view.moves:
        who = search(
            retailer, among=WouldMove(view.plan, move.name, move.from_, move.to), columns=[BEFORE, AFTER], limit=200
        )
        assert who.of == move.listed == move.customers
        assert {row[1:] for row in who.rows} == {(move.from_, move.to)}
    everybody = WouldMove(view.plan, "spend_decile", ANYWHERE, ANYWHERE)
    assert among_in(among_address(everybody)) == everybody
    moved = sum(move.customers for move in view.moves if move.name == "spend_decile")
    assert search(retailer, among=everybody, order_by=AFTER, limit=1).of == moved
    done = segments.export_members(retailer, EVERYBODY, tmp_path / "x.csv", among=everybody)
    assert done.rows == moved
    assert (tmp_path / "x.csv").read_text().splitlines()[0].endswith(f"{BEFORE},{AFTER}")
    segments.export_members(retailer, EVERYBODY, tmp_path / "zh.csv", among=everybody, headings="zh")
    assert (tmp_path / "zh.csv").read_text("utf-8-sig").splitlines()[0].endswith("变动前,变动后")
    rows = SHEETS["plan_moves"].rows(retailer, {"plan": view.plan})
    assert sum(row["customers"] for row in rows) == sum(move.customers for move in view.moves)


def test_a_plan_is_gone_after_a_day(retailer: Context) -> None:
    view = planning.plan_definitions(retailer, [Deciles(name="sixths", metric="monetary_amount", parts=6)])
    assert view.plan is not None
    long_ago = time.time() - plans_kept.KEPT_HOURS * 3600 - 60
    os.utime(retailer.scratch / "plans" / view.plan, (long_ago, long_ago))
    planning.plan_definitions(retailer, [Deciles(name="thirds", metric="monetary_amount", parts=3)])
    for plan in (view.plan, "../../lake"):
        with pytest.raises(TierwiseError) as refused:
            search(retailer, among=WouldMove(plan, "sixths", None, "1"))
        assert refused.value.code == "unknown_plan"
