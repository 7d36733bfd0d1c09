"""Does what a keyed request asks once: the same request again gets the same answer, a refusal too.

Must not know what is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from states.guards import Unmet
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.store import idempotency
from workflow.store.idempotency import Scope

Answer = TypeVar("Answer", Done, Outcome)


def once(
    connection: Connection, act: Act, route: str, key: str, body: Mapping[str, Any], do: Callable[[], Answer]
) -> Answer:
    """Do it, or return what the same request got before; without a key, do it.

    Raises BadInput when the key came with another body.
    """
    if not key:
        return do()
    scope = Scope(act.actor.id, route, key)
    known = idempotency.claim(connection, scope, body, act.now)
    if known is not None:
        answer: Answer = _outcome(known.answer, known.at)
        return answer
    outcome = do()
    idempotency.keep(connection, scope, _as_data(outcome))
    return outcome


def _as_data(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Done):
        return {"sentence": outcome.sentence, "data": outcome.data}
    return {"title": outcome.title, "unmet": [asdict(one) for one in outcome.unmet]}


def _outcome(data: Mapping[str, Any], at: datetime) -> Any:
    if "unmet" in data:
        return Refused(data["title"], tuple(Unmet(**one) for one in data["unmet"]))
    return Done(data["sentence"], data["data"], before=at)
