"""What happened to one customer, put into an order: orders, refunds, visits, changes of tier."""

from __future__ import annotations

from datetime import date, datetime

from tierwise.app.history_views import HistoryView
from tierwise.app.views import CustomerView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.colours import colour_of
from tierwise.console.parts.timeline import Moment
from tierwise.console.shown import attribute_text, code_text
from tierwise.console.texts import Texts


def moments_of(view: CustomerView, past: HistoryView | None, words: Vocabulary, texts: Texts) -> list[Moment]:
    """Orders, refunds, visits and changes of tier, the newest first; of one day facts before what they led to."""
    found: list[tuple[date, int, Moment]] = []

    def add(rank: int, at: datetime | date, kind: str, text: str, colour: str = "#5a686b") -> None:
        day = date.fromisoformat(texts.day(at))
        found.append((day, rank, Moment(day, kind, text, colour)))

    money = texts.currency(view.currency)
    for order in view.orders:
        store = f" · {order['store_id']}" if order.get("store_id") else ""
        add(1, order["ordered_at"], texts("order"), f"{texts.amount(order['gross'])} {money}{store}", "#0b7285")
    for refund in view.refunds:
        add(1, refund["refunded_at"], texts("refund"), f"{texts.amount(refund['amount'])} {money}", "#97503f")
    for visit in view.visits:
        what = code_text("kind", visit.get("kind"), texts)
        shown = " · ".join(each for each in (what, visit.get("store_id")) if each)
        add(1, visit["visited_at"], texts("visit"), shown, "#4a9fae")
    for row in past.rows if past is not None else ():
        if row.since_unknown:
            continue
        title = texts.label(row.title)
        value = ""
        if row.kind != "segment":
            value = texts.label(row.said) or attribute_text(row.name, row.value, words, texts)
        add(0, row.valid_from, texts("change_of_tier"), f"{title} → {value}" if value else title, colour_of(row.value))
    return [moment for _, _, moment in sorted(found, key=lambda each: (each[0], -each[1]), reverse=True)]
