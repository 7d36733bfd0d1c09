"""The company register as imported: reference only, never a case's data."""

from datetime import date

from sqlmodel import Field

from workflow.models.base import Row


class RegisteredEntity(Row, table=True):
    __tablename__ = "registered_entity"
    uen: str = Field(primary_key=True)
    name: str
    status: str = ""
    agency: str = ""
    entity_type: str = ""
    issued_on: date | None = None
    street: str = ""
    postal_code: str = ""
