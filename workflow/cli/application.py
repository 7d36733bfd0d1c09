"""`aeo application`: one case from submission to its end."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.cut_over import show_taken_over
from workflow.cli.progress import counting
from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, operator_act, show, table, viewer_of
from workflow.errors import BadInput
from workflow.operations.add_site import add_site
from workflow.operations.advance_application import advance_application
from workflow.operations.assign_application import assign_application
from workflow.operations.import_applications import import_applications
from workflow.operations.note_contact import note_contact
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.submit_application import submit_application
from workflow.operations.take_back_recommendation import take_back_recommendation
from workflow.reports import cases
from workflow.store import people

app = group("Cases: submit, show, advance, recommend.")
sites = group("Sites of a case's company.")
app.add_typer(sites, name="site")
Key = Annotated[
    str, typer.Option("--idempotency-key", metavar="K", help="The same key again gets the same answer, for 24 hours.")
]


@app.command()
def submit(
    programme: Annotated[str, typer.Option(help="The programme's code, such as STP.")],
    uen: Annotated[str, typer.Option(help="The company's UEN.")],
    company_name: Annotated[str, typer.Option(help="Needed when the register does not know the company.")] = "",
    contact_email: Annotated[str, typer.Option(help="Whom messages to the company go to.")] = "",
    account_manager: Annotated[str, typer.Option(help="The account manager's e-mail address.")] = "",
    trader_role: Annotated[
        list[str] | None, typer.Option(help="What the company does in trade, such as importer; repeat for more.")
    ] = None,
    site: Annotated[list[str] | None, typer.Option(help="A place where the company operates; repeat for more.")] = None,
    received_on: Annotated[str, typer.Option(help="The day of receipt, 2026-11-22; default: today.")] = "",
    accept_check_letter: Annotated[
        str, typer.Option(metavar="REASON", help="Keep a wrong check letter, and why.")
    ] = "",
    idempotency_key: Key = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Receive an application and print its reference."""
    with opened() as installation:
        done = submit_application(
            installation.office,
            act=act_of(installation, as_),
            programme=programme,
            uen=uen,
            company_name=company_name,
            contact_email=contact_email,
            account_manager=account_manager,
            received_on=inputs.day(received_on, "--received-on") if received_on else None,
            accept_check_letter=accept_check_letter,
            sites=site or [],
            trader_roles=trader_role or [],
            idempotency_key=idempotency_key,
        )
        show(done.data if json else done.data["reference"], as_json=json)


@app.command("show")
def show_(reference: Reference, as_: As = "", json: Json = False) -> None:
    """Show a case: state and standing, certificate, what happens next."""
    with opened() as installation:
        viewer, now = viewer_of(installation, as_), installation.clock()
        with installation.office.database.snapshot() as connection:
            case = cases.show(connection, installation.office, reference=reference, viewer=viewer, now=now)
    if json:
        show(case, as_json=True)
        return
    certificate = case["certificate"]
    lines = [
        f"{case['reference']}  {case['company_name']}  UEN {case['uen']}",
        f"{case['programme']}, cycle {case['cycle']}: {case['state_title']}; standing {case['standing']}",
        f"Next: {case['next_step']} (waits for {case['waits_for']})",
        f"Officer {case['assignee'] or 'nobody yet'}; account manager {case['account_manager'] or 'nobody yet'}",
    ]
    if certificate:
        lines.append(
            f"Certificate {certificate['number']}, {certificate['valid_from']} to the end of "
            f"{certificate['valid_until']}, AEO code {certificate['aeo_code']}"
        )
    if case["sites"]:
        lines.append(f"Sites: {', '.join(case['sites'])}")
    lines.append(f"Version {case['version']}")
    show("\n".join(lines), as_json=False)


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="Only cases in this state.")] = "",
    assignee: Annotated[str, typer.Option(help="Only cases of this officer (e-mail address).")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    after: Annotated[str, typer.Option(help="Go on after this reference.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """List cases by what must happen next and by when."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            officer = people.by_email(connection, assignee).id if assignee else ""
            page = partial(
                cases.list_,
                connection,
                installation.office,
                viewer=viewer,
                now=installation.clock(),
                state=state,
                assignee_id=officer,
            )
            rows = page(after=after, limit=limit)
            more = len(rows) == limit and page(after=rows[-1]["reference"], limit=1)
    columns = ("reference", "company_name", "state", "standing", "next_step", "deadline", "assignee")
    table(rows, columns, as_json=json, empty="No case matches. `aeo application submit` receives one.")
    if more and not json:  # what a program reads stays alone; it goes on until a page is empty
        typer.echo(f"More cases follow. Go on with --after {rows[-1]['reference']}, or raise --limit.", err=True)


@app.command()
def history(reference: Reference, as_: As = "", json: Json = False) -> None:
    """Show everything that happened to a case, oldest first."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = cases.history(connection, installation.office, reference=reference, viewer=viewer)
    table(rows, ("at", "actor", "role", "sentence", "reason"), as_json=json, empty="Nothing happened yet.")


@app.command()
def actions(reference: Reference, as_: As = "", json: Json = False) -> None:
    """Show every action from here: allowed, or each unmet rule and who can meet it."""
    with opened() as installation:
        act = act_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            found = cases.actions(connection, installation.office, reference=reference, actor=act.actor, now=act.now)
    if json:
        show(found, as_json=True)
        return
    for action in found:
        words = "allowed" if action["allowed"] else f"not yet, {len(action['unmet'])} unmet"
        if action["asks"]:
            words += f" (takes {', '.join(action['asks'])})"
        show(f"{action['trigger']}: {words}", as_json=False)
        for one in action["unmet"]:
            show(f"  - {one['sentence']} [{one['code']}; who can: {one['who']}]", as_json=False)
    if not found:
        show("Nothing can be done from here; only the clock or nobody moves this case.", as_json=False)


@app.command()
def advance(
    reference: Reference,
    trigger: Annotated[str, typer.Argument(help="The transition, such as start_review.")],
    reason_code: Annotated[str, typer.Option(help="One of the transition's reason codes.")] = "",
    reason: Annotated[str, typer.Option(help="The reason; the company reads it.")] = "",
    internal_reason: Annotated[str, typer.Option(help="For staff; the trail holds its digest only.")] = "",
    effective_on: Annotated[str, typer.Option(help="The day it counts from, 2026-11-22; default: now.")] = "",
    version: Annotated[int | None, typer.Option(help="Refuse when the case is not at this version any more.")] = None,
    given: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A fact that the transition takes.")
    ] = None,
    idempotency_key: Key = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Fire one transition, or see every unmet rule."""
    with opened() as installation:
        outcome = advance_application(
            installation.office,
            reference=reference,
            trigger=trigger,
            act=act_of(installation, as_),
            reason_code=reason_code,
            reason=reason,
            internal_reason=internal_reason,
            effective_on=inputs.day(effective_on, "--effective-on") if effective_on else None,
            given=_pairs(given or []),
            version=version,
            idempotency_key=idempotency_key,
        )
        finish(outcome, as_json=json)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals:
            raise BadInput("GIVEN", f'--given "{one[:40]}" is not KEY=VALUE, such as valid_from=2026-11-22.')
        pairs[key] = value
    return pairs


@app.command()
def recommend(
    reference: Reference,
    outcome: Annotated[str, typer.Option(help="What an approver should do: certify or reject.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    version: Annotated[int | None, typer.Option(help="Refuse when the case is not at this version any more.")] = None,
    idempotency_key: Key = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Recommend an outcome: the first pair of eyes. Who recommends may not decide."""
    with opened() as installation:
        done = recommend_outcome(
            installation.office,
            reference=reference,
            outcome=outcome,
            reason=reason,
            act=act_of(installation, as_),
            version=version,
            idempotency_key=idempotency_key,
        )
        finish(done, as_json=json)


@app.command()
def take_back(
    reference: Reference,
    reason: Annotated[str, typer.Option(help="Why it holds no more; kept in the trail.")],
    version: Annotated[int | None, typer.Option(help="Refuse when the case is not at this version any more.")] = None,
    idempotency_key: Key = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Take the open recommendation back while nobody has decided: who made it may, or a supervisor."""
    with opened() as installation:
        done = take_back_recommendation(
            installation.office,
            reference=reference,
            reason=reason,
            act=act_of(installation, as_),
            version=version,
            idempotency_key=idempotency_key,
        )
        finish(done, as_json=json)


@app.command()
def assign(
    reference: Reference,
    to: Annotated[str, typer.Option(help="The officer's e-mail address.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Assign a case to an officer."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(assign_application(installation.office, reference=reference, to=to, act=act), as_json=json)


@app.command()
def contacted(
    reference: Reference,
    expects: Annotated[str, typer.Option(help="The day by which the company expects to file, 2027-03-01.")],
    note: Annotated[str, typer.Option(help="What was said; kept in the trail.")],
    on: Annotated[str, typer.Option(help="The day of the contact; default: today.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Note that the company was contacted about its renewal; reminders to the account manager alone rest until then."""
    with opened() as installation:
        done = note_contact(
            installation.office,
            reference=reference,
            expects_on=inputs.day(expects, "--expects"),
            note=note,
            contacted_on=inputs.day(on, "--on") if on else None,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file of open cases kept on paper.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Reconcile and change nothing.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows go; default: FILE.rejects.csv.")] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Take over open cases from paper, with the stops of their clock; running it again changes nothing."""
    with opened() as installation, counting("Rows read", quiet=json) as progress:
        act = operator_act(installation, as_)
        result = import_applications(
            installation.office, file=file, act=act, rejects=rejects, dry_run=dry_run, progress=progress
        )
    show_taken_over(result, as_json=json)


@sites.callback()
def _sites() -> None:
    """Sites of a case's company."""


@sites.command("add")
def add_site_(
    reference: Reference,
    name: Annotated[str, typer.Argument(help="The site's name, such as Tuas warehouse.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Add a place where the company operates; criteria and visits per site count for it from now on."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(add_site(installation.office, reference=reference, name=name, act=act), as_json=json)
