-- One plain grouping of the orders by customer: what everything else is held against.
CREATE TEMP TABLE plain AS
SELECT source_key, count(*), sum(gross_minor), min(gross_minor), max(gross_minor)
FROM orders
GROUP BY source_key;
