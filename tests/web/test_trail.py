"""The trail, its verification, what an auditor asks, and the proof of reminders, as pages."""

import io
import json
import re
import zipfile
from datetime import timedelta
from urllib.parse import unquote_plus

import browsing as w
import builders as b
import mailroom
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from workflow import models
from workflow.audit import bundle
from workflow.audit.note import Checkpoint, sign_checkpoint
from workflow.models.base import table_of
from workflow.operations.dispose_of_records import ask_disposal
from workflow.operations.seal_log import seal_log
from workflow.operations.set_retention_period import set_retention_period
from workflow.store import final_rows
from workflow.store.signing import make_key, signer_of
from workflow.web.site import Site


@pytest.fixture
def signer(tmp_path):
    make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


@pytest.fixture
def auditor(office, signer):
    """An auditor's browser, on a site that can sign."""
    staff = b.people(office)
    row = {"id": 1, "origin": office.origin, "log_origin": office.origin, "salt": office.salt, "created_at": b.NOW}
    with office.database.transaction() as transaction:
        transaction.connection.execute(table_of(models.Installation).insert(), row)
    plain = w.site(office, staff.auditor)
    return w.Browser(Site(office, plain.clock, list, plain.identify, "k", plain.settings, signer=lambda: signer))


def sealed(office, signer):
    return seal_log(office, signer, now=b.NOW)


def test_entries_are_told_in_words_newest_first_and_filtered(office, auditor):
    staff = b.people(office)
    reference = b.in_validation(office, staff, company_name="Quillhaven Logistics Pte. Ltd.")
    other = b.submit(office, b.act(staff.officer))
    b.advance(office, b.act(staff.officer), reference, "certify")
    text_ = w.words_of(auditor.get(f"/trail?case={reference}"))
    assert "Refused: Certify" in text_
    assert "Pass the checklist: checklist review to validation" in text_
    assert text_.index("Refused: Certify") < text_.index("of Quillhaven Logistics")
    assert other not in text_
    assert "Refused" not in w.words_of(auditor.get("/trail?kind=case:document:added")).split("Who Case")[1]
    assert auditor.get("/trail?case=STP-2026-999999").status_code == 404


def test_pages_of_entries_leave_no_gap(office, auditor):
    for _ in range(3):
        b.in_validation(office, b.people(office))
    first = auditor.get("/trail")
    seen, page = 0, first
    while True:
        seen += page.text.count("<tr><td>")
        if 'class="more"><a href="' not in page.text:
            break
        page = auditor.get(w.unescape(page.text.split('class="more"><a href="')[1].split('"')[0]))
    with office.database.snapshot() as connection:
        assert seen == connection.execute(text("SELECT count(*) FROM audit_entry")).scalar_one()


def test_an_entry_shows_what_it_holds_and_hands_out_its_proof(office, auditor, signer):
    b.submit(office, b.act(b.people(office).officer))
    sealed(office, signer)
    page = auditor.get("/trail/0")
    assert page.status_code == 200
    assert "leaf hash" in page.text
    lines = auditor.get("/trail/0/proof").content.splitlines(keepends=True)
    assert bundle.verify(iter(lines), key=json.loads(lines[0])["vkey"]).holds
    assert auditor.get("/trail/999999").status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl", "xes", "ocel"])
def test_an_export_comes_as_a_file_and_is_itself_an_entry(office, auditor, form):
    b.submit(office, b.act(b.people(office).officer))
    answer = auditor.post("/trail/export", {"format": form})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content
    assert f"Trail exported as {form}" in w.words_of(auditor.get("/trail"))
    if form == "jsonl":
        assert bundle.verify(iter(answer.content.splitlines(keepends=True))).holds


def test_a_csv_comes_with_what_says_which_checkpoint_it_is_from(office, auditor):
    reference = b.submit(office, b.act(b.people(office).officer))
    answer = auditor.post("/trail/export", {"format": "csv", "case": reference})
    assert f'filename="trail-{reference}.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        table, about = archive.read("trail.csv").decode(), json.loads(archive.read("trail.csv-metadata.json"))
    assert reference in table
    assert about["url"] == "trail.csv"
    with office.database.snapshot() as connection:
        kept = {row.note for row in connection.execute(table_of(models.Checkpoint).select())}
    assert about["notes"][0]["Checkpoint"] in kept


def test_a_pdf_without_a_case_is_refused_and_an_officer_exports_nothing(office, auditor):
    answer = auditor.post("/trail/export", {"format": "pdf"})
    assert answer.status_code == 422
    assert "Nothing was exported" in w.words_of(answer)
    assert w.browser(office, b.people(office).officer).post("/trail/export", {"format": "csv"}).status_code == 403


def test_verification_says_what_holds_and_names_what_does_not(office, auditor, signer):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    kept = sealed(office, signer).note
    b.submit(office, b.act(staff.officer))
    told = w.words_of(auditor.post("/trail/verification", {"checkpoint": kept}))
    assert "the log only grew since the checkpoint you gave" in told
    assert "is the first that is not as it was signed" not in told
    with office.database.transaction() as transaction:  # raw SQL, past the program
        transaction.connection.execute(
            text("UPDATE application SET state = 'certified' WHERE reference = :r"), {"r": reference}
        )
    told = w.words_of(auditor.post("/trail/verification", {"checkpoint": kept}))
    assert "The log holds, but the tables say something else" in told
    assert reference in told


@pytest.fixture
def checked(auditor):
    """Press Verify and return the status, what the page says, and which glyph stands before each check of the log."""

    def press(checkpoint=""):
        answer = auditor.post("/trail/verification", {"checkpoint": checkpoint})
        lines = answer.text.partition('class="papers checks"')[2].partition("</ul>")[0]
        return answer.status_code, w.words_of(answer), re.findall(r'href="#g-(\w+)"', lines)[:3]

    return press


def test_what_is_no_checkpoint_of_this_log_judges_nothing_and_is_a_bad_field(office, checked, signer):
    b.in_validation(office, b.people(office))
    done = sealed(office, signer)
    text_, _, signature = done.note.rpartition("\n\n")
    elsewhere = sign_checkpoint(Checkpoint("other.example", done.size, bytes(32)), signer.key)
    altered = done.note.replace(f"\n{done.size}\n", f"\n{done.size - 1}\n")
    for typed, said in (
        ("hello", "no signed checkpoint in it"),
        (text_, "no signed checkpoint in it"),
        (f"{text_}\n{signature}", "no signed checkpoint in it"),
        (elsewhere, "This is a checkpoint of other.example"),
        (altered, "the note or the signature was altered"),
    ):
        status, told, glyphs = checked(typed)
        assert (status, glyphs) == (422, [])
        assert said in told
        assert "The log does not" not in told
        assert "do not restart signing" not in told


def test_a_checkpoint_may_stand_in_the_text_of_the_daily_mail(office, checked, signer):
    b.in_validation(office, b.people(office))
    mail = (
        f"Arun Pillai, this is the newest one.\r\n\r\n{sealed(office, signer).note}\r\nThe verifier key:\r\n\r\nx\r\n"
    )
    assert checked(mail)[2] == ["yes"] * 3


def test_each_check_is_judged_by_itself(office, checked, signer):
    b.in_validation(office, b.people(office))
    done = sealed(office, signer)
    status, told, glyphs = checked()
    assert (status, glyphs) == (200, ["yes", "state", "yes"]), "no checkpoint was given, so that is not judged"
    assert "The log holds, but the tables say something else" in told, "the people of this test are rows alone"
    other = sign_checkpoint(Checkpoint(done.origin, done.size - 1, bytes(32)), signer.key)
    status, told, glyphs = checked(other)
    assert (status, glyphs) == (200, ["yes", "no", "yes"])
    assert "The log and the checkpoint that you gave do not agree" in told
    stranger = sign_checkpoint(Checkpoint(done.origin, done.size - 1, bytes(32)), Ed25519PrivateKey.generate())
    assert checked(stranger)[2] == ["yes", "no", "yes"]
    with office.database.transaction() as transaction:  # raw SQL, past the program
        final_rows.drop(transaction.connection)
        transaction.connection.execute(
            text("UPDATE audit_entry SET canonical = replace(canonical, 'officer', 'oficcer') WHERE position = 1")
        )
    status, told, glyphs = checked(done.note)
    assert (status, glyphs[0], glyphs[2]) == (200, "no", "yes")
    assert "The log does not hold: entry 1 is the first" in told


def test_verification_says_between_which_entries_a_log_was_rewritten(office, auditor, signer):
    b.in_validation(office, b.people(office))
    done = sealed(office, signer)
    other = sign_checkpoint(Checkpoint(done.origin, done.size - 1, bytes(32)), signer.key)
    told = w.words_of(auditor.post("/trail/verification", {"checkpoint": other}))
    assert f"the first entry that is not as it was signed is one of 0 to {done.size - 2}" in told


def test_an_auditor_gets_answers(office, auditor):
    staff = b.people(office)
    b.certified(office, staff)
    text_ = w.words_of(auditor.get("/trail/exceptions"))
    assert "answers assessed met together" in text_
    assert auditor.get("/trail/exceptions?format=csv").text.startswith("date,kind,application")
    assert "What each role may do" in w.words_of(auditor.get("/trail/access"))
    assert auditor.get("/trail/stops").status_code == 200
    assert "unset" in w.words_of(auditor.get("/trail/retention"))
    bad = auditor.post("/trail/sample", {"seed": ""})
    assert bad.status_code == 422
    drawn = w.words_of(auditor.post("/trail/sample", {"seed": "7", "size": "5"}))
    assert "1 of 1 case, seed 7" in drawn


def test_the_proof_is_worked_out_for_the_days_that_are_asked_for(office):
    staff = b.people(office)
    b.certified(office, staff)
    browser = w.browser(office, staff.auditor, now=b.NOW + timedelta(days=30))
    assert "Prove reminders" in w.words_of(browser.get("/proof"))
    assert "23 Dec 2025 to Wed 23 Dec 2026" in w.words_of(
        browser.get("/proof?first=&last=")
    )  # a year, where nothing is typed
    told = w.words_of(browser.get("/proof?first=1+11+2026&last=today"))
    assert "unaccounted" in told
    assert browser.get("/proof?first=1+11+2026&last=1+10+2026").status_code == 422
    data = browser.get("/proof?first=1+11+2026&last=today&format=json").json()
    assert data["unaccounted"] == []
    assert w.browser(office, staff.officer).get("/proof").status_code == 403


def test_the_second_person_sees_all_that_a_disposal_is_about(sqlite_office):
    office, staff = sqlite_office, b.people(sqlite_office)
    admin = b.another_person(office, "p-10", "Goh Siew Ling", "admin")
    second = b.another_person(office, "p-11", "Hui Min Lee", "supervisor")
    for _ in range(6):
        reference = b.submit(office, b.act(staff.officer))
        b.done(b.advance(office, b.act(staff.officer), reference, "withdraw", reason_code="request"))
    mailroom.deliver(office)
    set_retention_period(office, kind="case_file", years=7, source="Records Act", act=b.act(admin))
    later = b.morning_of(b.TODAY.replace(year=b.TODAY.year + 7) + timedelta(days=1))
    ask_disposal(office, act=b.act(staff.supervisor, later))

    browser = w.browser(office, second, now=later)
    card = browser.get("/approvals")
    assert "The disposal of records whose period is over" in w.words_of(card)
    assert 'href="/trail/retention#asked"' in card.text
    shown = browser.get("/trail/retention")
    assert "Asked for, waits for a second person 6" in w.words_of(shown)
    for case in b.rows_of(office, models.Application):
        assert f'href="/cases/{case["reference"]}"' in shown.text


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1 1 1899", "2200-01-01"])
def test_a_day_beyond_those_that_can_be_counted_is_refused_by_every_page(auditor, day):
    for address in (
        "/trail?first=",
        "/trail?last=",
        "/trail/exceptions?last=",
        "/trail/access?on=",
        "/trail/stops?last=",
    ):
        answer = auditor.get(f"{address}{day}")
        assert answer.status_code == 422
        assert "between 1900-01-01 and 2199-12-31" in w.words_of(answer)


@pytest.mark.parametrize(
    ("address", "field", "said"),
    [
        ("/trail?first=yesterdayish", "first", "is no date that is clear"),
        ("/trail?first=1+12+2026&last=1+1+2026", "last", "Exchange them."),
        ("/trail?kind=foo", "kind", 'The kind "foo" does not exist.'),
        ("/trail?person=nobody", "person", 'Nobody with the address "nobody" has an account'),
        ("/trail/exceptions?first=2026-12-01&last=2026-01-01", "last", "Exchange them."),
        ("/trail/exceptions?last=soonish", "last", "is no date that is clear"),
        ("/trail/exceptions?kind=foo&format=csv", "kind", 'The kind "foo" does not exist. Known: waiver'),
        ("/trail/stops?first=2026-12-01&last=2026-01-01", "last", "Exchange them."),
        ("/trail/stops?first=soonish", "first", "is no date that is clear"),
        ("/trail/access?first=2026-12-01&last=2026-01-01", "last", "Exchange them."),
        ("/trail/access?first=2026-01-01", "last", "Name the first and the last day"),
        ("/trail/access?last=2026-01-01", "first", "Name the first and the last day"),
        ("/trail/access?on=soonish", "on", "is no date that is clear"),
        ("/trail/access?on=%2B1d", "on", "is in the future"),
        ("/proof?first=soonish", "first", "is no date that is clear"),
    ],
)
def test_a_filter_that_cannot_be_used_is_told_at_its_field_and_kept(auditor, address, field, said):
    answer = auditor.get(address)
    assert answer.status_code == 422
    assert said in w.words_of(answer)
    assert f'href="#f-{field}"' in answer.text
    at_field = answer.text.split(f'id="f-{field}"')[1].split(">")[0]
    assert 'aria-invalid="true"' in at_field
    assert 'aria-label="The trail"' in answer.text
    for name, value in re.findall(r"[?&](first|last|on)=([^&]+)", address):
        assert f'name="{name}" value="{unquote_plus(value)}"' in answer.text


def test_entries_of_those_who_left_and_of_the_clock_can_be_chosen(office, auditor):
    staff = b.people(office)
    b.submit(office, b.act(staff.officer))
    assert "No entry matches" in w.words_of(auditor.get("/trail?person=clock"))
    assert "received for STP" in w.words_of(auditor.get(f"/trail?person={b.email_of(staff.officer)}"))
