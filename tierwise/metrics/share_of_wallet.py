"""Share of wallet: what a customer needs in all, as far as it can be known, how much of it we sell, and the gap.

What a customer buys elsewhere is in no data of ours. It is estimated from peers: customers alike in given attributes
(vehicle model and age, household, branch and head-count), of whom the best served show what such a customer buys when
nearly all is bought with us: a high quantile of what peers spend (C. Perlich, S. Rosset, R. Lawrence and B. Zadrozny,
High-quantile modeling for customer wallet estimation and other applications, KDD 2007).
A need that is known, from a survey or a contract, is taken in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame, columns_of, missing, quotient, require_columns

TOO_FEW_PEERS = "too_few_peers"
PEERS_UNKNOWN = "peer_attribute_missing"
NO_NEED = "no_need"
GIVEN = "given"
PEERS = "peers"


def share_of_wallet(
    customers: Frame,
    *,
    peers: Sequence[str],
    spent: str = "net_minor",
    given_need: str | None = None,
    need_quantile: float | Fraction = 0.9,
    min_peers: int = 30,
    key: str = "customer_key",
) -> Frame:
    """One row per customer: `key, net_minor, peer_count, need_minor, need_source, share_of_wallet, gap_minor, reason`.

    customers: one row each with what was bought from us in a period (a year, say; the same for all), 0 for nothing, and
    the attributes that make peers; given_need: a column with a known need in minor units, null where it is not known.

    need_minor: the given one, else the need_quantile of what the customer's peers, himself among them, spend: the
    smallest amount that at least so many of them do not exceed (type 1, no interpolation; in whole numbers); never
    less than what is bought already. need_source: `given` or `peers`. share_of_wallet: spent / need, at most 1, 0 for
    what is not positive; gap_minor: need - spent, spent taken as at least 0. peer_count: customers with the same
    attributes.

    Null, with the reason: `peer_attribute_missing` where one of the attributes is null, `too_few_peers` below
    min_peers, `no_need` where the need comes to nothing. An estimate is as good as the attributes: where peers differ
    in need, those with little need seem to have a gap. Raises `missing_column`, `bad_value`.
    """
    share = Fraction(str(need_quantile))
    if not 0 < share <= 1:
        raise TierwiseError(
            "bad_value", f"need_quantile is {need_quantile}", place="need_quantile", remedy="above 0, up to 1"
        )
    if min_peers < 1 or not peers:
        raise TierwiseError("bad_value", "peers are told by one attribute or more, and min_peers is 1 or more")
    needed = [key, spent, *peers] + ([given_need] if given_need else [])
    require_columns(customers, needed, "customers")
    known = customers.filter(~nw.col(key).is_null())
    unknown = nw.any_horizontal(*(nw.col(name).is_null() for name in peers), ignore_nulls=False)
    people = known.select(
        nw.col(key),
        nw.col(spent).fill_null(0).cast(nw.Int64).alias("net_minor"),
        (nw.col(given_need).cast(nw.Int64) if given_need else missing(nw.Int64)).alias("given__"),
        *(nw.col(name).alias(f"peer_{place}__") for place, name in enumerate(peers)),
        nw.when(unknown).then(nw.lit(1)).otherwise(nw.lit(0)).alias("unknown__"),
    )
    groups = [name for name in columns_of(people) if name.startswith("peer_")]
    told = people.join(_needs(people, groups, share, key), on=groups, how="left")
    of_peers = (nw.col("unknown__") == 0) & (nw.col("peer_count") >= min_peers)
    need = (
        nw.when(~nw.col("given__").is_null())
        .then(nw.col("given__"))
        .when(of_peers.fill_null(False))
        .then(nw.col("need__"))
    )
    source = (
        nw.when(~nw.col("given__").is_null()).then(nw.lit(GIVEN)).when(of_peers.fill_null(False)).then(nw.lit(PEERS))
    )
    bought = nw.max_horizontal(nw.col("net_minor"), nw.lit(0))
    at_least = told.with_columns(need.alias("need__"), source.alias("source__"), bought.alias("bought__"))
    raised = nw.when(~nw.col("need__").is_null()).then(nw.max_horizontal(nw.col("need__"), nw.col("bought__")))
    whole = at_least.with_columns(raised.alias("need__"))
    some = nw.col("need__") > 0
    return whole.select(
        key,
        "net_minor",
        nw.when(nw.col("unknown__") == 0).then(nw.col("peer_count")).cast(nw.Int64).alias("peer_count"),
        nw.when(some).then(nw.col("need__")).alias("need_minor"),
        nw.when(some).then(nw.col("source__")).alias("need_source"),
        quotient(nw.col("bought__"), nw.col("need__")).alias("share_of_wallet"),
        nw.when(some).then(nw.col("need__") - nw.col("bought__")).alias("gap_minor"),
        nw.when(some)
        .then(missing(nw.String))
        .when(~nw.col("source__").is_null())
        .then(nw.lit(NO_NEED))
        .when(nw.col("unknown__") == 1)
        .then(nw.lit(PEERS_UNKNOWN))
        .otherwise(nw.lit(TOO_FEW_PEERS))
        .alias("reason"),
    )


def _needs(people: Frame, groups: list[str], share: Fraction, key: str) -> Frame:
    """Of each group without a null: how many are in it, and the smallest amount that the share of them does not
    exceed."""
    above, below = share.as_integer_ratio()
    inside = people.filter(nw.col("unknown__") == 0)
    amounts = inside.group_by(*groups, "net_minor").agg(nw.len().cast(nw.Int64).alias("many__"))
    sizes = inside.group_by(*groups).agg(nw.len().cast(nw.Int64).alias("peer_count"))
    up_to = nw.col("many__").cum_sum().over(*groups, order_by="net_minor").cast(nw.Int64)
    reached = (
        amounts.with_columns(up_to.alias("up_to__"))
        .join(sizes, on=groups, how="inner")
        .filter(nw.col("up_to__") * below >= nw.col("peer_count") * above)
    )
    return reached.group_by(*groups, "peer_count").agg(nw.col("net_minor").min().alias("need__"))
