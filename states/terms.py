"""How long a certificate or a band assessment holds. Pure; must not know where the dates are kept."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from states.dates import add_months, add_years, last_valid_day
from states.definition import Programme
from states.standing import Held


@dataclass(frozen=True)
class Term:
    """A span of local days, both included."""

    valid_from: date
    valid_until: date


def certificate_term(programme: Programme, valid_from: date, band_valid_until: date | None) -> Term:
    """Return a certificate's term: the programme's years, or less where a band that ends sooner limits it.

    STP: up to three years, so not past the band's period; STP-Plus: three years (Singapore Customs, STP page, FAQ 1).
    """
    validity = programme.validity
    until = last_valid_day(valid_from, validity.years, validity.counting)
    if validity.limited_by_band and band_valid_until is not None:
        until = min(until, band_valid_until)
    return Term(valid_from, until)


def renewed_term(programme: Programme, old: Term, decided_on: date, band_valid_until: date | None) -> Term:
    """Return a renewed certificate's term.

    While the old one runs: from the day after it ends, to one term after that end, so that nothing drifts; or from the
    decision day, where the programme says so. After its end: from the decision day, never backdated [design 5].
    """
    validity = programme.validity
    if decided_on > old.valid_until or programme.renewal.renewal_starts == "decision_day":
        return certificate_term(programme, decided_on, band_valid_until)
    until = add_years(old.valid_until, validity.years)
    if validity.limited_by_band and band_valid_until is not None:
        until = min(until, band_valid_until)
    return Term(old.valid_until + timedelta(days=1), until)


def decided_term(
    programme: Programme,
    held: Held,
    decided_on: date,
    band_valid_until: date | None,
    *,
    first: date | None = None,
    earlier: date | None = None,
) -> Term:
    """Return the term of a certificate decided on a day: a renewed one while another runs.

    `first` names another first day than the rules give, `earlier` a last day before the one that they give.
    """
    old = held.newest
    if old is not None and held.runs(decided_on):
        # One that ran on past its end gives way on the decision day.
        term = renewed_term(programme, Term(old.valid_from, old.valid_until), decided_on, band_valid_until)
    else:
        term = certificate_term(programme, decided_on, band_valid_until)
    if first is not None and first != term.valid_from:
        term = certificate_term(programme, first, band_valid_until)
    return replace(term, valid_until=earlier) if earlier else term


def band_valid_until(programme: Programme, band: str, assessed_on: date) -> date | None:
    """Return the last day of a band assessment, or None for a band without a stated period."""
    years = {str(name): years for name, years in programme.band.years.items()}.get(band)
    return None if years is None else last_valid_day(assessed_on, years, programme.validity.counting)


def service_target(programme: Programme, complete_on: date) -> date | None:
    """Return the day by which a decision is aimed for, counted from completeness; None where none is set."""
    target = programme.service_target
    return None if target is None else add_months(complete_on, target.months)
