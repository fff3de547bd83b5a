"""Alembic's environment and versions. `state/upgrade.py` runs them; forward only."""
