-- The profile of a run, as one would write it by hand for DuckDB: the same columns, the same rows, to Parquet.
--
-- Reads: orders, refunds, customers, identities (views of the same Parquet files that a run reads).
-- $as_of, $profile and $stores are filled in by hand_written.py; everything that a definition says (windows of
-- 30, 90, 365 days, quintiles, the retail ladder) stands here as numbers. Facts that the business does not have (order
-- lines, visits, interactions) are the constants that they come to.

-- Each window is a grouping of its own rows: half the time of sums with FILTER over everything. The lag brings the rows
-- of a customer together, so the sums over the whole life are taken from its output.
CREATE TEMP TABLE life AS
WITH whole AS (
    SELECT
        source_key,
        count(*) AS n,
        sum(gross_minor)::BIGINT AS gross,
        sum(discount_minor)::BIGINT AS discount,
        sum(coupon_minor)::BIGINT AS coupon,
        sum(cost_minor)::BIGINT AS cost,
        count(cost_minor) AS costed,
        count(*) FILTER (discount_minor > 0 OR coupon_minor > 0) AS promoted,
        count(*) FILTER (coupon_minor > 0) AS with_coupon,
        min(ordered_day) AS first_day,
        max(ordered_day) AS last_day,
        max(gross_minor - discount_minor - coupon_minor) AS largest,
        min(gross_minor - discount_minor - coupon_minor) AS smallest,
        count(*) FILTER (gap > 0) AS gaps,
        sum(gap * gap)::BIGINT AS squares
    FROM (
        SELECT
            source_key, ordered_day, gross_minor, discount_minor, coupon_minor, cost_minor,
            ordered_day - lag(ordered_day) OVER (PARTITION BY source_key ORDER BY ordered_day) AS gap
        FROM orders
        WHERE source_key IS NOT NULL AND ordered_day <= DATE '$as_of'
    )
    GROUP BY source_key
), in_365 AS (
    SELECT
        source_key, count(*) AS n, sum(gross_minor)::BIGINT AS gross,
        sum(gross_minor - discount_minor - coupon_minor)::BIGINT AS net, sum(cost_minor)::BIGINT AS cost,
        count(cost_minor) AS costed, count(*) FILTER (discount_minor > 0 OR coupon_minor > 0) AS promoted
    FROM orders
    WHERE source_key IS NOT NULL AND ordered_day <= DATE '$as_of' AND ordered_day > DATE '$as_of' - 365
    GROUP BY source_key
), in_90 AS (
    SELECT
        source_key, count(*) AS n, sum(gross_minor)::BIGINT AS gross,
        sum(gross_minor - discount_minor - coupon_minor)::BIGINT AS net, sum(cost_minor)::BIGINT AS cost,
        count(cost_minor) AS costed, count(*) FILTER (discount_minor > 0 OR coupon_minor > 0) AS promoted
    FROM orders
    WHERE source_key IS NOT NULL AND ordered_day <= DATE '$as_of' AND ordered_day > DATE '$as_of' - 90
    GROUP BY source_key
), in_30 AS (
    SELECT
        source_key, count(*) AS n, sum(gross_minor)::BIGINT AS gross,
        sum(gross_minor - discount_minor - coupon_minor)::BIGINT AS net, sum(cost_minor)::BIGINT AS cost,
        count(cost_minor) AS costed, count(*) FILTER (discount_minor > 0 OR coupon_minor > 0) AS promoted
    FROM orders
    WHERE source_key IS NOT NULL AND ordered_day <= DATE '$as_of' AND ordered_day > DATE '$as_of' - 30
    GROUP BY source_key
), places AS (
    SELECT source_key, count(*) AS stores, arg_min(store_id, (-times, store_id)) AS main
    FROM (
        SELECT source_key, store_id, count(*) AS times
        FROM orders
        WHERE source_key IS NOT NULL AND store_id IS NOT NULL AND ordered_day <= DATE '$as_of'
        GROUP BY source_key, store_id
    )
    GROUP BY source_key
)
SELECT
    w.*,
    y.n AS n_365, y.gross AS gross_365, y.net AS net_365, y.cost AS cost_365, y.costed AS costed_365, y.promoted AS promoted_365,
    q.n AS n_90, q.gross AS gross_90, q.net AS net_90, q.cost AS cost_90, q.costed AS costed_90, q.promoted AS promoted_90,
    m.n AS n_30, m.gross AS gross_30, m.net AS net_30, m.cost AS cost_30, m.costed AS costed_30, m.promoted AS promoted_30,
    p.stores, p.main
FROM whole w
LEFT JOIN in_365 y USING (source_key)
LEFT JOIN in_90 q USING (source_key)
LEFT JOIN in_30 m USING (source_key)
LEFT JOIN places p USING (source_key);

CREATE TEMP TABLE metrics AS
WITH back AS (
    SELECT
        source_key,
        count(*) AS n, sum(amount_minor)::BIGINT AS amount, max(refunded_day) AS last_day,
        count(*) FILTER (refunded_day > DATE '$as_of' - 365) AS n_365,
        count(*) FILTER (refunded_day > DATE '$as_of' - 90) AS n_90,
        count(*) FILTER (refunded_day > DATE '$as_of' - 30) AS n_30,
        COALESCE(sum(amount_minor) FILTER (refunded_day > DATE '$as_of' - 365), 0)::BIGINT AS amount_365,
        COALESCE(sum(amount_minor) FILTER (refunded_day > DATE '$as_of' - 90), 0)::BIGINT AS amount_90,
        COALESCE(sum(amount_minor) FILTER (refunded_day > DATE '$as_of' - 30), 0)::BIGINT AS amount_30
    FROM refunds
    WHERE source_key IS NOT NULL AND refunded_day <= DATE '$as_of'
    GROUP BY source_key
), people AS (
    SELECT
        source_key, gender, birth_on,
        timezone('Asia/Shanghai', registered_at)::DATE AS registered, timezone('Asia/Shanghai', closed_at)::DATE AS closed
    FROM customers
    WHERE known_from IS NULL OR known_from <= DATE '$as_of'
), summed AS (
    SELECT
        source_key,
        l.* EXCLUDE (source_key),
        COALESCE(l.n, 0) AS orders,
        COALESCE(l.gross, 0) - COALESCE(l.discount, 0) - COALESCE(l.coupon, 0) AS sold,
        COALESCE(l.gross, 0) - COALESCE(l.discount, 0) - COALESCE(l.coupon, 0) - COALESCE(b.amount, 0) AS net,
        COALESCE(l.net_365, 0) - COALESCE(b.amount_365, 0) AS net_less_365,
        COALESCE(l.net_90, 0) - COALESCE(b.amount_90, 0) AS net_less_90,
        COALESCE(l.net_30, 0) - COALESCE(b.amount_30, 0) AS net_less_30,
        CASE WHEN COALESCE(l.costed, 0) = COALESCE(l.n, 0) THEN COALESCE(l.cost, 0) END AS known,
        CASE WHEN COALESCE(l.costed_365, 0) = COALESCE(l.n_365, 0) THEN COALESCE(l.cost_365, 0) END AS known_365,
        CASE WHEN COALESCE(l.costed_90, 0) = COALESCE(l.n_90, 0) THEN COALESCE(l.cost_90, 0) END AS known_90,
        CASE WHEN COALESCE(l.costed_30, 0) = COALESCE(l.n_30, 0) THEN COALESCE(l.cost_30, 0) END AS known_30,
        l.last_day - l.first_day AS span,
        b.n AS backs, b.n_365 AS backs_365, b.n_90 AS backs_90, b.n_30 AS backs_30,
        b.amount AS back, b.amount_365 AS back_365, b.amount_90 AS back_90, b.amount_30 AS back_30, b.last_day AS last_back,
        p.gender,
        CASE WHEN p.registered <= DATE '$as_of' THEN p.registered END AS registered_on,
        CASE WHEN p.closed <= DATE '$as_of' THEN p.closed END AS closed_on,
        CASE WHEN p.birth_on <= DATE '$as_of' THEN p.birth_on END AS birth_on
    FROM life l
    FULL JOIN back b USING (source_key)
    FULL JOIN people p USING (source_key)
)
SELECT
    i.id AS customer_id,
    s.source_key AS customer_key,
    DATE '$as_of' - last_day AS recency_days,
    orders AS frequency_count,
    COALESCE(n_30, 0) AS frequency_count_30d,
    COALESCE(n_90, 0) AS frequency_count_90d,
    COALESCE(n_365, 0) AS frequency_count_365d,
    net AS monetary_amount_minor,
    net_less_30 AS monetary_amount_30d_minor,
    net_less_90 AS monetary_amount_90d_minor,
    net_less_365 AS monetary_amount_365d_minor,
    COALESCE(gross, 0) AS monetary_amount_gross_minor,
    COALESCE(gross_30, 0) AS monetary_amount_gross_30d_minor,
    COALESCE(gross_90, 0) AS monetary_amount_gross_90d_minor,
    COALESCE(gross_365, 0) AS monetary_amount_gross_365d_minor,
    net - known AS profit_amount_minor,
    net_less_30 - known_30 AS profit_amount_30d_minor,
    net_less_90 - known_90 AS profit_amount_90d_minor,
    net_less_365 - known_365 AS profit_amount_365d_minor,
    COALESCE(promoted, 0) AS promotion_order_count,
    COALESCE(promoted_30, 0) AS promotion_order_count_30d,
    COALESCE(promoted_90, 0) AS promotion_order_count_90d,
    COALESCE(promoted_365, 0) AS promotion_order_count_365d,
    COALESCE(back, 0) AS refund_amount_minor,
    COALESCE(back_30, 0) AS refund_amount_30d_minor,
    COALESCE(back_90, 0) AS refund_amount_90d_minor,
    COALESCE(back_365, 0) AS refund_amount_365d_minor,
    COALESCE(backs, 0) AS refund_count,
    COALESCE(backs_30, 0) AS refund_count_30d,
    COALESCE(backs_90, 0) AS refund_count_90d,
    COALESCE(backs_365, 0) AS refund_count_365d,
    first_day AS first_ordered_on,
    last_day AS last_ordered_on,
    DATE '$as_of' - first_day AS tenure_days,
    COALESCE(gaps + 1, 0) AS order_days_count,
    CASE WHEN gaps > 0 THEN span / gaps END AS mean_interval_days,
    CASE WHEN gaps > 1 THEN sqrt((gaps * squares - span * span) / (gaps * (gaps - 1))) END AS interval_deviation_days,
    CASE WHEN orders > 0 THEN sign(net) * ((2 * abs(net) + orders) // (2 * orders)) END AS net_sales_per_order_minor,
    largest AS max_order_amount_minor,
    smallest AS min_order_amount_minor,
    COALESCE(discount, 0) AS discount_amount_minor,
    COALESCE(coupon, 0) AS coupon_amount_minor,
    CASE WHEN gross > 0 THEN discount / gross END AS discount_share,
    CASE WHEN gross > 0 THEN coupon / gross END AS coupon_share,
    COALESCE(with_coupon, 0) AS coupon_order_count,
    CASE WHEN orders > 0 THEN promoted / orders END AS promotion_order_share,
    known AS cost_amount_minor,
    CASE WHEN net > 0 THEN (net - known) / net END AS profit_share,
    COALESCE(stores, 0) AS distinct_store_count,
    main AS main_store_id,
    CASE WHEN sold > 0 THEN COALESCE(back, 0) / sold END AS refund_share,
    last_back AS last_refunded_on,
    registered_on,
    DATE '$as_of' - registered_on AS days_since_registered,
    closed_on,
    birth_on,
    year(DATE '$as_of') - year(birth_on)
        - (month(birth_on) * 100 + day(birth_on) > month(DATE '$as_of') * 100 + day(DATE '$as_of'))::INTEGER AS age_years,
    gender
FROM summed s
JOIN identities i USING (source_key);

COPY (
    WITH cuts AS (
        SELECT
            quantile_cont(recency_days, [0.2, 0.4, 0.6, 0.8]) AS r,
            quantile_cont(frequency_count, [0.2, 0.4, 0.6, 0.8]) AS f,
            quantile_cont(monetary_amount_minor, [0.2, 0.4, 0.6, 0.8]) AS m
        FROM metrics
        WHERE frequency_count > 0
    ), scored AS (
        SELECT
            x.*,
            CASE WHEN frequency_count > 0 THEN
                5 - (recency_days > r[1])::INT - (recency_days > r[2])::INT - (recency_days > r[3])::INT - (recency_days > r[4])::INT
            END AS r_score,
            CASE WHEN frequency_count > 0 THEN
                1 + (frequency_count > f[1])::INT + (frequency_count > f[2])::INT
                  + (frequency_count > f[3])::INT + (frequency_count > f[4])::INT
            END AS f_score,
            CASE WHEN frequency_count > 0 THEN
                1 + (monetary_amount_minor > m[1])::INT + (monetary_amount_minor > m[2])::INT
                  + (monetary_amount_minor > m[3])::INT + (monetary_amount_minor > m[4])::INT
            END AS m_score
        FROM metrics x, cuts
    ), means AS (
        SELECT avg(r_score) AS r_mean, avg(f_score) AS f_mean, avg(m_score) AS m_mean FROM scored
    ), parts AS (
        SELECT customer_key, ntile(10) OVER (ORDER BY monetary_amount_minor DESC, customer_id) AS spend_decile
        FROM metrics
        WHERE frequency_count > 0
    ), silent AS (
        SELECT
            s.*,
            d.spend_decile,
            n.*,
            DATE '$as_of' - last_ordered_on AS silent_days,
            greatest(45, least(365, CASE WHEN order_days_count > 2 THEN floor(mean_interval_days * 2.0 + 0.5)::BIGINT ELSE 180 END))
                AS normal_silence_days
        FROM scored s
        LEFT JOIN parts d USING (customer_key), means n
    )
    SELECT
        customer_id, customer_key, recency_days::BIGINT AS recency_days,
        frequency_count, frequency_count_30d, frequency_count_90d, frequency_count_365d,
        monetary_amount_minor, monetary_amount_30d_minor, monetary_amount_90d_minor, monetary_amount_365d_minor,
        monetary_amount_gross_minor, monetary_amount_gross_30d_minor, monetary_amount_gross_90d_minor,
        monetary_amount_gross_365d_minor,
        profit_amount_minor, profit_amount_30d_minor, profit_amount_90d_minor, profit_amount_365d_minor,
        promotion_order_count, promotion_order_count_30d, promotion_order_count_90d, promotion_order_count_365d,
        refund_amount_minor, refund_amount_30d_minor, refund_amount_90d_minor, refund_amount_365d_minor,
        refund_count, refund_count_30d, refund_count_90d, refund_count_365d,
        first_ordered_on, last_ordered_on, tenure_days::BIGINT AS tenure_days, order_days_count,
        mean_interval_days, interval_deviation_days,
        net_sales_per_order_minor::BIGINT AS net_sales_per_order_minor, max_order_amount_minor, min_order_amount_minor,
        discount_amount_minor, coupon_amount_minor, discount_share, coupon_share, coupon_order_count, promotion_order_share,
        cost_amount_minor, profit_share, distinct_store_count, main_store_id, refund_share, last_refunded_on,
        0::BIGINT AS line_count, 0.0::DOUBLE AS unit_count,
        NULL::DOUBLE AS units_per_order,
        0::BIGINT AS distinct_product_count, 0::BIGINT AS distinct_category_count,
        NULL::VARCHAR AS main_category, NULL::DOUBLE AS category_interval_days,
        0::BIGINT AS visit_count, 0::BIGINT AS visit_count_30d, 0::BIGINT AS visit_count_90d, 0::BIGINT AS visit_count_365d,
        0::BIGINT AS paid_visit_count, 0::BIGINT AS paid_visit_count_30d, 0::BIGINT AS paid_visit_count_90d,
        0::BIGINT AS paid_visit_count_365d,
        NULL::DATE AS first_visited_on, NULL::DATE AS last_visited_on, NULL::BIGINT AS days_since_last_visit,
        NULL::DATE AS last_paid_visited_on, NULL::BIGINT AS days_since_last_paid_visit, 0::BIGINT AS visit_days_count,
        NULL::DOUBLE AS mean_visit_interval_days,
        0::BIGINT AS interaction_count, 0::BIGINT AS interaction_count_30d, 0::BIGINT AS interaction_count_90d,
        0::BIGINT AS interaction_count_365d, 0::BIGINT AS interaction_seconds,
        NULL::DATE AS first_interacted_on, NULL::DATE AS last_interacted_on, NULL::BIGINT AS days_since_last_interaction,
        0::BIGINT AS interaction_days_count, NULL::DOUBLE AS mean_interaction_interval_days,
        registered_on, days_since_registered::BIGINT AS days_since_registered, closed_on, birth_on, age_years::BIGINT AS age_years, gender,
        r_score::BIGINT AS r_score, f_score::BIGINT AS f_score, m_score::BIGINT AS m_score,
        CASE WHEN r_score IS NULL THEN 'no_orders' END AS rfm_reason,
        r_score::VARCHAR || f_score::VARCHAR || m_score::VARCHAR AS rfm_score,
        (r_score > r_mean)::INT::VARCHAR || (f_score > f_mean)::INT::VARCHAR || (m_score > m_mean)::INT::VARCHAR AS rfm_cell,
        spend_decile,
        CASE
            WHEN tenure_days < 30 THEN 'new'
            WHEN frequency_count_90d >= 4 THEN 'active_high'
            WHEN frequency_count_90d >= 2 THEN 'active_mid'
            WHEN frequency_count_90d >= 1 THEN 'active_low'
            WHEN recency_days < 365 THEN 'sleeping'
            ELSE 'inactive'
        END AS activity,
        silent_days::BIGINT AS silent_days, normal_silence_days::BIGINT AS normal_silence_days,
        (silent_days - normal_silence_days)::BIGINT AS overdue_days,
        CASE
            WHEN closed_on IS NOT NULL THEN 'lost'
            WHEN silent_days - normal_silence_days >= 365 THEN 'lost_presumed'
            WHEN silent_days - normal_silence_days > 0 THEN 'dormant'
            WHEN spend_decile <= 1 AND frequency_count >= 3 THEN 'vip'
            WHEN frequency_count >= 2 THEN 'repeat'
            WHEN frequency_count >= 1 THEN 'first_purchase'
            WHEN registered_on IS NOT NULL THEN 'registered'
            ELSE 'visitor'
        END AS lifecycle_stage,
        NULL::VARCHAR AS lifecycle_stage_reason
    FROM silent
) TO '$profile' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1);

COPY (
    WITH sold AS (
        SELECT
            store_id,
            count(*) AS orders,
            count(source_key) AS identified_orders,
            sum(gross_minor)::BIGINT AS gross,
            COALESCE(sum(gross_minor) FILTER (source_key IS NOT NULL), 0)::BIGINT AS identified_gross,
            sum(discount_minor)::BIGINT AS discount,
            sum(coupon_minor)::BIGINT AS coupon
        FROM orders
        WHERE ordered_day <= DATE '$as_of'
        GROUP BY store_id
    ), back AS (
        SELECT store_id, sum(amount_minor)::BIGINT AS back
        FROM refunds
        WHERE refunded_day <= DATE '$as_of'
        GROUP BY store_id
    )
    SELECT
        NULL::VARCHAR AS store_name,
        COALESCE(s.store_id, b.store_id) AS store_id,
        COALESCE(orders, 0) AS orders,
        COALESCE(identified_orders, 0) AS identified_orders,
        COALESCE(gross, 0) AS monetary_amount_gross_minor,
        COALESCE(identified_gross, 0) AS identified_gross_minor,
        COALESCE(discount, 0) AS discount_amount_minor,
        COALESCE(coupon, 0) AS coupon_amount_minor,
        COALESCE(back, 0) AS refund_amount_minor,
        COALESCE(gross, 0) - COALESCE(discount, 0) - COALESCE(coupon, 0) - COALESCE(back, 0) AS monetary_amount_minor,
        identified_orders / orders AS identified_order_share,
        CASE WHEN gross > 0 THEN identified_gross / gross END AS identified_amount_share
    FROM sold s
    FULL JOIN back b ON s.store_id IS NOT DISTINCT FROM b.store_id
    ORDER BY store_id
) TO '$stores' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1);
