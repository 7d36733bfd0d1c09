"""Writes, locks, facts, final rows, migrations: everything that speaks to the database to change it."""
