"""Shows a message as it would be written, with made-up values or a case's own. Queues and sends nothing."""

import json
from typing import Any

from jinja2 import TemplateError

from notifications.rendering import Rendered, Renderer, messages
from notifications.samples import sample
from states.facts import Person
from workflow.decisions.notices import payload
from workflow.errors import BadInput, Unavailable
from workflow.store import cases
from workflow.store.office import Office


def preview_message(renderer: Renderer, message: str) -> Rendered:
    """Render a message with sample values. Raises BadInput for an unknown message."""
    return _rendered(renderer, message, _sample(message))


def preview_of_case(renderer: Renderer, message: str, *, office: Office, reference: str, viewer: Person) -> Rendered:
    """Render it with what a case gives in the samples' place. Raises like `preview_message`, and NotFound."""
    values = _sample(message)
    with office.database.snapshot() as connection:
        case = cases.read(connection, reference, viewer)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        own: dict[str, Any] = json.loads(payload(case, programme))
    return _rendered(renderer, message, values | {name: value for name, value in own.items() if name in values})


def _sample(message: str) -> dict[str, Any]:
    if message not in messages():
        raise BadInput(
            "UNKNOWN_MESSAGE", f'There is no message "{message[:40]}". Known: {", ".join(sorted(messages()))}.'
        )
    return sample(message)


def _rendered(renderer: Renderer, message: str, values: dict[str, Any]) -> Rendered:
    try:
        return renderer.render(message, values)
    except TemplateError as error:
        raise Unavailable("TEMPLATE", f"The shipped template of {message} cannot be used: {error}.") from error
