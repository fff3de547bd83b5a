"""Operational state in PostgreSQL: every table and its constraints, sessions, the embedded server, migrations."""
