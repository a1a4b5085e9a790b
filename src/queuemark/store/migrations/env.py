"""Run by alembic: migrates the connection that ``queuemark.store.schema`` hands over."""

from alembic import context

from queuemark.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
