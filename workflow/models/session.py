"""Who is signed in where. The token itself is never kept, only its digest; ended sessions stay for the list of them."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of

STAGES = ("complete", "code", "enrol")  # nothing but the missing step is possible before a session is complete
PROVEN = ("password", "password+code", "oidc", "oidc+code")


class Session(Row, table=True):
    __table_args__ = (one_of("stage", STAGES), one_of("proven", PROVEN))
    id: str = Field(primary_key=True)  # opaque, names the session in the trail and in lists
    token_sha256: str = Field(unique=True)
    csrf: str
    officer_id: str = Field(foreign_key="officer.id", index=True)
    stage: str
    proven: str
    started_at: datetime
    seen_at: datetime  # written at most once a minute
    expires_at: datetime  # whatever happens
    ended_at: datetime | None = None
    ended_why: str = ""
    agent: str = ""  # what the browser calls itself
    pending_code: str = ""  # the sealed secret of an enrolment that is not confirmed yet
