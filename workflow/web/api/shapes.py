"""What goes in and out as JSON: shapes that several areas share. A shape checks form; what is right, operations know.

Everything in an example is invented.
"""

import re
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from workflow.inputs import FIRST_DAY, LAST_DAY
from workflow.web.acts import said

PROBLEM_TYPE = "application/problem+json"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_LARGEST = 2**31 - 1


def _day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Write the day as year, month, day: 2027-03-27.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"There is no day {value}.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"The day must lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


def _text(value: Any) -> Any:
    """Let through what is text; NUL and half characters end here, before a database meets them."""
    if isinstance(value, str) and (bad := _CONTROLS.search(value)):
        raise ValueError(f"The text holds a character that no record holds (U+{ord(bad.group()):04X}). Remove it.")
    return value


_DAY_SCHEMA = {"type": "string", "format": "date", "examples": ["2027-03-27"]}
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_DAY_SCHEMA)]
Text = Annotated[str, BeforeValidator(_text), Field(max_length=4_000)]
Line = Annotated[str, BeforeValidator(_text), Field(max_length=254)]
Number = Annotated[int, Field(strict=True, ge=1, le=_LARGEST)]
Reference = Annotated[
    str, Path(description="The case's reference.", examples=["STP-2026-000123"], min_length=1, max_length=60)
]
Version = Annotated[
    Number | None, Field(default=None, description="The version that you read. Needed where If-Match is not sent.")
]
# Where no source says whether something is mandatory, a programme says "unset": null for programs.
Mandatory = Annotated[bool | None, BeforeValidator(lambda value: None if value == "unset" else value)]


class Given(BaseModel):
    """What a request carries. A member that is not known is refused, so that a typing error is not lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """What an answer carries; more members may come with later versions."""


def example(**members: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [members]})


def example_of(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the example of a shape."""
    extra: Any = shape.model_config["json_schema_extra"]
    shown: dict[str, Any] = extra["examples"][0]
    return shown


def given_example(**members: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [members]})


# Without what a sentence says in brackets to people at a command line.
Sentence = Annotated[str, BeforeValidator(lambda text: said(text) if isinstance(text, str) else text)]


class UnmetRule(Told):
    """A rule that is not met yet."""

    code: str = Field(description="The rule's code, for programs.")
    sentence: Sentence = Field(description="What is missing, in words.")
    who: str = Field(description="Who can meet it.")
    model_config = example(
        code="DOCUMENTS_MISSING", sentence="The Bizfile report is missing.", who="an officer or an account manager"
    )


class BadField(Told):
    """A member of the request that cannot be used."""

    field: str = Field(description="Where it stands, such as body.uen.")
    sentence: str = Field(description="What is wrong with it.")
    model_config = example(field="body.uen", sentence="Field required")


class Problem(Told):
    """Why a request was not done (RFC 9457)."""

    type: str = Field(description="A name of the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="What is wrong, for programs.")
    detail: str = Field(description="What is wrong and what to do, for people.")
    unmet: list[UnmetRule] | None = Field(default=None, description="On 409: every rule that is not met.")
    fields: list[BadField] | None = Field(default=None, description="On 422: every member that cannot be used.")
    seconds: int | None = Field(default=None, description="On 429: how long to wait.")
    model_config = example(
        type="urn:aeo-casework:problem:refused",
        title="Start review",
        status=409,
        code="REFUSED",
        detail="Start review: not yet, 1 rule unmet.",
        unmet=[{"code": "DOCUMENTS_MISSING", "sentence": "The Bizfile report is missing.", "who": "an officer"}],
    )


_EXAMPLES = {
    400: ("HTTP_400", "What was asked cannot be used", "The body is no JSON. Check it for a comma or quote too many."),
    401: ("TOKEN", "A token is needed", "Send a good token: Authorization: Bearer TOKEN. `aeo token add` makes one."),
    403: ("WRONG_ROLE", "Your role does not allow this", "Your role does not open the trail. It opens for: auditor, supervisor."),
    404: ("NOT_FOUND", "It does not exist, or is not yours to see", 'There is no application "STP-2026-000999" that you can see. Check the reference.'),
    409: ("REFUSED", "The case does not allow it now", "Start review: not yet, 1 rule unmet."),
    412: ("STALE_VERSION", "The case changed since you read it", "Case STP-2026-000123 changed after you read it. Look at the change, then send it again."),
    413: ("HTTP_413", "What was sent is too large", "It is larger than this call takes. Send less, or a smaller file."),
    415: ("HTTP_415", "The body is of another media type", "Send the media type that the description names for this call."),
    422: ("FIELDS", "What was asked cannot be used", "Some fields cannot be used; `fields` names each."),
    428: ("VERSION_NEEDED", "Say which version you read", 'Send If-Match with the ETag of the case, such as "7", or `version` in the body.'),
    429: ("TOO_MANY", "Too many requests", "More than 600 requests came within a minute. Wait 12 seconds, then go on."),
    503: ("DATABASE", "Casework cannot reach its records", "The database does not answer as it should. Nothing was done."),
}  # fmt: skip


def example_problem(status: int) -> dict[str, Any]:
    """Return what a problem of this status looks like."""
    code, title, detail = _EXAMPLES[status]
    told = {"type": f"urn:aeo-casework:problem:{code.lower()}", "title": title, "status": status}
    more: dict[str, Any] = {}
    if status == 409:  # noqa: PLR2004  # HTTP
        more["unmet"] = [example_of(UnmetRule)]
    if status == 422:  # noqa: PLR2004  # HTTP
        more["fields"] = [{"field": "body.uen", "sentence": "Field required"}]
    if status == 429:  # noqa: PLR2004  # HTTP
        more["seconds"] = 12
    return told | {"code": code, "detail": detail} | more


Item = TypeVar("Item", bound=BaseModel)


class Page(Told, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(default=None, description="The cursor of the next page; null on the last one.")


def page_of(item: type[BaseModel], name: str) -> type[BaseModel]:
    """Return the shape of a page, with a name that makes a good class in a client, and an example."""
    shape: Any = Page
    shown: dict[str, Any] = {"items": [example_of(item)], "next": "WzEyM10"}
    made: type[BaseModel] = create_model(name, __base__=shape[item], __doc__=f"A page: {item.__doc__}")
    made.model_config = ConfigDict(json_schema_extra={"examples": [shown]}, title=name)
    made.model_rebuild(force=True)
    return made


class Changed(Told):
    """What was done, and how the case stands now."""

    sentence: Sentence = Field(description="What was done, in words.")
    reference: str
    state: str
    standing: str = Field(description="Whether a certificate is in force: none, in_force, suspended, ended.")
    cycle: int
    version: int = Field(description="The case's version now; also the ETag.")
    model_config = example(
        sentence="Case STP-2026-000123 is assigned to Adeline Goh.",
        reference="STP-2026-000123",
        state="checklist_review",
        standing="none",
        cycle=1,
        version=8,
    )


def changed_example(sentence: str, **more: Any) -> ConfigDict:
    return example(**(example_of(Changed) | {"sentence": sentence} | more))
