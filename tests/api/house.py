"""A small retailer with a run behind it, for tests that go through the whole house."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from tierwise.app import defining, importing, running
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

AS_OF = date(2026, 6, 30)

STORES = ("人民广场店", "徐家汇店", "线上 <商城>")


def empty_house(home: Path, database: Engine) -> Context:
    """A home with the general template and nothing in it."""
    home.mkdir(mode=0o700, exist_ok=True)
    ctx = Context(home, Principal("local:test", "administrator"), database, Lake(home / "lake"))
    defining.initialise(ctx, "general")
    return ctx


def order_lines_csv(orders: int = 1500) -> str:
    """Order lines with Chinese headers; one order in ten is nobody's."""
    draw = random.Random(20260630)
    lines = ["订单号,客户编号,下单时间,门店,商品编码,数量,单价"]
    for number in range(orders):
        customer = f"C{int(200 * draw.random() ** 2):03d}" if draw.random() > 0.1 else ""
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(540 * 24 * 60))
        store = draw.choice(STORES)
        for _ in range(draw.randint(1, 3)):
            price = draw.choice(("9.90", "35.00", "128.00"))
            lines.append(
                f"O{number},{customer},{at:%Y-%m-%d %H:%M},{store},P{draw.randint(1, 40)},{draw.randint(1, 3)},{price}"
            )
    return "\n".join(lines) + "\n"


def furnish(ctx: Context) -> None:
    """Import the order lines and run."""
    path = ctx.home / "orders.csv"
    path.write_text(order_lines_csv(), "utf-8")
    importing.import_file(ctx, path, "order_lines", None)
    running.run(ctx, AS_OF)
