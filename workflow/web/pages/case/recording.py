"""What officers record on a case beside sections and transitions: recommendations and taking them back, band, contact, certificate.

Each form is one operation; the recommendation that brings its band is two, one after the other.
"""

from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area, Deed, role_for, takes_back
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.record import stale
from workflow.errors import BadInput, NotFound
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.note_contact import note_contact
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_consent import record_consent
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.operations.set_band import set_band
from workflow.operations.take_back_recommendation import take_back_recommendation
from workflow.reports import acting, certificates
from workflow.reports.acting import Moment
from workflow.web import acts, words
from workflow.web.answers import Problem, act
from workflow.web.forms import Posted, Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.acting import action_of
from workflow.web.pages.case.shell import section
from workflow.web.site import Acting, Here, Site, caller_of, site_of

_CERTIFICATE = ("correct", "reissue", "consent")


def router() -> APIRouter:
    made = routes()
    _recommendation(made)
    _taking_back(made)
    _band(made)
    _contact(made)
    _certificate(made)
    return made


def _recommendation(made: APIRouter) -> None:
    @made.get("/cases/{reference}/recommend/{outcome}")
    @see(Area.CASES)
    def recommendation(request: Request, reference: str, outcome: str) -> Response:
        return _recommend_page(request, reference, outcome, None)

    @made.post("/cases/{reference}/recommend/{outcome}")
    @see(Area.CASES)
    def recommend(request: Request, site: Here, by: Acting, reference: str, outcome: str) -> Response:
        posted = posted_of(request)

        def recommended() -> Outcome:
            moment = _moment(site, by, reference)
            version, band = _typed_recommendation(posted, moment)
            if band is not None and (refused := _record_band(site, by, moment, band, version)):
                return refused
            return recommend_outcome(
                site.office,
                reference=reference,
                outcome=outcome,
                reason=posted.text("reason"),
                act=by,
                version=None if band else version,
                idempotency_key=posted.once,
            )

        again = lambda problem: _recommend_page(request, reference, outcome, problem)  # noqa: E731  # used once
        return act(request, recommended, to=f"/cases/{reference}", again=again)


def _typed_recommendation(posted: Posted, moment: Moment) -> tuple[int | None, tuple[str, date] | None]:
    """Return the version and, where one was asked for, the band; everything that is wrong is said at once."""
    problems = Problems()
    version = problems.take(lambda: posted.version)
    band = problems.take(lambda: _typed_band(posted, moment.facts.today)) if "band" in posted.data else None
    if not posted.text("reason").strip():
        problems.found.append(BadInput("TEXT_EMPTY", "The reason is empty. Write it.", field="reason"))
    problems.stop()
    return version, band


def _typed_band(posted: Posted, today: date) -> tuple[str, date]:
    problems = Problems()
    if not posted.text("band"):
        problems.found.append(BadInput("BAND", "Choose the band that was assessed.", field="band"))
    on = problems.take(lambda: posted.day("assessed_on", "The day of the assessment", today, needed=True))
    problems.stop()
    return posted.text("band"), on


def _record_band(site: Site, by: Act, moment: Moment, band: tuple[str, date], version: int | None) -> Refused | None:
    """Record the band unless it is there already: the form may be sent again after the recommendation failed.

    The recommendation then rests on the case one change later than the page showed it, so the version is compared here.
    """
    known = moment.facts.band
    if known is not None and (known.band, known.assessed_on, known.assessor) == (*band, by.actor.id):
        return None
    if version is not None and version != moment.case.version:
        raise stale(moment.case.reference)
    outcome = at(
        "assessed_on", lambda: set_band(site.office, uen=moment.case.uen, band=band[0], assessed_on=band[1], act=by)
    )
    return outcome if isinstance(outcome, Refused) else None


def _recommend_page(request: Request, reference: str, outcome: str, problem: Problem | None) -> Response:
    site, person = site_of(request), caller_of(request).person
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=site.clock())
        titles = [t.title for t in moment.programme.transitions if t.trigger == outcome and "recommended" in t.guards]
        if not titles:
            raise NotFound("NO_OUTCOME", f'"{outcome[:40]}" cannot be recommended.')
        found = next((one for one in moment.actions if one["trigger"] == outcome), None)
        ways = (
            [acts.unmet(u, reference, outcome, person.roles, uen=moment.case.uen) for u in found["in_the_way"]]
            if found
            else []
        )
        band_only = bool(ways) and all(one["code"].startswith("BAND_") for one in ways)
        may = role_for(Deed.RECOMMEND, person.roles) is not None
        return section(
            request,
            connection,
            "case/recommend.html",
            reference,
            problem=problem,
            on_its_own_page=True,
            heading=acts.recommend(outcome, titles[0]),
            action=found and action_of(moment, found),
            in_the_way=[] if band_only else ways,
            with_band=band_only or bool(problem and "band" in posted_of(request).data),
            may=may,
            here_of=moment.programme.state_by_name[moment.case.state].title,
            made=moment.recommendation,
        )


def _taking_back(made: APIRouter) -> None:
    @made.get("/cases/{reference}/take-back")
    @see(Area.CASES)
    def taking_back(request: Request, reference: str) -> Response:
        return _take_back_page(request, reference, None)

    @made.post("/cases/{reference}/take-back")
    @see(Area.CASES)
    def take_back(request: Request, site: Here, by: Acting, reference: str) -> Response:
        posted = posted_of(request)
        taken_back = lambda: take_back_recommendation(  # noqa: E731  # read as one field
            site.office,
            reference=reference,
            reason=posted.text("reason"),
            act=by,
            version=posted.version,
            idempotency_key=posted.once,
        )
        return act(
            request,
            lambda: at("reason", taken_back),
            to=f"/cases/{reference}",
            again=lambda problem: _take_back_page(request, reference, problem),
        )


def _take_back_page(request: Request, reference: str, problem: Problem | None) -> Response:
    site, person = site_of(request), caller_of(request).person
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=site.clock())
        made = moment.recommendation
        staff = sorted(moment.facts.people.values(), key=lambda one: one.name)
        return section(
            request,
            connection,
            "case/take_back.html",
            reference,
            problem=problem,
            on_its_own_page=True,
            made=made,
            may=made is not None and takes_back(person, made["by_id"]),
            can=[one.name for one in staff if made is not None and takes_back(one, made["by_id"])],
            then=moment.programme.state_by_name[moment.case.state],
        )


def _band(made: APIRouter) -> None:
    @made.get("/cases/{reference}/band")
    @see(Area.CASES)
    def band(request: Request, reference: str) -> Response:
        return _simple(request, reference, "band", None)

    @made.post("/cases/{reference}/band")
    @see(Area.CASES)
    def record(request: Request, site: Here, by: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def recorded() -> Outcome:
            moment = _moment(site, by, reference)
            typed = _typed_band(posted, moment.facts.today)
            refused = _record_band(site, by, moment, typed, posted.version)
            return refused or Done(f"Band {typed[0]}, assessed {words.day(typed[1])}, is recorded.")

        again = lambda problem: _simple(request, reference, "band", problem)  # noqa: E731  # used once
        return act(request, recorded, to=f"/cases/{reference}", again=again)


def _contact(made: APIRouter) -> None:
    @made.get("/cases/{reference}/contact")
    @see(Area.CASES)
    def contact(request: Request, reference: str) -> Response:
        return _simple(request, reference, "contact", None)

    @made.post("/cases/{reference}/contact")
    @see(Area.CASES)
    def note(request: Request, site: Here, by: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def noted() -> Outcome:
            today, problems = _moment(site, by, reference).facts.today, Problems()
            on = problems.take(lambda: posted.day("contacted_on", "The day of the contact", today))
            expects = problems.take(lambda: posted.day("expects_on", "The day it expects to file", today, needed=True))
            if not posted.text("note").strip():
                problems.found.append(BadInput("TEXT_EMPTY", "Write what was said.", field="note"))
            problems.stop()
            said = {"expects_on": expects, "note": posted.text("note"), "contacted_on": on}
            return note_contact(site.office, reference=reference, act=by, idempotency_key=posted.once, **said)

        again = lambda problem: _simple(request, reference, "contact", problem)  # noqa: E731  # used once
        return act(request, noted, to=f"/cases/{reference}", again=again)


def _certificate(made: APIRouter) -> None:
    @made.get("/cases/{reference}/certificate/{what}")
    @see(Area.CASES)
    def certificate(request: Request, reference: str, what: str) -> Response:
        return _certificate_page(request, reference, what, None)

    @made.post("/cases/{reference}/certificate/{what}")
    @see(Area.CASES)
    def change(request: Request, site: Here, by: Acting, reference: str, what: str) -> Response:
        posted = posted_of(request)

        def changed() -> Outcome:
            moment = _moment(site, by, reference)
            number = _number(moment)
            match what:
                case "correct":
                    return _correct(site, by, number, posted, moment.facts.today)
                case "reissue":
                    once, reason = posted.once, posted.text("reason")
                    reissue = lambda: reissue_certificate(  # noqa: E731  # read as one field
                        site.office, number=number, reason=reason, act=by, idempotency_key=once
                    )
                    outcome: Outcome = at("reason", reissue)
                    return outcome
                case "consent":
                    publication, partners = (_yes_no(posted.text(name)) for name in ("publication", "partners"))
                    given = {"publication": publication, "partners": partners}
                    return record_consent(site.office, number=number, act=by, idempotency_key=posted.once, **given)
            raise NotFound("NO_PAGE", "There is no such page.")

        again = lambda problem: _certificate_page(request, reference, what, problem)  # noqa: E731  # used once
        return act(request, changed, to=f"/cases/{reference}", again=again)


def _correct(site: Site, by: Act, number: str, posted: Posted, today: date) -> Outcome:
    problems = Problems()
    first = problems.take(lambda: posted.day("valid_from", "The first day", today))
    last = problems.take(lambda: posted.day("valid_until", "The last day", today))
    if not posted.text("reason").strip():
        problems.found.append(BadInput("TEXT_EMPTY", "The reason is empty. Write it.", field="reason"))
    problems.stop()
    return correct_certificate(
        site.office,
        number=number,
        reason=posted.text("reason"),
        act=by,
        valid_from=first,
        valid_until=last,
        idempotency_key=posted.once,
    )


def _yes_no(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)


def _number(moment: Moment) -> str:
    """Return the number of the certificate that counts, or of the one that follows. Raises NotFound."""
    newest = moment.case.held.newest
    if newest is None:
        raise NotFound("NO_CERTIFICATE", f"{moment.case.reference} has no certificate.")
    return newest.number


def _certificate_page(request: Request, reference: str, what: str, problem: Problem | None) -> Response:
    if what not in _CERTIFICATE:
        raise NotFound("NO_PAGE", "There is no such page.")
    site, person = site_of(request), caller_of(request).person
    deed = {"correct": Deed.CORRECT, "reissue": Deed.REISSUE, "consent": Deed.CONSENT}[what]
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=site.clock())
        number = _number(moment)
        shown = certificates.show(connection, site.office, number=number, viewer=person, now=site.clock())
        return section(
            request,
            connection,
            "case/certificate.html",
            reference,
            problem=problem,
            on_its_own_page=True,
            what=what,
            certificate=shown,
            may=role_for(deed, person.roles) is not None,
            contacts=acting.contacts(connection, moment.case),
        )


def _simple(request: Request, reference: str, what: str, problem: Problem | None) -> Response:
    """Return the page of a short form: the band, or a contact."""
    site, person = site_of(request), caller_of(request).person
    deed = {"band": Deed.SET_BAND, "contact": Deed.NOTE_CONTACT}[what]
    with site.office.database.snapshot() as connection:
        may = role_for(deed, person.roles) is not None
        return section(
            request, connection, f"case/{what}.html", reference, problem=problem, on_its_own_page=True, may=may
        )


def _moment(site: Site, by: Act, reference: str) -> Moment:
    with site.office.database.snapshot() as connection:
        return acting.moment(connection, site.office, reference=reference, viewer=by.actor, now=by.now)
