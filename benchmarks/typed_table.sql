-- The file into a typed table, nothing checked that the types do not check: what an import is held against.
CREATE TABLE order_lines AS
SELECT *
FROM read_csv(
    '$file',
    header = true, delim = ',', quote = '"', auto_detect = false,
    columns = {
        'order_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'ordered_at': 'TIMESTAMP', 'product_id': 'VARCHAR',
        'quantity': 'DECIMAL(18, 3)', 'unit_price': 'DECIMAL(18, 6)'
    }
);
