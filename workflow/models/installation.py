"""One row about this installation, its counters, and when each job last ran."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from workflow.models.base import Row


class Installation(Row, table=True):
    id: int = Field(default=1, primary_key=True)
    origin: str
    log_origin: str = ""  # names the log in checkpoints: like `origin`, until an operator begins a new one
    salt: str  # for digests of addresses in the trail
    created_at: datetime
    demonstration: bool = False  # its people and passwords are printed in the handbook; never in production
    clock_setting: str = ""  # the AEO_CLOCK value that set the offset
    clock_offset_us: int = Field(default=0, sa_type=BigInteger)  # microseconds to add to real time


class ReferenceCounter(Row, table=True):
    __tablename__ = "reference_counter"
    name: str = Field(primary_key=True)
    value: int


class WorkerHeartbeat(Row, table=True):
    __tablename__ = "worker_heartbeat"
    job: str = Field(primary_key=True)
    finished_at: datetime  # real time, not the installation's clock
    error: str = ""
