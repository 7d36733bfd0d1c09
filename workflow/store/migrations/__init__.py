"""Migrations: Alembic's environment and versions. Its configuration is built in code, never read from a file."""
