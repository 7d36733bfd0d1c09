"""`aeo certificate`: certificates after they were issued, and those taken over from elsewhere. New events, never edits."""

from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.cut_over import show_taken_over
from workflow.cli.progress import counting
from workflow.cli.shared import As, Json, act_of, finish, group, opened, operator_act, show, viewer_of
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.import_certificates import import_certificates
from workflow.operations.record_consent import record_consent
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.reports import certificates

app = group("Certificates: show, correct, re-issue, consents, take over.")
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The certificate's number, such as STP-2026-C00001.")]


@app.command("show")
def show_(number: Number, as_: As = "", json: Json = False) -> None:
    """Show a certificate: dates as decided and as they are now, what happened, standing today."""
    with opened() as installation:
        viewer, now = viewer_of(installation, as_), installation.clock()
        with installation.office.database.snapshot() as connection:
            found = certificates.show(connection, installation.office, number=number, viewer=viewer, now=now)
    if json:
        show(found, as_json=True)
        return
    decided, words = found["decided"], {True: "yes", False: "no"}
    printed = ", as printed elsewhere" if found["as_printed"] else ""
    public, partners = words[found["publication_consent"]], words[found["partner_consent"]]
    lines = [
        f"{found['number']}  {found['company_name']}  UEN {found['uen']}  AEO code {found['aeo_code']}",
        f"{found['programme']}, {found['application']}, cycle {found['cycle']}: standing {found['standing']}",
        f"Decided: {decided['valid_from']} to the end of {decided['valid_until']}{printed}",
        f"Now: {found['valid_from']} to the end of {found['valid_until']}",
        f"Consent: publication {public}, partner exchange {partners}",
    ]
    lines += [f"Replaced by {found['replaced_by']}"] if found["replaced_by"] else []
    lines += [f"  {event['on']}  {event['sentence']}" for event in found["events"]]
    show("\n".join(lines), as_json=False)


@app.command()
def correct(
    number: Number,
    reason: Annotated[str, typer.Option(help="What was wrong; the company reads it.")],
    valid_from: Annotated[str, typer.Option(help="The right first day, 2026-11-22.")] = "",
    valid_until: Annotated[str, typer.Option(help="The right last day, 2029-11-22.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Ask for the correction of an issued certificate; an approver confirms it."""
    with opened() as installation:
        outcome = correct_certificate(
            installation.office,
            number=number,
            reason=reason,
            act=act_of(installation, as_),
            valid_from=inputs.day(valid_from, "--valid-from") if valid_from else None,
            valid_until=inputs.day(valid_until, "--valid-until") if valid_until else None,
        )
        finish(outcome, as_json=json)


@app.command()
def reissue(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; the company reads it.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Give a certificate a new number; dates and AEO code stay."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(reissue_certificate(installation.office, number=number, reason=reason, act=act), as_json=json)


@app.command()
def consent(
    number: Number,
    publication: Annotated[str, typer.Option(help="yes or no: listed in the public register.")] = "",
    partners: Annotated[str, typer.Option(help="yes or no: named to partner administrations.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record what the company consents to."""
    with opened() as installation:
        outcome = record_consent(
            installation.office,
            number=number,
            act=act_of(installation, as_),
            publication=_answer(publication, "--publication"),
            partners=_answer(partners, "--partners"),
        )
        finish(outcome, as_json=json)


def _answer(value: str, what: str) -> bool | None:
    return inputs.one_of(value, ("yes", "no"), what) == "yes" if value else None


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file of certificates issued elsewhere.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Reconcile and change nothing.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows go; default: FILE.rejects.csv.")] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Take over companies that were certified elsewhere; running it again changes nothing."""
    with opened() as installation, counting("Rows read", quiet=json) as progress:
        act = operator_act(installation, as_)
        result = import_certificates(
            installation.office, file=file, act=act, rejects=rejects, dry_run=dry_run, progress=progress
        )
    show_taken_over(result, as_json=json)
