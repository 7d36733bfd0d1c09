"""What all tables share: constraint names that migrations can rely on, and checks of closed sets."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from sqlalchemy import CheckConstraint, Table
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return a check that a text column holds one of a closed set; native enums cannot be migrated in peace."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def table_of(model: type[SQLModel]) -> Table:
    """Return a model's table, for Core statements."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]  # SQLModel sets it without declaring it


class Row(SQLModel):
    """Base of every table."""

    __table_args__: ClassVar[Any] = ()
