"""Requests for information: what the clock notes on them. Asking and answering are decisions."""

from datetime import date

from sqlalchemy import Connection, update

from workflow import models
from workflow.models.base import table_of

_R = table_of(models.InformationRequest)


def note_reminder(connection: Connection, application_id: int, number: int, day: date, *, final: bool) -> None:
    """Note the local day of a reminder or of the final notice."""
    values = {"final_notice_on": day} if final else {"reminded_on": day}
    connection.execute(update(_R).where(_R.c.application_id == application_id, _R.c.number == number).values(values))
