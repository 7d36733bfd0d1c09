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


def preview_message(
    renderer: Renderer,
    message: str,
    *,
    office: Office | None = None,
    reference: str = "",
    viewer: Person | None = None,
) -> Rendered:
    """Render a message with sample values; with an office, a reference and who asks, the case's own take their place.

    Raises BadInput for an unknown message, NotFound for an unknown case.
    """
    if message not in messages():
        raise BadInput(
            "UNKNOWN_MESSAGE", f'There is no message "{message[:40]}". Known: {", ".join(sorted(messages()))}.'
        )
    values = sample(message)
    if office is not None and viewer is not None and reference:
        values |= _of_case(office, reference, viewer, values)
    try:
        return renderer.render(message, values)
    except TemplateError as error:
        raise Unavailable("TEMPLATE", f"The shipped template of {message} cannot be used: {error}.") from error


def _of_case(office: Office, reference: str, viewer: Person, values: dict[str, Any]) -> dict[str, Any]:
    with office.database.snapshot() as connection:
        case = cases.read(connection, reference, viewer)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        own: dict[str, Any] = json.loads(payload(case, programme))
    return {name: value for name, value in own.items() if name in values}
