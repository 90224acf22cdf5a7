"""What Alembic runs: the versions, on the connection and inside the transaction that `storage.schema` opened."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, though Alembic does not expect it to
)
context.run_migrations()
