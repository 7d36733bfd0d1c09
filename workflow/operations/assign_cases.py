"""Assigns several cases to one officer: each by itself, so that one that cannot be assigned keeps no other back."""

from collections.abc import Sequence

from workflow.decisions.outcome import Act, Done, Refused
from workflow.errors import CaseworkError
from workflow.operations.assign_application import assign_application
from workflow.store.office import Office

MOST = 200


def assign_cases(office: Office, *, cases: Sequence[tuple[str, int]], to: str, act: Act) -> Done:
    """Assign cases, each given with the version that was seen. What could not be done is told case by case."""
    done: list[str] = []
    left: list[str] = []
    for reference, version in list(cases)[:MOST]:
        try:
            outcome = assign_application(office, reference=reference, to=to, act=act, version=version)
        except CaseworkError as error:
            left.append(f"{reference}: {error.sentence}")
            continue
        if isinstance(outcome, Refused):
            left.append(f"{reference}: {outcome.unmet[0].sentence}")
        else:
            done.append(reference)
    count = f"{len(done)} case{'' if len(done) == 1 else 's'} assigned"
    why = f" Left out: {' '.join(left)}" if left else ""
    return Done(f"{count}.{why}", {"assigned": done, "left": left})
