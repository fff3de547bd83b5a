"""The small set of parts that pages are made of."""
