-- The rules of behavioural_rules.py by hand, for DuckDB; `python -m benchmarks.rules` writes this.
--
-- A year's lines are kept once, narrow. Which product is asked for by which rule, from which day on, is a
-- table that the lines are joined with; customers are grouped by rule, and each rule's bound decides.
-- Two hundred sparse queries over the same lines (`sql_one_by_one`) took longer.
CREATE TYPE category AS ENUM (SELECT DISTINCT category FROM products ORDER BY 1);
CREATE TYPE above AS ENUM (SELECT DISTINCT split_part(category, ' > ', 1) FROM products ORDER BY 1);
CREATE TYPE brand AS ENUM (SELECT DISTINCT brand FROM products ORDER BY 1);
CREATE TABLE sold AS
SELECT
    product_id, row_number() OVER ()::INTEGER AS number, category::category AS category,
    split_part(category, ' > ', 1)::above AS above, brand::brand AS brand
FROM products;
CREATE TABLE lines AS
SELECT o.customer_key, o.ordered_day AS day, l.amount_minor, p.number
FROM order_lines l JOIN orders o USING (order_id) JOIN sold p USING (product_id)
WHERE o.customer_key IS NOT NULL AND o.ordered_day <= DATE '2026-06-30' AND o.ordered_day > DATE '2025-06-30';
CREATE TABLE asked AS
SELECT number, 0::SMALLINT AS rule, DATE '2026-05-22' AS since FROM sold WHERE above = '类9'
UNION ALL SELECT number, 1::SMALLINT AS rule, DATE '2025-10-25' AS since FROM sold WHERE category IN ('类5 > 类57', '类6 > 类63', '类9 > 类97')
UNION ALL SELECT number, 2::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 3::SMALLINT AS rule, DATE '2026-02-26' AS since FROM sold WHERE brand IN ('B0', 'B17', 'B28', 'B38')
UNION ALL SELECT number, 4::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE category = '类4 > 类40'
UNION ALL SELECT number, 5::SMALLINT AS rule, DATE '2025-09-19' AS since FROM sold WHERE category = '类8 > 类83'
UNION ALL SELECT number, 6::SMALLINT AS rule, DATE '2025-07-07' AS since FROM sold WHERE category = '类4 > 类48'
UNION ALL SELECT number, 7::SMALLINT AS rule, DATE '2026-06-02' AS since FROM sold WHERE brand IN ('B33')
UNION ALL SELECT number, 8::SMALLINT AS rule, DATE '2026-01-26' AS since FROM sold WHERE brand IN ('B14', 'B22', 'B29', 'B35')
UNION ALL SELECT number, 9::SMALLINT AS rule, DATE '2025-08-05' AS since FROM sold WHERE brand IN ('B11')
UNION ALL SELECT number, 10::SMALLINT AS rule, DATE '2025-10-10' AS since FROM sold WHERE category IN ('类4 > 类42', '类9 > 类92', '类9 > 类95')
UNION ALL SELECT number, 11::SMALLINT AS rule, DATE '2025-08-27' AS since FROM sold WHERE brand IN ('B18', 'B19')
UNION ALL SELECT number, 12::SMALLINT AS rule, DATE '2026-06-11' AS since FROM sold WHERE above = '类6' AND brand IN ('B11', 'B12', 'B14', 'B15', 'B16', 'B2', 'B21', 'B23', 'B24', 'B25', 'B26', 'B28', 'B3', 'B30', 'B31', 'B33', 'B5')
UNION ALL SELECT number, 13::SMALLINT AS rule, DATE '2026-06-01' AS since FROM sold WHERE category = '类6 > 类60'
UNION ALL SELECT number, 14::SMALLINT AS rule, DATE '2025-09-16' AS since FROM sold WHERE above = '类9' AND brand IN ('B0', 'B10', 'B11', 'B12', 'B14', 'B16', 'B18', 'B21', 'B25', 'B27', 'B29', 'B32', 'B35', 'B36', 'B38', 'B39', 'B8')
UNION ALL SELECT number, 15::SMALLINT AS rule, DATE '2025-10-04' AS since FROM sold WHERE category = '类4 > 类49'
UNION ALL SELECT number, 16::SMALLINT AS rule, DATE '2025-09-09' AS since FROM sold WHERE above = '类8'
UNION ALL SELECT number, 17::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE brand IN ('B30')
UNION ALL SELECT number, 18::SMALLINT AS rule, DATE '2026-05-08' AS since FROM sold WHERE above = '类3' AND brand IN ('B0', 'B1', 'B17', 'B18', 'B20', 'B21', 'B22', 'B25', 'B26', 'B27', 'B29', 'B31', 'B37', 'B39', 'B5', 'B7')
UNION ALL SELECT number, 19::SMALLINT AS rule, DATE '2026-05-12' AS since FROM sold WHERE category IN ('类0 > 类9', '类8 > 类86')
UNION ALL SELECT number, 20::SMALLINT AS rule, DATE '2026-02-16' AS since FROM sold WHERE brand IN ('B17')
UNION ALL SELECT number, 21::SMALLINT AS rule, DATE '2026-01-26' AS since FROM sold WHERE category IN ('类2 > 类23', '类4 > 类44', '类7 > 类79')
UNION ALL SELECT number, 22::SMALLINT AS rule, DATE '2026-06-10' AS since FROM sold WHERE above = '类2'
UNION ALL SELECT number, 23::SMALLINT AS rule, DATE '2025-07-27' AS since FROM sold WHERE above = '类4'
UNION ALL SELECT number, 24::SMALLINT AS rule, DATE '2025-11-20' AS since FROM sold WHERE category IN ('类0 > 类3', '类1 > 类14', '类3 > 类39', '类4 > 类41', '类4 > 类43', '类4 > 类49', '类6 > 类60', '类6 > 类63', '类8 > 类89')
UNION ALL SELECT number, 25::SMALLINT AS rule, DATE '2026-03-08' AS since FROM sold WHERE category IN ('类3 > 类32', '类6 > 类65', '类9 > 类93')
UNION ALL SELECT number, 26::SMALLINT AS rule, DATE '2025-07-11' AS since FROM sold WHERE above = '类6' AND brand IN ('B1', 'B10', 'B14', 'B2', 'B25', 'B28', 'B32', 'B9')
UNION ALL SELECT number, 27::SMALLINT AS rule, DATE '2026-06-03' AS since FROM sold WHERE above = '类3' AND brand IN ('B1', 'B14', 'B2', 'B20', 'B23', 'B24', 'B25', 'B27', 'B28', 'B29', 'B3', 'B33', 'B34', 'B35', 'B39', 'B4', 'B6', 'B9')
UNION ALL SELECT number, 28::SMALLINT AS rule, DATE '2025-09-07' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 29::SMALLINT AS rule, DATE '2025-09-09' AS since FROM sold WHERE above = '类0'
UNION ALL SELECT number, 30::SMALLINT AS rule, DATE '2025-07-18' AS since FROM sold WHERE above = '类3' AND brand IN ('B10', 'B12', 'B13', 'B15', 'B18', 'B2', 'B21', 'B22', 'B24', 'B28', 'B29', 'B3', 'B30', 'B31', 'B32', 'B37', 'B6')
UNION ALL SELECT number, 31::SMALLINT AS rule, DATE '2026-01-08' AS since FROM sold WHERE brand IN ('B1', 'B31', 'B32')
UNION ALL SELECT number, 32::SMALLINT AS rule, DATE '2026-06-01' AS since FROM sold WHERE category IN ('类2 > 类20', '类2 > 类25')
UNION ALL SELECT number, 33::SMALLINT AS rule, DATE '2026-03-29' AS since FROM sold WHERE above = '类2' AND brand IN ('B1', 'B13', 'B15', 'B17', 'B2', 'B22', 'B23', 'B24', 'B27', 'B31', 'B33', 'B4', 'B6')
UNION ALL SELECT number, 34::SMALLINT AS rule, DATE '2025-10-16' AS since FROM sold WHERE above = '类3' AND brand IN ('B16', 'B18', 'B19', 'B21', 'B23', 'B27', 'B32', 'B34', 'B37', 'B38', 'B39', 'B7')
UNION ALL SELECT number, 35::SMALLINT AS rule, DATE '2026-02-07' AS since FROM sold WHERE above = '类8' AND brand IN ('B12', 'B17', 'B18', 'B19', 'B2', 'B20', 'B21', 'B24', 'B25', 'B26', 'B27', 'B28', 'B3', 'B34', 'B37', 'B4', 'B6', 'B7', 'B8', 'B9')
UNION ALL SELECT number, 36::SMALLINT AS rule, DATE '2026-05-31' AS since FROM sold WHERE category IN ('类1 > 类13', '类1 > 类14', '类3 > 类35', '类5 > 类58', '类6 > 类68', '类7 > 类72')
UNION ALL SELECT number, 37::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE category = '类7 > 类78'
UNION ALL SELECT number, 38::SMALLINT AS rule, DATE '2026-04-26' AS since FROM sold WHERE category = '类5 > 类52'
UNION ALL SELECT number, 39::SMALLINT AS rule, DATE '2025-08-27' AS since FROM sold WHERE above = '类3'
UNION ALL SELECT number, 40::SMALLINT AS rule, DATE '2025-11-05' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 41::SMALLINT AS rule, DATE '2026-04-03' AS since FROM sold WHERE above = '类3'
UNION ALL SELECT number, 42::SMALLINT AS rule, DATE '2026-06-16' AS since FROM sold WHERE brand IN ('B16', 'B18', 'B34', 'B35')
UNION ALL SELECT number, 43::SMALLINT AS rule, DATE '2025-07-25' AS since FROM sold WHERE category = '类2 > 类26'
UNION ALL SELECT number, 44::SMALLINT AS rule, DATE '2026-06-18' AS since FROM sold WHERE category = '类0 > 类3'
UNION ALL SELECT number, 45::SMALLINT AS rule, DATE '2025-10-26' AS since FROM sold WHERE above = '类5' AND brand IN ('B16', 'B17', 'B19', 'B20', 'B22', 'B24', 'B25', 'B29', 'B36', 'B37', 'B38', 'B39', 'B4', 'B6', 'B7')
UNION ALL SELECT number, 46::SMALLINT AS rule, DATE '2025-12-21' AS since FROM sold WHERE category IN ('类2 > 类23', '类2 > 类25', '类2 > 类26', '类3 > 类31', '类3 > 类39', '类6 > 类69')
UNION ALL SELECT number, 47::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE category IN ('类1 > 类11', '类5 > 类57', '类9 > 类96')
UNION ALL SELECT number, 48::SMALLINT AS rule, DATE '2026-01-12' AS since FROM sold WHERE category IN ('类0 > 类5', '类2 > 类23', '类3 > 类39', '类4 > 类41', '类4 > 类49')
UNION ALL SELECT number, 49::SMALLINT AS rule, DATE '2025-08-22' AS since FROM sold WHERE category IN ('类1 > 类12', '类4 > 类42', '类6 > 类69', '类7 > 类74', '类7 > 类78')
UNION ALL SELECT number, 50::SMALLINT AS rule, DATE '2026-06-13' AS since FROM sold WHERE above = '类3'
UNION ALL SELECT number, 51::SMALLINT AS rule, DATE '2026-05-17' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 52::SMALLINT AS rule, DATE '2026-05-31' AS since FROM sold WHERE above = '类1' AND brand IN ('B0', 'B1', 'B10', 'B16', 'B18', 'B2', 'B21', 'B22', 'B23', 'B24', 'B25', 'B30', 'B31', 'B33', 'B39', 'B4', 'B5', 'B6', 'B9')
UNION ALL SELECT number, 53::SMALLINT AS rule, DATE '2026-03-10' AS since FROM sold WHERE category IN ('类1 > 类13', '类1 > 类16', '类3 > 类37', '类6 > 类65', '类7 > 类77', '类9 > 类90')
UNION ALL SELECT number, 54::SMALLINT AS rule, DATE '2025-09-21' AS since FROM sold WHERE above = '类0' AND brand IN ('B10', 'B11', 'B13', 'B14', 'B15', 'B17', 'B19', 'B2', 'B20', 'B21', 'B23', 'B24', 'B25', 'B26', 'B27', 'B3', 'B30', 'B35', 'B37', 'B8')
UNION ALL SELECT number, 55::SMALLINT AS rule, DATE '2026-01-01' AS since FROM sold WHERE category = '类5 > 类50'
UNION ALL SELECT number, 56::SMALLINT AS rule, DATE '2025-10-18' AS since FROM sold WHERE above = '类4'
UNION ALL SELECT number, 57::SMALLINT AS rule, DATE '2026-06-15' AS since FROM sold WHERE brand IN ('B3')
UNION ALL SELECT number, 58::SMALLINT AS rule, DATE '2025-07-07' AS since FROM sold WHERE above = '类2' AND brand IN ('B0', 'B10', 'B11', 'B14', 'B15', 'B16', 'B17', 'B20', 'B25', 'B27', 'B31', 'B32', 'B35', 'B37', 'B39', 'B5', 'B8')
UNION ALL SELECT number, 59::SMALLINT AS rule, DATE '2026-01-14' AS since FROM sold WHERE above = '类3'
UNION ALL SELECT number, 60::SMALLINT AS rule, DATE '2025-09-10' AS since FROM sold WHERE brand IN ('B21', 'B26')
UNION ALL SELECT number, 61::SMALLINT AS rule, DATE '2025-10-29' AS since FROM sold WHERE above = '类4' AND brand IN ('B10', 'B11', 'B13', 'B14', 'B17', 'B19', 'B22', 'B23', 'B27', 'B29', 'B3', 'B30', 'B32', 'B35', 'B36', 'B4', 'B5', 'B9')
UNION ALL SELECT number, 62::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE category = '类7 > 类77'
UNION ALL SELECT number, 63::SMALLINT AS rule, DATE '2025-11-17' AS since FROM sold WHERE brand IN ('B16', 'B9')
UNION ALL SELECT number, 64::SMALLINT AS rule, DATE '2025-08-12' AS since FROM sold WHERE above = '类0' AND brand IN ('B10', 'B16', 'B2', 'B20', 'B22', 'B23', 'B24', 'B25', 'B3', 'B32', 'B33', 'B34', 'B4', 'B5', 'B8')
UNION ALL SELECT number, 65::SMALLINT AS rule, DATE '2026-02-20' AS since FROM sold WHERE category = '类5 > 类56'
UNION ALL SELECT number, 66::SMALLINT AS rule, DATE '2026-04-20' AS since FROM sold WHERE brand IN ('B10', 'B20', 'B25', 'B28')
UNION ALL SELECT number, 67::SMALLINT AS rule, DATE '2026-06-07' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 68::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE above = '类6' AND brand IN ('B0', 'B1', 'B12', 'B15', 'B17', 'B18', 'B24', 'B28', 'B35')
UNION ALL SELECT number, 69::SMALLINT AS rule, DATE '2026-03-29' AS since FROM sold WHERE above = '类3' AND brand IN ('B11', 'B12', 'B13', 'B14', 'B16', 'B17', 'B18', 'B19', 'B21', 'B26', 'B34', 'B9')
UNION ALL SELECT number, 70::SMALLINT AS rule, DATE '2026-04-24' AS since FROM sold WHERE category IN ('类0 > 类3', '类1 > 类13', '类1 > 类15', '类2 > 类26', '类3 > 类36', '类4 > 类49', '类5 > 类53', '类7 > 类73', '类9 > 类98')
UNION ALL SELECT number, 71::SMALLINT AS rule, DATE '2025-11-05' AS since FROM sold WHERE above = '类0' AND brand IN ('B0', 'B10', 'B14', 'B16', 'B18', 'B19', 'B22', 'B23', 'B24', 'B27', 'B3', 'B31', 'B32', 'B36', 'B4', 'B8')
UNION ALL SELECT number, 72::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE category IN ('类1 > 类14', '类2 > 类26', '类4 > 类43', '类4 > 类48', '类5 > 类51', '类6 > 类63', '类7 > 类73', '类8 > 类82', '类8 > 类87', '类9 > 类93')
UNION ALL SELECT number, 73::SMALLINT AS rule, DATE '2025-11-05' AS since FROM sold WHERE category IN ('类2 > 类21', '类2 > 类25', '类3 > 类39', '类5 > 类52', '类5 > 类59', '类6 > 类66', '类7 > 类76', '类8 > 类89', '类9 > 类91', '类9 > 类95')
UNION ALL SELECT number, 74::SMALLINT AS rule, DATE '2026-06-13' AS since FROM sold WHERE above = '类3' AND brand IN ('B0', 'B15', 'B20', 'B21', 'B24', 'B25', 'B27', 'B29', 'B30', 'B31', 'B33', 'B4', 'B9')
UNION ALL SELECT number, 75::SMALLINT AS rule, DATE '2026-02-05' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 76::SMALLINT AS rule, DATE '2025-08-18' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 77::SMALLINT AS rule, DATE '2026-05-31' AS since FROM sold WHERE category IN ('类1 > 类19', '类3 > 类38', '类5 > 类52', '类6 > 类69', '类8 > 类87', '类9 > 类90')
UNION ALL SELECT number, 78::SMALLINT AS rule, DATE '2026-05-19' AS since FROM sold WHERE category IN ('类0 > 类5', '类1 > 类12', '类2 > 类21', '类3 > 类34', '类5 > 类54', '类5 > 类59', '类6 > 类65', '类7 > 类75', '类9 > 类95')
UNION ALL SELECT number, 79::SMALLINT AS rule, DATE '2025-11-09' AS since FROM sold WHERE category = '类8 > 类84'
UNION ALL SELECT number, 80::SMALLINT AS rule, DATE '2026-04-02' AS since FROM sold WHERE above = '类8'
UNION ALL SELECT number, 81::SMALLINT AS rule, DATE '2025-08-02' AS since FROM sold WHERE category = '类5 > 类51'
UNION ALL SELECT number, 82::SMALLINT AS rule, DATE '2026-06-21' AS since FROM sold WHERE above = '类4' AND brand IN ('B13', 'B15', 'B16', 'B17', 'B21', 'B23', 'B29', 'B33', 'B34', 'B35', 'B4')
UNION ALL SELECT number, 83::SMALLINT AS rule, DATE '2026-02-11' AS since FROM sold WHERE category IN ('类2 > 类22', '类2 > 类29', '类3 > 类34', '类4 > 类45', '类5 > 类50', '类5 > 类51', '类6 > 类61', '类7 > 类71', '类7 > 类78', '类9 > 类94')
UNION ALL SELECT number, 84::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE category IN ('类3 > 类31', '类3 > 类33', '类7 > 类78', '类8 > 类84', '类9 > 类90')
UNION ALL SELECT number, 85::SMALLINT AS rule, DATE '2026-03-18' AS since FROM sold WHERE brand IN ('B15', 'B17', 'B27')
UNION ALL SELECT number, 86::SMALLINT AS rule, DATE '2026-03-31' AS since FROM sold WHERE category = '类8 > 类80'
UNION ALL SELECT number, 87::SMALLINT AS rule, DATE '2026-06-24' AS since FROM sold WHERE above = '类2' AND brand IN ('B10', 'B12', 'B16', 'B19', 'B21', 'B22', 'B23', 'B24', 'B26', 'B28', 'B29', 'B3', 'B33', 'B35', 'B6', 'B7', 'B8')
UNION ALL SELECT number, 88::SMALLINT AS rule, DATE '2025-12-02' AS since FROM sold WHERE category = '类2 > 类29'
UNION ALL SELECT number, 89::SMALLINT AS rule, DATE '2026-05-31' AS since FROM sold WHERE brand IN ('B11')
UNION ALL SELECT number, 90::SMALLINT AS rule, DATE '2025-10-30' AS since FROM sold WHERE above = '类0' AND brand IN ('B11', 'B12', 'B13', 'B14', 'B15', 'B17', 'B2', 'B21', 'B22', 'B27', 'B28', 'B29', 'B3', 'B31', 'B32', 'B33', 'B35', 'B5', 'B7', 'B9')
UNION ALL SELECT number, 91::SMALLINT AS rule, DATE '2026-01-11' AS since FROM sold WHERE above = '类9' AND brand IN ('B0', 'B13', 'B15', 'B16', 'B2', 'B21', 'B25', 'B27', 'B28', 'B30', 'B31', 'B39', 'B5', 'B7')
UNION ALL SELECT number, 92::SMALLINT AS rule, DATE '2026-06-12' AS since FROM sold WHERE above = '类4' AND brand IN ('B0', 'B1', 'B10', 'B24', 'B25', 'B3', 'B34', 'B37', 'B4', 'B8', 'B9')
UNION ALL SELECT number, 93::SMALLINT AS rule, DATE '2026-05-23' AS since FROM sold WHERE category IN ('类0 > 类4', '类6 > 类68')
UNION ALL SELECT number, 94::SMALLINT AS rule, DATE '2026-02-03' AS since FROM sold WHERE above = '类0'
UNION ALL SELECT number, 95::SMALLINT AS rule, DATE '2026-06-09' AS since FROM sold WHERE brand IN ('B12')
UNION ALL SELECT number, 96::SMALLINT AS rule, DATE '2025-07-19' AS since FROM sold WHERE brand IN ('B12', 'B17')
UNION ALL SELECT number, 97::SMALLINT AS rule, DATE '2026-06-25' AS since FROM sold WHERE brand IN ('B15', 'B16', 'B17')
UNION ALL SELECT number, 98::SMALLINT AS rule, DATE '2025-07-19' AS since FROM sold WHERE above = '类9' AND brand IN ('B12', 'B22', 'B26', 'B27', 'B29', 'B3', 'B33', 'B35', 'B38', 'B39')
UNION ALL SELECT number, 99::SMALLINT AS rule, DATE '2026-04-07' AS since FROM sold WHERE category IN ('类1 > 类12', '类2 > 类22', '类3 > 类32')
UNION ALL SELECT number, 100::SMALLINT AS rule, DATE '2026-06-01' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 101::SMALLINT AS rule, DATE '2026-05-08' AS since FROM sold WHERE category = '类8 > 类81'
UNION ALL SELECT number, 102::SMALLINT AS rule, DATE '2026-06-11' AS since FROM sold WHERE above = '类5' AND brand IN ('B2', 'B20', 'B25', 'B28', 'B34', 'B36', 'B37', 'B38', 'B8')
UNION ALL SELECT number, 103::SMALLINT AS rule, DATE '2026-04-18' AS since FROM sold WHERE above = '类4' AND brand IN ('B16', 'B19', 'B2', 'B20', 'B24', 'B3', 'B38', 'B39', 'B5')
UNION ALL SELECT number, 104::SMALLINT AS rule, DATE '2026-05-06' AS since FROM sold WHERE brand IN ('B19')
UNION ALL SELECT number, 105::SMALLINT AS rule, DATE '2025-09-11' AS since FROM sold WHERE above = '类8'
UNION ALL SELECT number, 106::SMALLINT AS rule, DATE '2026-01-01' AS since FROM sold WHERE above = '类5'
UNION ALL SELECT number, 107::SMALLINT AS rule, DATE '2026-06-15' AS since FROM sold WHERE above = '类7' AND brand IN ('B1', 'B10', 'B18', 'B28', 'B33', 'B34', 'B35', 'B37', 'B8')
UNION ALL SELECT number, 108::SMALLINT AS rule, DATE '2026-04-20' AS since FROM sold WHERE brand IN ('B22', 'B26', 'B6')
UNION ALL SELECT number, 109::SMALLINT AS rule, DATE '2026-01-21' AS since FROM sold WHERE category = '类0 > 类5'
UNION ALL SELECT number, 110::SMALLINT AS rule, DATE '2026-01-07' AS since FROM sold WHERE above = '类5' AND brand IN ('B0', 'B10', 'B17', 'B19', 'B20', 'B22', 'B23', 'B25', 'B29', 'B32', 'B33', 'B38', 'B4', 'B7')
UNION ALL SELECT number, 111::SMALLINT AS rule, DATE '2026-02-18' AS since FROM sold WHERE above = '类1' AND brand IN ('B15', 'B16', 'B17', 'B18', 'B23', 'B24', 'B25', 'B27', 'B29', 'B3', 'B30', 'B32', 'B33', 'B5', 'B8')
UNION ALL SELECT number, 112::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE category IN ('类3 > 类39', '类4 > 类43', '类5 > 类51', '类5 > 类59', '类6 > 类64', '类6 > 类68', '类7 > 类76')
UNION ALL SELECT number, 113::SMALLINT AS rule, DATE '2025-07-07' AS since FROM sold WHERE above = '类4'
UNION ALL SELECT number, 114::SMALLINT AS rule, DATE '2026-05-20' AS since FROM sold WHERE above = '类2' AND brand IN ('B11', 'B13', 'B16', 'B17', 'B26', 'B3', 'B34', 'B36', 'B6')
UNION ALL SELECT number, 115::SMALLINT AS rule, DATE '2025-11-04' AS since FROM sold WHERE above = '类8' AND brand IN ('B1', 'B11', 'B13', 'B15', 'B19', 'B22', 'B23', 'B25', 'B27', 'B31', 'B32', 'B34', 'B37', 'B4', 'B5', 'B6', 'B7', 'B9')
UNION ALL SELECT number, 116::SMALLINT AS rule, DATE '2025-12-11' AS since FROM sold WHERE category IN ('类0 > 类1', '类0 > 类9', '类2 > 类24', '类2 > 类25', '类3 > 类32', '类5 > 类52', '类6 > 类61', '类6 > 类68', '类9 > 类92', '类9 > 类95')
UNION ALL SELECT number, 117::SMALLINT AS rule, DATE '2026-06-10' AS since FROM sold WHERE category = '类5 > 类51'
UNION ALL SELECT number, 118::SMALLINT AS rule, DATE '2025-09-18' AS since FROM sold WHERE above = '类9' AND brand IN ('B0', 'B10', 'B12', 'B16', 'B19', 'B2', 'B22', 'B23', 'B24', 'B28', 'B29', 'B34', 'B36', 'B7')
UNION ALL SELECT number, 119::SMALLINT AS rule, DATE '2026-04-13' AS since FROM sold WHERE above = '类8' AND brand IN ('B14', 'B16', 'B18', 'B19', 'B26', 'B28', 'B33', 'B34', 'B37', 'B38', 'B39', 'B8')
UNION ALL SELECT number, 120::SMALLINT AS rule, DATE '2025-08-02' AS since FROM sold WHERE above = '类4'
UNION ALL SELECT number, 121::SMALLINT AS rule, DATE '2025-07-20' AS since FROM sold WHERE category = '类5 > 类54'
UNION ALL SELECT number, 122::SMALLINT AS rule, DATE '2026-06-18' AS since FROM sold WHERE category IN ('类0 > 类0', '类0 > 类2', '类1 > 类11', '类3 > 类36', '类5 > 类51', '类8 > 类84', '类8 > 类85', '类9 > 类96')
UNION ALL SELECT number, 123::SMALLINT AS rule, DATE '2025-12-07' AS since FROM sold WHERE brand IN ('B21', 'B23', 'B30')
UNION ALL SELECT number, 124::SMALLINT AS rule, DATE '2025-12-24' AS since FROM sold WHERE category = '类6 > 类61'
UNION ALL SELECT number, 125::SMALLINT AS rule, DATE '2026-02-10' AS since FROM sold WHERE brand IN ('B1', 'B11')
UNION ALL SELECT number, 126::SMALLINT AS rule, DATE '2025-10-03' AS since FROM sold WHERE category IN ('类3 > 类33', '类3 > 类36', '类5 > 类52', '类7 > 类75')
UNION ALL SELECT number, 127::SMALLINT AS rule, DATE '2026-06-04' AS since FROM sold WHERE brand IN ('B21', 'B27', 'B31')
UNION ALL SELECT number, 128::SMALLINT AS rule, DATE '2026-03-10' AS since FROM sold WHERE brand IN ('B27', 'B4', 'B5', 'B8')
UNION ALL SELECT number, 129::SMALLINT AS rule, DATE '2026-05-02' AS since FROM sold WHERE above = '类0'
UNION ALL SELECT number, 130::SMALLINT AS rule, DATE '2026-05-04' AS since FROM sold WHERE above = '类7'
UNION ALL SELECT number, 131::SMALLINT AS rule, DATE '2025-11-17' AS since FROM sold WHERE brand IN ('B0', 'B5')
UNION ALL SELECT number, 132::SMALLINT AS rule, DATE '2026-06-06' AS since FROM sold WHERE above = '类3' AND brand IN ('B1', 'B15', 'B16', 'B17', 'B22', 'B25', 'B26', 'B27', 'B28', 'B3', 'B35', 'B36', 'B38', 'B5', 'B6', 'B7')
UNION ALL SELECT number, 133::SMALLINT AS rule, DATE '2026-04-21' AS since FROM sold WHERE category = '类4 > 类49'
UNION ALL SELECT number, 134::SMALLINT AS rule, DATE '2026-04-25' AS since FROM sold WHERE brand IN ('B25', 'B31', 'B32')
UNION ALL SELECT number, 135::SMALLINT AS rule, DATE '2025-12-08' AS since FROM sold WHERE brand IN ('B9')
UNION ALL SELECT number, 136::SMALLINT AS rule, DATE '2026-06-19' AS since FROM sold WHERE above = '类3' AND brand IN ('B13', 'B16', 'B18', 'B21', 'B26', 'B3', 'B31', 'B33', 'B34', 'B36')
UNION ALL SELECT number, 137::SMALLINT AS rule, DATE '2026-06-17' AS since FROM sold WHERE category IN ('类6 > 类69', '类8 > 类80')
UNION ALL SELECT number, 138::SMALLINT AS rule, DATE '2025-10-06' AS since FROM sold WHERE category = '类2 > 类29'
UNION ALL SELECT number, 139::SMALLINT AS rule, DATE '2025-11-27' AS since FROM sold WHERE category IN ('类1 > 类16', '类1 > 类18', '类2 > 类24', '类3 > 类32', '类5 > 类52')
UNION ALL SELECT number, 140::SMALLINT AS rule, DATE '2026-01-01' AS since FROM sold WHERE above = '类0' AND brand IN ('B11', 'B15', 'B17', 'B19', 'B26', 'B28', 'B30', 'B32', 'B33', 'B34', 'B35', 'B38', 'B39', 'B6', 'B7', 'B9')
UNION ALL SELECT number, 141::SMALLINT AS rule, DATE '2026-03-23' AS since FROM sold WHERE above = '类9'
UNION ALL SELECT number, 142::SMALLINT AS rule, DATE '2026-06-23' AS since FROM sold WHERE above = '类2' AND brand IN ('B13', 'B20', 'B30', 'B31', 'B32', 'B33', 'B38', 'B8')
UNION ALL SELECT number, 143::SMALLINT AS rule, DATE '2025-07-01' AS since FROM sold WHERE above = '类2'
UNION ALL SELECT number, 144::SMALLINT AS rule, DATE '2025-08-02' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 145::SMALLINT AS rule, DATE '2026-03-27' AS since FROM sold WHERE category = '类7 > 类72'
UNION ALL SELECT number, 146::SMALLINT AS rule, DATE '2025-09-08' AS since FROM sold WHERE category = '类2 > 类28'
UNION ALL SELECT number, 147::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE above = '类9' AND brand IN ('B0', 'B1', 'B10', 'B14', 'B16', 'B19', 'B20', 'B21', 'B23', 'B27', 'B30', 'B33', 'B34', 'B37', 'B38', 'B39', 'B5', 'B8')
UNION ALL SELECT number, 148::SMALLINT AS rule, DATE '2025-12-28' AS since FROM sold WHERE category = '类4 > 类42'
UNION ALL SELECT number, 149::SMALLINT AS rule, DATE '2026-04-11' AS since FROM sold WHERE category = '类3 > 类32'
UNION ALL SELECT number, 150::SMALLINT AS rule, DATE '2025-12-15' AS since FROM sold WHERE above = '类0' AND brand IN ('B0', 'B12', 'B15', 'B17', 'B19', 'B2', 'B20', 'B23', 'B3', 'B39', 'B4', 'B5', 'B6')
UNION ALL SELECT number, 151::SMALLINT AS rule, DATE '2025-07-11' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 152::SMALLINT AS rule, DATE '2026-06-15' AS since FROM sold WHERE category IN ('类4 > 类41', '类6 > 类65')
UNION ALL SELECT number, 153::SMALLINT AS rule, DATE '2026-02-05' AS since FROM sold WHERE above = '类9'
UNION ALL SELECT number, 154::SMALLINT AS rule, DATE '2025-09-01' AS since FROM sold WHERE category = '类8 > 类86'
UNION ALL SELECT number, 155::SMALLINT AS rule, DATE '2025-09-21' AS since FROM sold WHERE above = '类7' AND brand IN ('B0', 'B13', 'B14', 'B17', 'B19', 'B25', 'B26', 'B3', 'B31', 'B33', 'B34', 'B36', 'B39', 'B5', 'B6', 'B7', 'B8')
UNION ALL SELECT number, 156::SMALLINT AS rule, DATE '2025-09-18' AS since FROM sold WHERE category IN ('类0 > 类8', '类1 > 类13', '类1 > 类16', '类3 > 类33', '类4 > 类47', '类5 > 类51', '类6 > 类60', '类8 > 类83', '类9 > 类90', '类9 > 类95')
UNION ALL SELECT number, 157::SMALLINT AS rule, DATE '2026-05-30' AS since FROM sold WHERE above = '类8' AND brand IN ('B1', 'B10', 'B11', 'B15', 'B19', 'B21', 'B24', 'B25', 'B26', 'B28', 'B31', 'B32', 'B33', 'B35', 'B37', 'B4', 'B5', 'B6', 'B8', 'B9')
UNION ALL SELECT number, 158::SMALLINT AS rule, DATE '2026-02-05' AS since FROM sold WHERE brand IN ('B25', 'B38', 'B7', 'B9')
UNION ALL SELECT number, 159::SMALLINT AS rule, DATE '2026-05-27' AS since FROM sold WHERE above = '类0' AND brand IN ('B0', 'B1', 'B11', 'B12', 'B13', 'B14', 'B19', 'B24', 'B27', 'B29', 'B32', 'B34', 'B35', 'B38', 'B6', 'B8')
UNION ALL SELECT number, 160::SMALLINT AS rule, DATE '2026-06-02' AS since FROM sold WHERE brand IN ('B0')
UNION ALL SELECT number, 161::SMALLINT AS rule, DATE '2026-04-13' AS since FROM sold WHERE category = '类7 > 类75'
UNION ALL SELECT number, 162::SMALLINT AS rule, DATE '2026-06-13' AS since FROM sold WHERE above = '类4' AND brand IN ('B1', 'B10', 'B11', 'B13', 'B15', 'B20', 'B21', 'B22', 'B23', 'B24', 'B29', 'B30', 'B32', 'B33', 'B36', 'B38', 'B39', 'B6', 'B7', 'B8')
UNION ALL SELECT number, 163::SMALLINT AS rule, DATE '2025-06-30' AS since FROM sold WHERE brand IN ('B18', 'B21', 'B22', 'B28')
UNION ALL SELECT number, 164::SMALLINT AS rule, DATE '2026-06-12' AS since FROM sold WHERE above = '类8' AND brand IN ('B11', 'B18', 'B21', 'B3', 'B31', 'B32', 'B34', 'B37', 'B38', 'B7')
UNION ALL SELECT number, 165::SMALLINT AS rule, DATE '2025-08-04' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 166::SMALLINT AS rule, DATE '2026-02-27' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 167::SMALLINT AS rule, DATE '2026-06-05' AS since FROM sold WHERE above = '类5'
UNION ALL SELECT number, 168::SMALLINT AS rule, DATE '2025-10-25' AS since FROM sold WHERE above = '类7'
UNION ALL SELECT number, 169::SMALLINT AS rule, DATE '2025-12-01' AS since FROM sold WHERE brand IN ('B27', 'B28')
UNION ALL SELECT number, 170::SMALLINT AS rule, DATE '2025-10-17' AS since FROM sold WHERE category = '类7 > 类73'
UNION ALL SELECT number, 171::SMALLINT AS rule, DATE '2026-04-29' AS since FROM sold WHERE category IN ('类0 > 类1', '类1 > 类19', '类4 > 类48', '类5 > 类53')
UNION ALL SELECT number, 172::SMALLINT AS rule, DATE '2026-06-02' AS since FROM sold WHERE category = '类2 > 类23'
UNION ALL SELECT number, 173::SMALLINT AS rule, DATE '2026-02-13' AS since FROM sold WHERE brand IN ('B33', 'B6', 'B9')
UNION ALL SELECT number, 174::SMALLINT AS rule, DATE '2025-09-18' AS since FROM sold WHERE brand IN ('B0', 'B14', 'B25', 'B34')
UNION ALL SELECT number, 175::SMALLINT AS rule, DATE '2025-07-19' AS since FROM sold WHERE brand IN ('B11', 'B21')
UNION ALL SELECT number, 176::SMALLINT AS rule, DATE '2025-09-22' AS since FROM sold WHERE above = '类1'
UNION ALL SELECT number, 177::SMALLINT AS rule, DATE '2026-06-26' AS since FROM sold WHERE above = '类6'
UNION ALL SELECT number, 178::SMALLINT AS rule, DATE '2026-05-30' AS since FROM sold WHERE above = '类3' AND brand IN ('B12', 'B14', 'B15', 'B18', 'B2', 'B20', 'B24', 'B25', 'B3', 'B32', 'B33', 'B34', 'B39', 'B4')
UNION ALL SELECT number, 179::SMALLINT AS rule, DATE '2026-05-06' AS since FROM sold WHERE category = '类7 > 类71'
UNION ALL SELECT number, 180::SMALLINT AS rule, DATE '2026-02-21' AS since FROM sold WHERE brand IN ('B33')
UNION ALL SELECT number, 181::SMALLINT AS rule, DATE '2026-01-15' AS since FROM sold WHERE category = '类0 > 类2'
UNION ALL SELECT number, 182::SMALLINT AS rule, DATE '2026-06-12' AS since FROM sold WHERE category IN ('类1 > 类17', '类2 > 类21', '类4 > 类40', '类6 > 类68', '类7 > 类71', '类7 > 类76', '类9 > 类90', '类9 > 类98')
UNION ALL SELECT number, 183::SMALLINT AS rule, DATE '2026-05-12' AS since FROM sold WHERE above = '类6' AND brand IN ('B10', 'B12', 'B16', 'B17', 'B18', 'B19', 'B23', 'B24', 'B25', 'B27', 'B31', 'B33', 'B37', 'B5', 'B8', 'B9')
UNION ALL SELECT number, 184::SMALLINT AS rule, DATE '2025-10-27' AS since FROM sold WHERE category IN ('类1 > 类18', '类3 > 类32', '类3 > 类33', '类3 > 类35', '类4 > 类44', '类4 > 类49', '类7 > 类72')
UNION ALL SELECT number, 185::SMALLINT AS rule, DATE '2026-02-14' AS since FROM sold WHERE above = '类2'
UNION ALL SELECT number, 186::SMALLINT AS rule, DATE '2026-05-18' AS since FROM sold WHERE above = '类3'
UNION ALL SELECT number, 187::SMALLINT AS rule, DATE '2026-06-08' AS since FROM sold WHERE above = '类6' AND brand IN ('B0', 'B1', 'B12', 'B13', 'B15', 'B21', 'B23', 'B24', 'B25', 'B28', 'B29', 'B31', 'B33', 'B34', 'B35', 'B36', 'B4', 'B5', 'B8')
UNION ALL SELECT number, 188::SMALLINT AS rule, DATE '2025-10-15' AS since FROM sold WHERE above = '类2' AND brand IN ('B11', 'B12', 'B15', 'B18', 'B22', 'B23', 'B24', 'B25', 'B26', 'B30', 'B34', 'B37', 'B39', 'B4', 'B5', 'B7', 'B8', 'B9')
UNION ALL SELECT number, 189::SMALLINT AS rule, DATE '2025-10-29' AS since FROM sold WHERE category IN ('类2 > 类26', '类3 > 类38', '类6 > 类65')
UNION ALL SELECT number, 190::SMALLINT AS rule, DATE '2025-11-08' AS since FROM sold WHERE category IN ('类4 > 类47', '类7 > 类78', '类9 > 类96')
UNION ALL SELECT number, 191::SMALLINT AS rule, DATE '2026-04-03' AS since FROM sold WHERE category IN ('类0 > 类6', '类4 > 类40')
UNION ALL SELECT number, 192::SMALLINT AS rule, DATE '2026-06-06' AS since FROM sold WHERE category = '类1 > 类14'
UNION ALL SELECT number, 193::SMALLINT AS rule, DATE '2025-10-20' AS since FROM sold WHERE above = '类3' AND brand IN ('B0', 'B12', 'B13', 'B16', 'B18', 'B21', 'B22', 'B23', 'B24', 'B25', 'B3', 'B32', 'B33', 'B36', 'B38', 'B39', 'B6', 'B7', 'B8')
UNION ALL SELECT number, 194::SMALLINT AS rule, DATE '2025-07-16' AS since FROM sold WHERE above = '类3' AND brand IN ('B10', 'B14', 'B15', 'B17', 'B2', 'B25', 'B26', 'B3', 'B32', 'B34', 'B35', 'B8')
UNION ALL SELECT number, 195::SMALLINT AS rule, DATE '2026-06-15' AS since FROM sold WHERE above = '类8'
UNION ALL SELECT number, 196::SMALLINT AS rule, DATE '2026-03-06' AS since FROM sold WHERE brand IN ('B31')
UNION ALL SELECT number, 197::SMALLINT AS rule, DATE '2026-06-10' AS since FROM sold WHERE above = '类5' AND brand IN ('B11', 'B12', 'B16', 'B2', 'B27', 'B28', 'B32', 'B34', 'B36', 'B4', 'B6')
UNION ALL SELECT number, 198::SMALLINT AS rule, DATE '2026-05-21' AS since FROM sold WHERE category IN ('类2 > 类29', '类4 > 类46', '类7 > 类75', '类8 > 类84', '类9 > 类96')
UNION ALL SELECT number, 199::SMALLINT AS rule, DATE '2026-06-01' AS since FROM sold WHERE category = '类5 > 类58';
CREATE TABLE tests AS SELECT * FROM (VALUES
(0::SMALLINT, 'rule_000', False, 1),
(1::SMALLINT, 'rule_001', True, 100000),
(2::SMALLINT, 'rule_002', False, 1),
(3::SMALLINT, 'rule_003', False, 3),
(4::SMALLINT, 'rule_004', False, 1),
(5::SMALLINT, 'rule_005', False, 1),
(6::SMALLINT, 'rule_006', True, 25000),
(7::SMALLINT, 'rule_007', False, 1),
(8::SMALLINT, 'rule_008', False, 1),
(9::SMALLINT, 'rule_009', False, 3),
(10::SMALLINT, 'rule_010', False, 1),
(11::SMALLINT, 'rule_011', True, 100000),
(12::SMALLINT, 'rule_012', False, 1),
(13::SMALLINT, 'rule_013', False, 2),
(14::SMALLINT, 'rule_014', False, 3),
(15::SMALLINT, 'rule_015', False, 1),
(16::SMALLINT, 'rule_016', True, 25000),
(17::SMALLINT, 'rule_017', False, 1),
(18::SMALLINT, 'rule_018', False, 3),
(19::SMALLINT, 'rule_019', False, 1),
(20::SMALLINT, 'rule_020', False, 1),
(21::SMALLINT, 'rule_021', True, 10000),
(22::SMALLINT, 'rule_022', False, 1),
(23::SMALLINT, 'rule_023', False, 3),
(24::SMALLINT, 'rule_024', False, 1),
(25::SMALLINT, 'rule_025', False, 1),
(26::SMALLINT, 'rule_026', True, 100000),
(27::SMALLINT, 'rule_027', False, 1),
(28::SMALLINT, 'rule_028', False, 2),
(29::SMALLINT, 'rule_029', False, 1),
(30::SMALLINT, 'rule_030', False, 1),
(31::SMALLINT, 'rule_031', True, 100000),
(32::SMALLINT, 'rule_032', False, 1),
(33::SMALLINT, 'rule_033', False, 1),
(34::SMALLINT, 'rule_034', False, 1),
(35::SMALLINT, 'rule_035', False, 1),
(36::SMALLINT, 'rule_036', True, 50000),
(37::SMALLINT, 'rule_037', False, 1),
(38::SMALLINT, 'rule_038', False, 1),
(39::SMALLINT, 'rule_039', False, 2),
(40::SMALLINT, 'rule_040', False, 1),
(41::SMALLINT, 'rule_041', True, 10000),
(42::SMALLINT, 'rule_042', False, 1),
(43::SMALLINT, 'rule_043', False, 2),
(44::SMALLINT, 'rule_044', False, 2),
(45::SMALLINT, 'rule_045', False, 1),
(46::SMALLINT, 'rule_046', True, 10000),
(47::SMALLINT, 'rule_047', False, 1),
(48::SMALLINT, 'rule_048', False, 3),
(49::SMALLINT, 'rule_049', False, 1),
(50::SMALLINT, 'rule_050', False, 1),
(51::SMALLINT, 'rule_051', True, 50000),
(52::SMALLINT, 'rule_052', False, 1),
(53::SMALLINT, 'rule_053', False, 1),
(54::SMALLINT, 'rule_054', False, 2),
(55::SMALLINT, 'rule_055', False, 1),
(56::SMALLINT, 'rule_056', True, 10000),
(57::SMALLINT, 'rule_057', False, 1),
(58::SMALLINT, 'rule_058', False, 3),
(59::SMALLINT, 'rule_059', False, 2),
(60::SMALLINT, 'rule_060', False, 1),
(61::SMALLINT, 'rule_061', True, 10000),
(62::SMALLINT, 'rule_062', False, 1),
(63::SMALLINT, 'rule_063', False, 1),
(64::SMALLINT, 'rule_064', False, 3),
(65::SMALLINT, 'rule_065', False, 1),
(66::SMALLINT, 'rule_066', True, 100000),
(67::SMALLINT, 'rule_067', False, 1),
(68::SMALLINT, 'rule_068', False, 3),
(69::SMALLINT, 'rule_069', False, 3),
(70::SMALLINT, 'rule_070', False, 1),
(71::SMALLINT, 'rule_071', True, 50000),
(72::SMALLINT, 'rule_072', False, 1),
(73::SMALLINT, 'rule_073', False, 3),
(74::SMALLINT, 'rule_074', False, 2),
(75::SMALLINT, 'rule_075', False, 1),
(76::SMALLINT, 'rule_076', True, 10000),
(77::SMALLINT, 'rule_077', False, 1),
(78::SMALLINT, 'rule_078', False, 2),
(79::SMALLINT, 'rule_079', False, 1),
(80::SMALLINT, 'rule_080', False, 1),
(81::SMALLINT, 'rule_081', True, 50000),
(82::SMALLINT, 'rule_082', False, 1),
(83::SMALLINT, 'rule_083', False, 3),
(84::SMALLINT, 'rule_084', False, 3),
(85::SMALLINT, 'rule_085', False, 1),
(86::SMALLINT, 'rule_086', True, 100000),
(87::SMALLINT, 'rule_087', False, 1),
(88::SMALLINT, 'rule_088', False, 2),
(89::SMALLINT, 'rule_089', False, 1),
(90::SMALLINT, 'rule_090', False, 1),
(91::SMALLINT, 'rule_091', True, 100000),
(92::SMALLINT, 'rule_092', False, 1),
(93::SMALLINT, 'rule_093', False, 3),
(94::SMALLINT, 'rule_094', False, 1),
(95::SMALLINT, 'rule_095', False, 1),
(96::SMALLINT, 'rule_096', True, 100000),
(97::SMALLINT, 'rule_097', False, 1),
(98::SMALLINT, 'rule_098', False, 1),
(99::SMALLINT, 'rule_099', False, 1),
(100::SMALLINT, 'rule_100', False, 1),
(101::SMALLINT, 'rule_101', True, 100000),
(102::SMALLINT, 'rule_102', False, 1),
(103::SMALLINT, 'rule_103', False, 2),
(104::SMALLINT, 'rule_104', False, 2),
(105::SMALLINT, 'rule_105', False, 1),
(106::SMALLINT, 'rule_106', True, 100000),
(107::SMALLINT, 'rule_107', False, 1),
(108::SMALLINT, 'rule_108', False, 3),
(109::SMALLINT, 'rule_109', False, 3),
(110::SMALLINT, 'rule_110', False, 1),
(111::SMALLINT, 'rule_111', True, 50000),
(112::SMALLINT, 'rule_112', False, 1),
(113::SMALLINT, 'rule_113', False, 1),
(114::SMALLINT, 'rule_114', False, 3),
(115::SMALLINT, 'rule_115', False, 1),
(116::SMALLINT, 'rule_116', True, 100000),
(117::SMALLINT, 'rule_117', False, 1),
(118::SMALLINT, 'rule_118', False, 3),
(119::SMALLINT, 'rule_119', False, 3),
(120::SMALLINT, 'rule_120', False, 1),
(121::SMALLINT, 'rule_121', True, 10000),
(122::SMALLINT, 'rule_122', False, 1),
(123::SMALLINT, 'rule_123', False, 2),
(124::SMALLINT, 'rule_124', False, 1),
(125::SMALLINT, 'rule_125', False, 1),
(126::SMALLINT, 'rule_126', True, 50000),
(127::SMALLINT, 'rule_127', False, 1),
(128::SMALLINT, 'rule_128', False, 1),
(129::SMALLINT, 'rule_129', False, 2),
(130::SMALLINT, 'rule_130', False, 1),
(131::SMALLINT, 'rule_131', True, 10000),
(132::SMALLINT, 'rule_132', False, 1),
(133::SMALLINT, 'rule_133', False, 3),
(134::SMALLINT, 'rule_134', False, 3),
(135::SMALLINT, 'rule_135', False, 1),
(136::SMALLINT, 'rule_136', True, 50000),
(137::SMALLINT, 'rule_137', False, 1),
(138::SMALLINT, 'rule_138', False, 2),
(139::SMALLINT, 'rule_139', False, 3),
(140::SMALLINT, 'rule_140', False, 1),
(141::SMALLINT, 'rule_141', True, 100000),
(142::SMALLINT, 'rule_142', False, 1),
(143::SMALLINT, 'rule_143', False, 2),
(144::SMALLINT, 'rule_144', False, 3),
(145::SMALLINT, 'rule_145', False, 1),
(146::SMALLINT, 'rule_146', True, 25000),
(147::SMALLINT, 'rule_147', False, 1),
(148::SMALLINT, 'rule_148', False, 1),
(149::SMALLINT, 'rule_149', False, 3),
(150::SMALLINT, 'rule_150', False, 1),
(151::SMALLINT, 'rule_151', True, 50000),
(152::SMALLINT, 'rule_152', False, 1),
(153::SMALLINT, 'rule_153', False, 2),
(154::SMALLINT, 'rule_154', False, 3),
(155::SMALLINT, 'rule_155', False, 1),
(156::SMALLINT, 'rule_156', True, 50000),
(157::SMALLINT, 'rule_157', False, 1),
(158::SMALLINT, 'rule_158', False, 2),
(159::SMALLINT, 'rule_159', False, 1),
(160::SMALLINT, 'rule_160', False, 1),
(161::SMALLINT, 'rule_161', True, 50000),
(162::SMALLINT, 'rule_162', False, 1),
(163::SMALLINT, 'rule_163', False, 1),
(164::SMALLINT, 'rule_164', False, 2),
(165::SMALLINT, 'rule_165', False, 1),
(166::SMALLINT, 'rule_166', True, 10000),
(167::SMALLINT, 'rule_167', False, 1),
(168::SMALLINT, 'rule_168', False, 2),
(169::SMALLINT, 'rule_169', False, 3),
(170::SMALLINT, 'rule_170', False, 1),
(171::SMALLINT, 'rule_171', True, 10000),
(172::SMALLINT, 'rule_172', False, 1),
(173::SMALLINT, 'rule_173', False, 1),
(174::SMALLINT, 'rule_174', False, 1),
(175::SMALLINT, 'rule_175', False, 1),
(176::SMALLINT, 'rule_176', True, 25000),
(177::SMALLINT, 'rule_177', False, 1),
(178::SMALLINT, 'rule_178', False, 2),
(179::SMALLINT, 'rule_179', False, 3),
(180::SMALLINT, 'rule_180', False, 1),
(181::SMALLINT, 'rule_181', True, 100000),
(182::SMALLINT, 'rule_182', False, 1),
(183::SMALLINT, 'rule_183', False, 3),
(184::SMALLINT, 'rule_184', False, 1),
(185::SMALLINT, 'rule_185', False, 1),
(186::SMALLINT, 'rule_186', True, 25000),
(187::SMALLINT, 'rule_187', False, 1),
(188::SMALLINT, 'rule_188', False, 3),
(189::SMALLINT, 'rule_189', False, 1),
(190::SMALLINT, 'rule_190', False, 1),
(191::SMALLINT, 'rule_191', True, 25000),
(192::SMALLINT, 'rule_192', False, 1),
(193::SMALLINT, 'rule_193', False, 3),
(194::SMALLINT, 'rule_194', False, 1),
(195::SMALLINT, 'rule_195', False, 1),
(196::SMALLINT, 'rule_196', True, 100000),
(197::SMALLINT, 'rule_197', False, 1),
(198::SMALLINT, 'rule_198', False, 2),
(199::SMALLINT, 'rule_199', False, 3)
) t(rule, tag, money, least);
CREATE TABLE found AS
SELECT customer_key, tag
FROM (
    SELECT customer_key, rule, count(*) AS n, sum(amount_minor)::BIGINT AS amount_minor
    FROM lines JOIN asked USING (number)
    WHERE day > since
    GROUP BY customer_key, rule
) JOIN tests USING (rule)
WHERE CASE WHEN money THEN amount_minor ELSE n END >= least;
