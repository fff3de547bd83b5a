"""How Alembic meets the database: over the connection, and in the transaction, that `state/upgrade.py` hands it."""

from alembic import context

from tierwise.state.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
