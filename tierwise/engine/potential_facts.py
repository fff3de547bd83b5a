"""A caller's frames as models want them: features as of a day, what came after it, and scores in the caller's type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic

import narwhals as nw
import numpy as np
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.basket_api import on_engine
from tierwise.engine.canonical import KEY, Names, canonical_orders
from tierwise.engine.frame_api import _facts
from tierwise.engine.frames import back_as, opened
from tierwise.engine.potential_learning import Features, Spent, columns_of_features, ranks_from_top, reasons
from tierwise.engine.potential_reasons import in_words, require_language
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent
from tierwise.metrics.customer import Keep
from tierwise.metrics.customer import customer_metrics as metrics_of
from tierwise.metrics.frame import Frame, columns_of, require_columns, rows_of
from tierwise.metrics.potential import feature_attributes, features, last_order_day, spent_after
from tierwise.stats.discrimination import Floats
from tierwise.stats.leakage import Source
from tierwise.stats.learning import Learnt


@dataclass(frozen=True)
class GivenFacts(Generic[IntoFrameT]):
    """The frames that a caller has given, and how to read them. traits_then: day -> traits as recorded on it."""

    like: IntoFrameT
    frames: Mapping[str, Any]
    traits: Any
    traits_then: Mapping[date, Any]
    windows: tuple[int, ...]
    currency: str
    timezone: str
    names: Mapping[str, str]

    @contextmanager
    def on_hand(self) -> Iterator[FactsOnHand]:
        """The frames on one engine. Raises what `opened` raises."""
        then = {f"then_{day:%Y%m%d}": frame for day, frame in self.traits_then.items()}
        given = {**self.frames, "traits": self.traits, **then}
        digits = exponent(self.currency)
        with opened(given, self.timezone) as (inside, keep, _):
            bought = keep("bought", canonical_orders(inside["orders"], Names(dict(self.names)), digits=digits))
            yield FactsOnHand(inside, bought, _facts(inside, digits), self.windows, keep)

    def scored(self, day: date, model: Learnt, model_id: str, language: str) -> IntoFrameT:
        """Everybody known by that day with the model's scores, the best first."""
        with self.on_hand() as hand:
            found = hand.features_at(day)
        values = columns_of_features(found, model.names)
        return self.back(self.table(found.keys, model.scores(values), model, values, day, model_id, language))

    def table(
        self,
        keys: Sequence[Any],
        scores: Floats,
        model: Learnt,
        values: Floats,
        day: date,
        model_id: str,
        language: str,
    ) -> pa.Table:
        """One row per customer, the best first, equal scores in the order of keys; reasons in that language."""
        require_language(language)
        ranks = ranks_from_top(scores)
        order = np.lexsort((np.arange(len(scores)), -scores))
        why = reasons(model, values[order])
        worded = [
            [in_words(reason, self.windows, self.currency).in_language(language) for reason in row] for row in why
        ]
        return pa.table(
            {
                KEY: pa.array([keys[place] for place in order]),
                "score": pa.array(scores[order], pa.float64()),
                "rank_share": pa.array(ranks[order], pa.float64()),
                "decile": pa.array(np.clip(np.ceil(np.round(ranks[order] * 10, 9)), 1, 10).astype(np.int64)),
                **{
                    f"reason_{at + 1}": pa.array([row[at] if at < len(row) else None for row in worded], pa.string())
                    for at in range(3)
                },
                "as_of": pa.array([day] * len(order), pa.date32()),
                "model_id": pa.array([model_id] * len(order), pa.string()),
            }
        )

    def back(self, table: pa.Table) -> IntoFrameT:
        """The table in the type of the caller's orders."""
        like: Any = self.like
        known = nw.from_native(like)
        lazy = isinstance(known, nw.LazyFrame) and not known.implementation.is_polars()
        found: IntoFrameT = on_engine(table, self.like) if lazy else back_as(table, self.like)
        return found


@dataclass(frozen=True)
class FactsOnHand:
    """The frames on an engine. orders: canonical."""

    given: Mapping[str, Frame]
    orders: Frame
    facts: Mapping[str, Frame]
    windows: tuple[int, ...]
    keep: Keep

    def last_day(self) -> date | None:
        """The last day with an order."""
        ((found,),) = rows_of(last_order_day(self.orders))
        return None if found is None else date.fromisoformat(str(found)[:10])

    def features_at(self, day: date) -> Features:
        """Every number of `customer_metrics` as of the day, and the traits."""
        metrics = self.keep(
            "metrics",
            metrics_of(
                self.orders,
                as_of=day,
                refunds=self.facts.get("refunds"),
                lines=self.facts.get("lines"),
                products=self.facts.get("products"),
                visits=self.facts.get("visits"),
                interactions=self.facts.get("interactions"),
                customers=self.facts.get("customers"),
                windows=self.windows,
                key=KEY,
                keep=self.keep,
            ),
        )
        names = [each.column for each in feature_attributes(metrics, self.windows)]
        keys, values = matrix(features(metrics, names, KEY), names)
        sources: dict[str, Source] = dict.fromkeys(names, "facts")
        then: dict[str, Floats] = {}
        if "traits" in self.given:
            recorded = self.given.get(f"then_{day:%Y%m%d}")
            traits = self._traits(self.given["traits"], names)
            now = aligned(self.given["traits"], traits, keys)
            there = set(columns_of(recorded)) if recorded is not None else set()
            sources |= {name: "recorded_then" if name in there else "recorded_now" for name in traits}
            if recorded is not None:
                told = [name for name in traits if name in there]
                past = aligned(recorded, told, keys)
                then = {name: past[:, place] for place, name in enumerate(told)}
            names, values = [*names, *traits], np.column_stack([values, now])
        return Features(tuple(keys), tuple(names), values, sources, then)

    def _traits(self, traits: Frame, taken: Sequence[str]) -> list[str]:
        require_columns(traits, (KEY,), "traits")
        schema = traits.collect_schema()
        doubled = sorted(set(taken) & set(schema.names()))
        if doubled:
            said = f"traits have columns that facts tell already: {', '.join(doubled)}"
            raise TierwiseError("bad_column", said, place="traits", remedy="leave them out, or name them otherwise")
        return [name for name, kind in schema.items() if name != KEY and (kind.is_numeric() or kind == nw.Boolean)]

    def spent_after(self, after: date, until: date, keys: Sequence[Any]) -> Spent:
        """Orders and money of these customers in (after, until]."""
        rows = rows_of(
            spent_after(self.orders, after=after, until=until, key=KEY).select(KEY, "order_count", "net_minor")
        )
        spent = {key: (many, net) for key, many, net in rows}
        found = np.array([spent.get(key, (0, 0)) for key in keys], np.int64).reshape(len(keys), 2)
        return Spent(found[:, 0], found[:, 1])


def matrix(frame: Frame, names: Sequence[str], key: str = KEY) -> tuple[list[Any], Floats]:
    """The keys in ascending order, and the named columns of their rows; missing is NaN."""
    table = frame.select(key, *names).collect(backend="pyarrow").to_arrow()
    table = table.sort_by(key)
    columns = [
        np.asarray(table.column(name).cast(pa.float64()).fill_null(float("nan")).to_numpy(), np.float64)
        for name in names
    ]
    values: Floats = np.column_stack(columns) if columns else np.zeros((table.num_rows, 0))
    return table.column(key).to_pylist(), values


def aligned(frame: Frame, names: Sequence[str], keys: Sequence[Any]) -> Floats:
    """The named columns in the order of keys; NaN for who is not there. Raises `bad_value` where one is there twice."""
    schema = frame.collect_schema()
    floats = [
        (nw.when(nw.col(name)).then(nw.lit(1.0)).when(~nw.col(name)).then(nw.lit(0.0)).alias(name))
        if schema[name] == nw.Boolean
        else nw.col(name).cast(nw.Float64).alias(name)
        for name in names
    ]
    found, values = matrix(frame.filter(~nw.col(KEY).is_null()).select(KEY, *floats), names)
    at = {each: place for place, each in enumerate(found)}
    if len(at) != len(found):
        raise TierwiseError("bad_value", "traits have a customer in more than one row", place="traits")
    picked = np.full((len(keys), len(names)), np.nan)
    for row, each in enumerate(keys):
        if each in at:
            picked[row] = values[at[each]]
    return picked
