-- The six clauses of benchmarks/counts.py by hand, over the same columns in a native table. Money in minor units.
SELECT count(*)
FROM profile
WHERE recency_days <= 90
  AND frequency_count >= 3
  AND monetary_amount_minor > 500000
  AND trait_city IN ('上海', '北京')
  AND age_years BETWEEN 25 AND 45
  AND rfm_cell <> '000';
