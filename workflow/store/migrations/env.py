"""Alembic's entry: runs migrations on the connection that `store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

import workflow.models  # noqa: F401  # every table must be known before models and migrations are compared

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
