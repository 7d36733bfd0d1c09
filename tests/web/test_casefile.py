"""The file of a case in a browser without a script: checklist, documents, visits, questions to the company."""

import hashlib
import json
import re
from datetime import date, timedelta
from urllib.parse import quote

import browsing as w
import builders as b
import pytest
from sqlalchemy import event, select

from states.dates import local_day
from workflow import models
from workflow.models.base import table_of
from workflow.operations.add_site import add_site
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_criterion
from workflow.reports import case_file
from workflow.reports.checklist import checklist as read_checklist
from workflow.reports.papers import papers

_ENTRY = table_of(models.AuditEntry)
PDF, PNG = b.PDF, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
SITE = "Tuas warehouse"


class Desk:
    """An officer at a case under checklist review, with a browser."""

    def __init__(self, office, **overrides):
        self.office, self.staff = office, b.people(office)
        self.officer = b.act(self.staff.officer)
        self.reference = b.submit(office, self.officer, **overrides)
        self.pack = b.complete_pack(office, self.officer, self.reference)
        b.done(b.advance(office, self.officer, self.reference, "start_review"))
        self.base = f"/cases/{self.reference}"
        self.browser = w.browser(office, self.staff.officer)

    def answer(self, criterion, answer="yes", documents=(), **more):
        answered = {"reference": self.reference, "criterion": criterion, "answer": answer, "act": self.officer}
        b.done(answer_criterion(self.office, documents=documents, **answered, **more))

    def cell(self, criterion, site=""):
        return self.read(read_checklist, self.office).at(criterion, site)

    def read(self, report, *more):
        with self.office.database.snapshot() as connection:
            return report(connection, *more, reference=self.reference, viewer=self.staff.officer)

    def documents(self):
        return self.read(papers, self.office)["documents"]

    def entries(self, kind):
        query = select(_ENTRY.c.canonical).where(_ENTRY.c.kind == kind).order_by(_ENTRY.c.id)
        with self.office.database.snapshot() as connection:
            return [json.loads(one) for one in connection.execute(query).scalars()]

    def add(self, *files, **form):
        sent = [("file", (name, content, "application/octet-stream")) for name, content in files]
        return self.browser.post(f"{self.base}/documents", form or {"kind": "evidence"}, sent)

    def open(self, address):
        answer = self.browser.get(f"{self.base}/{address}")
        assert answer.status_code == 200, w.words_of(answer)[:400]
        return answer

    def send(self, page, action, **typed):
        """Send the form of a page with what it holds, radio buttons and ticks apart, and what is typed."""
        fields = w.fields_of(page, f"{self.base}/{action}")
        for name in ("assessment", "answer", "documents", "accept", "stay", "file", "report"):
            fields.pop(name, None)
        return self.browser.post(f"{self.base}/{action}", fields | typed)


@pytest.fixture
def desk(office):
    return Desk(office, sites=[SITE, "Jurong cross-dock"])


class TestDocuments:
    def test_of_which_one_cannot_be_kept_are_none_and_the_page_says_so_and_which_one(self, desk):
        before = b.everything(desk.office)
        answer = desk.add(("seal log.pdf", PDF), (f"gate {'x' * 240}.png", PNG))
        said = w.words_of(answer)
        assert answer.status_code == 422
        assert f'The name of the file "gate {"x" * 55}…" has 249 characters' in said
        assert "None of the files was saved. Choose them all again." in said
        assert b.everything(desk.office) == before

    def test_several_files_are_added_at_once_and_the_receipt_names_their_digests(self, desk):
        page = desk.browser.follow(desk.add(("seal log.pdf", PDF), ("gate.png", PNG)))
        said = w.words_of(page)
        assert "2 documents are added" in said
        for name, content in (("seal log.pdf", PDF), ("gate.png", PNG)):
            assert f"{name} , version 1" in said
            assert hashlib.sha256(content).hexdigest() in said

    def test_what_is_missing_stands_first_and_can_be_done_without_once_a_second_person_agrees(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer))
        b.complete_pack(office, b.act(staff.officer), reference, b.PACK[:3])
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/documents"
        said = w.words_of(browser.get(address))
        assert said.index("Audited financial statements") < said.index("STP application form")
        assert "is missing of 4" in said
        refused = browser.post(f"{address}/waive", {"kind": "financial_statements", "reason": " "})
        assert refused.status_code == 422
        assert "The reason is empty" in w.words_of(refused)
        asked = browser.post(f"{address}/waive", {"kind": "financial_statements", "reason": "Founded this year."})
        said = w.words_of(browser.follow(asked))
        assert "A second person is asked" in said
        assert "Waits for a second person: Founded this year." in said

    def test_a_newer_version_keeps_the_name_and_the_version_before(self, desk):
        desk.add(("seal log.pdf", PDF))
        (old,) = [one for one in desk.documents().values() if one["kind"] == "evidence"]
        page = desk.open(f"documents?replace={old['id']}")
        assert w.fields_of(page, f"{desk.base}/documents")["replaces"] == str(old["id"])
        desk.add(("seal log september.pdf", PDF + b"new"), replaces=old["id"])
        found = [one for one in desk.documents().values() if one["kind"] == "evidence"]
        assert [(one["filename"], one["version"], one["newest"]) for one in found] == [
            ("seal log.pdf", 2, True),
            ("seal log.pdf", 1, False),
        ]
        other_type = desk.add(("gate.png", PNG), replaces=old["id"])
        assert other_type.status_code == 422
        assert "is of another type" in w.words_of(other_type)

    def test_a_form_that_is_sent_twice_adds_nothing_twice(self, desk):
        desk.add(("seal log.pdf", PDF))
        again = desk.browser.follow(desk.add(("seal log.pdf", PDF)))
        assert "nothing was added twice" in w.words_of(again)
        assert len([one for one in desk.documents().values() if one["kind"] == "evidence"]) == 1

    def test_everything_that_is_wrong_with_files_is_said_at_once_and_nothing_is_added(self, desk):
        before = len(desk.documents())
        answer = desk.add(
            ("good.pdf", PDF),
            ("report.pdf", b"MZ" + bytes(100)),
            ("macros.docm", b"PK"),
            ("plan.svg", b"<svg/>"),
            ("report.exe.pdf", PDF),
            ("../up.pdf", PDF),
        )
        said = w.words_of(answer)
        assert answer.status_code == 422
        for part in ('"report.pdf" is not one', '"macros.docm" contains macros', '"plan.svg"', "two endings", "folder"):
            assert part in said
        assert len(desk.documents()) == before
        nothing = desk.browser.post(f"{desk.base}/documents", {"kind": "evidence"})
        assert "No file was chosen" in w.words_of(nothing)
        assert "Say what the files are" in w.words_of(desk.add(("good.pdf", PDF), kind=""))

    def test_a_file_or_a_form_that_is_too_large_is_refused(self, sqlite_office):
        desk = Desk(sqlite_office)
        answer = desk.add(("scan.pdf", PDF + bytes(60 * 1024 * 1024)))
        assert answer.status_code == 422
        assert '"scan.pdf" has 60 MB; 50 MB are the limit' in w.words_of(answer)
        declared = desk.browser.ask(
            "POST",
            f"{desk.base}/documents",
            content=b"--x--",
            headers={"content-type": "multipart/form-data; boundary=x", "content-length": str(10**9)},
        )
        assert declared.status_code == 413
        elsewhere = desk.browser.post(f"{desk.base}/checklist/confirm", {"section": "x" * (3 * 1024 * 1024)})
        assert elsewhere.status_code == 413

    def test_who_cannot_add_is_told_who_can(self, sqlite_office):
        desk = Desk(sqlite_office)
        page = w.browser(sqlite_office, desk.staff.auditor).get(f"{desk.base}/documents")
        assert "Officers and account managers add documents" in w.words_of(page)
        assert "<form" not in page.text.partition('id="required"')[2]

    def test_a_file_of_somebody_who_is_not_signed_in_is_not_even_taken(self, sqlite_office, monkeypatch):
        taken = []
        monkeypatch.setattr("workflow.web.guard.read_form", taken.append)
        stranger = w.browser(sqlite_office)
        sent = [("file", ("scan.pdf", PDF + bytes(3 * 1024 * 1024), "application/pdf"))]
        assert stranger.post("/cases/STP-2026-000001/documents", {"kind": "evidence"}, sent).status_code == 401
        assert taken == []

    def test_filing_elsewhere_asks_a_second_person(self, desk):
        id_ = desk.pack["bizfile_report"]
        page = desk.open(f"documents?refile={id_}")
        answer = desk.send(page, f"documents/{id_}/refile", kind="evidence", reason="It is a seal register.")
        assert "stays where it is" in w.words_of(desk.browser.follow(answer))
        empty = desk.send(page, f"documents/{id_}/refile", kind="evidence", reason="")
        assert empty.status_code == 422


class TestOpening:
    def test_is_noted_once_for_each_person_document_and_day(self, desk):
        address = f"{desk.base}/documents/{desk.pack['bizfile_report']}/file"
        for _ in range(3):
            assert desk.browser.get(address).content == PDF + b"bizfile_report"
        (entry,) = desk.entries("case:document:opened")
        assert entry["actor"] == desk.staff.officer.id
        assert entry["detail"]["document"] == desk.pack["bizfile_report"]
        w.browser(desk.office, desk.staff.auditor).get(address)
        tomorrow = b.NOW + timedelta(days=1)
        w.browser(desk.office, desk.staff.officer, now=tomorrow).get(address)
        assert [one["actor"] for one in desk.entries("case:document:opened")[1:]] == ["p-06", "p-01"]
        assert "Opened by Adeline Goh" in w.words_of(desk.open("documents"))

    def test_does_not_turn_pages_stale(self, desk):
        before = desk.open("information")
        desk.browser.get(f"{desk.base}/documents/{desk.pack['bizfile_report']}/file")
        after = desk.open("information")
        assert re.findall('name="version" value="[0-9]+"', before.text) == re.findall(
            'name="version" value="[0-9]+"', after.text
        )

    @pytest.mark.parametrize(
        ("name", "content", "kind", "disposition", "sandboxed"),
        [
            ("log.pdf", PDF, "application/pdf", "inline", False),
            ("gate.png", PNG, "image/png", "inline", True),
            ("days.csv", b"<script>alert(1)</script>,2\n", "text/plain; charset=utf-8", "inline", True),
            ("scan.tif", b"II*\x00" + bytes(40), "image/tiff", "attachment", True),
        ],
    )
    def test_a_file_comes_as_what_it_is_under_a_policy_of_its_own(
        self, sqlite_office, name, content, kind, disposition, sandboxed
    ):
        desk = Desk(sqlite_office)
        desk.add((name, content))
        (id_,) = [one["id"] for one in desk.documents().values() if one["filename"] == name]
        answer = desk.browser.get(f"{desk.base}/documents/{id_}/file")
        assert answer.content == content
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].startswith(f"{disposition}; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert ("sandbox" in policy) == sandboxed
        kept = desk.browser.get(f"{desk.base}/documents/{id_}/file?download=1")
        assert kept.headers["content-disposition"].startswith("attachment")

    def test_a_name_in_any_script_cannot_break_the_header(self, sqlite_office):
        desk = Desk(sqlite_office)
        name = '海关 "x"; a=b.pdf'
        desk.browser.follow(desk.add((name, PDF)))
        (id_,) = [one["id"] for one in desk.documents().values() if one["kind"] == "evidence"]
        told = desk.browser.get(f"{desk.base}/documents/{id_}/file").headers["content-disposition"]
        plain, _, encoded = told.partition("; filename*=UTF-8''")
        assert encoded == quote(desk.documents()[id_]["filename"], safe="")
        assert plain.startswith('inline; filename="__ ')
        assert plain.count('"') == 2
        assert plain.endswith(('x%22; a=b.pdf"', 'x_; a=b.pdf"'))  # as the browser wrote the quotes

    def test_a_large_content_comes_whole(self, sqlite_office):
        desk = Desk(sqlite_office)
        content = PDF + bytes(range(256)) * 3000
        desk.add(("large.pdf", content))
        (id_,) = [one["id"] for one in desk.documents().values() if one["kind"] == "evidence"]
        assert desk.browser.get(f"{desk.base}/documents/{id_}/file").content == content

    def test_a_file_of_a_case_that_is_not_yours_looks_like_one_that_is_not_there(self, desk):
        other = b.another_person(desk.office, "p-99", "Ong Kah Seng", "account_manager")
        stranger = w.browser(desk.office, other)
        theirs = stranger.get(f"{desk.base}/documents/{desk.pack['bizfile_report']}/file")
        absent = stranger.get("/cases/STP-2026-999999/documents/1/file")
        assert theirs.status_code == absent.status_code == 404
        assert w.words_of(theirs) == w.words_of(absent)
        for odd in ("0", "99999999999999999999", "x", "1%00"):
            assert desk.browser.get(f"{desk.base}/documents/{odd}/file").status_code == 404
        second = b.submit(desk.office, desk.officer)
        assert desk.browser.get(f"/cases/{second}/documents/{desk.pack['bizfile_report']}/file").status_code == 404
        assert desk.entries("case:document:opened") == []


class TestChecklist:
    def test_every_cell_leads_to_its_answer_in_the_rail(self, desk):
        page = desk.open("checklist")
        cells = re.findall(r'<a class="cell" href="([^"]+)"', page.text)
        assert len(cells) == len(desk.read(read_checklist, desk.office).cells)
        assert any(f"site={quote(SITE).replace('%20', '+')}" in cell for cell in cells)
        drawer = w.words_of(desk.open(f"checklist?at=S3&site={SITE}"))
        assert f"S3, {SITE}" in drawer
        assert "placeholder, not the authority's text" in drawer
        assert "There is nothing to assess before the answer is recorded" in drawer
        assert 'id="drawer-title"' not in desk.open("checklist?at=NOPE&site=Nowhere").text

    def test_papers_of_one_name_are_told_apart_by_kind_and_day(self, desk):
        desk.add(("good.pdf", PDF))
        desk.browser.post(
            f"{desk.base}/documents", {"kind": "bizfile_report"}, [("file", ("good.pdf", PDF, "application/pdf"))]
        )
        said = w.words_of(desk.open("checklist?at=TF1.1"))
        assert "good.pdf Supporting evidence for a checklist answer, version 1, Mon 23 Nov 2026" in said
        assert said.count("good.pdf") == 2

    def test_an_action_needs_words_and_a_day_that_is_no_slip(self, desk):
        desk.answer("TF1.1", "no")
        page = desk.open("checklist?at=TF1.1")
        for typed, wrong in (
            ({"note": ""}, '<a href="#f-note">Write in the note what the company must do.'),
            ({"note": "Mend it.", "due_on": "1 1 2099"}, '<a href="#f-due_on">The day of the action, Thu 1 Jan 2099,'),
            ({"note": "Mend it.", "due_on": "1 1 2020"}, '<a href="#f-due_on">The day of the action, Wed 1 Jan 2020,'),
        ):
            answer = desk.send(page, "checklist/assess", assessment="action", **typed)
            assert (answer.status_code, wrong in answer.text) == (422, True), wrong
        told = b.done(
            assess_criterion(
                desk.office, reference=desk.reference, criterion="TF1.1", assessment="action", act=desk.officer
            )
        )
        assert "Nothing says what the company must do." in told.sentence

    def test_a_colleagues_note_stays_his_when_somebody_else_assesses(self, desk):
        desk.answer("TF1.1", documents=[desk.pack["bizfile_report"]])
        lee = b.act(desk.staff.second_officer)
        given = {"reference": desk.reference, "criterion": "TF1.1", "assessment": "unmet", "note": "Plan missing."}
        b.done(assess_criterion(desk.office, act=lee, **given))
        page = desk.open("checklist?at=TF1.1")
        assert "Plan missing. Bala Krishnan" in w.words_of(page)
        assert desk.send(page, "checklist/assess", assessment="met").status_code == 303
        cell = desk.cell("TF1.1")
        assert (cell.assessment, cell.assessed_by, cell.note) == ("met", "Adeline Goh", "")

    def test_an_answer_is_recorded_and_assessed_and_the_next_open_one_opens(self, desk):
        evidence = b.add(desk.office, desk.officer, desk.reference, "evidence")
        page = desk.open("checklist?at=TF1.1")
        answered = desk.send(page, "checklist/answer", answer="yes", documents=[evidence], remark="Kept in the safe.")
        page = desk.browser.follow(answered)
        said = w.words_of(page)
        assert "“Kept in the safe.”" in said
        assert "you have not opened it, nobody has" in said
        saved = desk.send(page, "checklist/assess", assessment="action", note="Lock it.", due_on="27 3 2027")
        assert saved.headers["location"] == f"{desk.base}/checklist?at=TF1.2"
        cell = desk.cell("TF1.1")
        assert (cell.assessment, cell.note, cell.due_on) == ("action", "Lock it.", date(2027, 3, 27))
        desk.browser.get(f"{desk.base}/documents/{evidence}/file")
        assert "you have not opened it" not in w.words_of(desk.open("checklist?at=TF1.1"))

    def test_only_what_is_left_leaves_out_what_is_settled(self, desk):
        desk.answer("TF1.1", "no")
        b.done(
            assess_criterion(
                desk.office, reference=desk.reference, criterion="TF1.1", assessment="met", act=desk.officer
            )
        )
        assert f'href="{desk.base}/checklist?at=TF1.1"' in desk.open("checklist").text
        assert "at=TF1.1" not in desk.open("checklist?only=left").text

    def test_what_was_typed_comes_back_with_what_is_wrong(self, desk):
        desk.answer("TF1.1", "no")
        page = desk.open("checklist?at=TF1.1")
        answer = desk.send(page, "checklist/assess", note="Look at the fence.", due_on="3 27")
        said = w.words_of(answer)
        assert answer.status_code == 422
        assert "Choose one of the four assessments" in said
        assert "no date that is clear" in said
        assert "Look at the fence." in answer.text
        assert 'value="3 27"' in answer.text

    def test_an_answer_that_changed_meanwhile_keeps_the_note_and_can_be_sent_again(self, desk):
        desk.answer("TF1.1", "no")
        page = desk.open("checklist?at=TF1.1")
        desk.answer("TF1.1", "na", remark="We own no warehouse.")
        stale = desk.send(page, "checklist/assess", assessment="unmet", note="A long and careful note.")
        assert stale.status_code == 409
        assert "was answered or assessed after you opened it" in w.words_of(stale)
        assert "A long and careful note." in stale.text
        assert desk.cell("TF1.1").assessment is None
        again = desk.browser.post(
            f"{desk.base}/checklist/assess",
            w.fields_of(stale, f"{desk.base}/checklist/assess") | {"note": "A long and careful note."},
        )
        assert again.status_code == 303
        assert desk.cell("TF1.1").note == "A long and careful note."

    def test_another_answer_or_a_new_document_disturbs_nobody(self, desk):
        desk.answer("TF1.1", "no")
        page = desk.open("checklist?at=TF1.1")
        desk.answer("TF1.2", "no")
        b.add(desk.office, desk.officer, desk.reference, "evidence")
        assert desk.send(page, "checklist/assess", assessment="unmet").status_code == 303

    def test_a_document_of_another_case_is_no_evidence(self, desk):
        other = b.submit(desk.office, desk.officer)
        strange = b.add(desk.office, desk.officer, other, "evidence")
        page = desk.open("checklist?at=TF1.1")
        for documents in ([strange], ["x"], ["9" * 30]):
            answer = desk.send(page, "checklist/answer", answer="yes", documents=documents)
            assert answer.status_code == 422
        assert desk.cell("TF1.1").answer is None

    def test_a_reader_reads_and_is_told_who_acts(self, desk):
        desk.answer("TF1.1", "no", remark="Not yet.")
        page = w.browser(desk.office, desk.staff.auditor).get(f"{desk.base}/checklist?at=TF1.1")
        assert "Officers assess. You can read it." in w.words_of(page)
        assert "checklist/assess" not in page.text
        assert "checklist/answer" not in page.text
        forced = w.browser(desk.office, desk.staff.auditor).post(
            f"{desk.base}/checklist/assess", {"criterion": "TF1.1", "site": "", "assessment": "met"}
        )
        assert forced.status_code == 409
        assert desk.cell("TF1.1").assessment is None

    def test_a_site_is_added_and_asked_from_then_on(self, desk):
        answer = desk.send(desk.open("checklist"), "sites", name="Changi airside")
        assert "Changi airside" in w.words_of(desk.browser.follow(answer))
        assert desk.cell("S3", "Changi airside") is not None
        twice = desk.send(desk.open("checklist"), "sites", name="changi airside")
        assert twice.status_code == 422
        assert 'value="changi airside"' in twice.text


class TestAcceptingManyAtOnce:
    @pytest.fixture
    def evidence(self, desk):
        opened, unopened = desk.pack["bizfile_report"], desk.pack["application_form"]
        desk.answer("TF1.1", documents=[opened])
        desk.answer("TF1.2", documents=[unopened])
        desk.answer("S3", documents=[opened], site=SITE)
        desk.answer("TF2.1", "no")
        desk.answer("TF2.2")  # without a document
        desk.browser.get(f"{desk.base}/documents/{opened}/file")
        return opened, unopened

    def listed(self, page):
        return re.findall(r'name="accept" value="([^"]+)" checked', page.text)

    @pytest.mark.usefixtures("evidence")
    def test_lists_exactly_what_would_be_accepted_and_marks_what_nobody_opened(self, desk):
        assert f"{desk.base}/checklist/accept" in desk.open("checklist").text
        page = desk.open("checklist/accept")
        assert [one.rpartition("|")[0] for one in self.listed(page)] == ["TF1.1|", "TF1.2|", f"S3|{SITE}"]
        assert w.words_of(page).count("nobody has opened it") == 1

    def test_accepts_what_is_ticked_and_the_entry_names_what_nobody_opened(self, desk, evidence):
        ticked = self.listed(desk.open("checklist/accept"))
        answer = desk.browser.post(f"{desk.base}/checklist/accept", {"accept": ticked[1:]})
        assert "2 answers are accepted" in w.words_of(desk.browser.follow(answer))
        assert desk.cell("TF1.1").assessment is None
        assert desk.cell("TF1.2").assessment == desk.cell("S3", SITE).assessment == "met"
        (entry,) = desk.entries("case:findings:assessed")
        assert entry["detail"]["criteria"] == [f"S3 ({SITE})", "TF1.2"]
        assert entry["detail"]["unopened"] == [evidence[1]]

    def test_accepts_nothing_when_one_of_them_changed_after_the_list_was_shown(self, desk, evidence):
        ticked = self.listed(desk.open("checklist/accept"))
        desk.answer("TF1.1", documents=[evidence[0]], remark="A new remark.")
        answer = desk.browser.post(f"{desk.base}/checklist/accept", {"accept": ticked[:2]})
        assert answer.status_code == 422
        assert "Nothing was accepted: TF1.1 changed after you opened the list" in w.words_of(answer)
        assert desk.entries("case:findings:assessed") == []
        # What was unticked stays unticked, and the list is as it is now.
        assert [one.rpartition("|")[0] for one in self.listed(answer)] == ["TF1.1|", "TF1.2|"]
        again = desk.browser.post(f"{desk.base}/checklist/accept", {"accept": self.listed(answer)})
        assert again.status_code == 303

    @pytest.mark.usefixtures("evidence")
    def test_says_so_when_nothing_is_ticked(self, desk):
        for ticked in ({}, {"accept": "TF9.9||nonsense"}):
            assert desk.browser.post(f"{desk.base}/checklist/accept", ticked).status_code == 422

    def test_answers_of_the_last_cycle_are_taken_over_section_by_section(self, sqlite_office):
        desk = Desk(sqlite_office)
        office, staff = sqlite_office, desk.staff
        reference = b.certified(office, staff, valid_from=b.TODAY)
        later = b.morning_of(b.TODAY + timedelta(days=800))
        browser = w.browser(office, staff.officer, now=later)
        page = browser.get(f"/cases/{reference}/checklist")
        said = w.words_of(page)
        assert "last time: Yes" in said
        taken = re.search(r"Take over (\d+) answers? of the last cycle", said)
        fields = w.fields_of(page, f"/cases/{reference}/checklist/confirm")
        after = w.words_of(browser.follow(browser.post(f"/cases/{reference}/checklist/confirm", fields)))
        assert f"{taken[1]} answers of section" in after
        assert said.count("last time: Yes") - after.count("last time: Yes") == int(taken[1])


class TestTheChecklistOfADecidedCase:
    def test_says_which_cycle_is_gathered_for_and_leads_to_what_was_decided(self, sqlite_office):
        staff = b.people(sqlite_office)
        base = f"/cases/{b.certified(sqlite_office, staff)}/checklist"
        browser = w.browser(sqlite_office, staff.officer)
        coming = w.words_of(browser.get(base))
        assert "Answers for the coming renewal are gathered here" in coming
        decided = browser.get(f"{base}?cycle=1")
        assert "As it stood when the first application was decided" in w.words_of(decided)
        assert "nothing is left" in w.words_of(decided)
        cell = re.search(r'href="([^"]*cycle=1&amp;at=[^"]+)"', decided.text)
        opened = browser.get(cell[1].replace("&amp;", "&"))
        assert "Decided; it stays as it is." in w.words_of(opened)
        assert "checklist/assess" not in opened.text
        assert "checklist/answer" not in opened.text

    def test_knows_no_cycle_that_has_not_begun(self, sqlite_office):
        staff = b.people(sqlite_office)
        reference = b.certified(sqlite_office, staff)
        assert w.browser(sqlite_office, staff.officer).get(f"/cases/{reference}/checklist?cycle=3").status_code == 404


class TestVisits:
    def test_a_visit_is_planned_then_held_with_its_report(self, desk):
        page = desk.open("visits/plan")
        planned = desk.send(page, "visits/plan", planned_on="+7d", site=SITE, mode="on_site")
        assert "is planned" in w.words_of(desk.browser.follow(planned))
        assert "Planned Mon 30 Nov 2026" in w.words_of(desk.open("visits"))
        fields = {"held_on": "today", "site": SITE, "mode": ""}
        nothing = desk.browser.post(f"{desk.base}/visits/new", fields)
        assert nothing.status_code == 422
        assert "needs its report" in w.words_of(nothing)
        held = desk.browser.post(f"{desk.base}/visits/new", fields, [("report", ("visit.pdf", PDF, "application/pdf"))])
        said = w.words_of(desk.browser.follow(held))
        assert "Held Mon 23 Nov 2026" in said
        assert "visit.pdf" in said
        (visit,) = desk.read(case_file.visits)
        assert visit["site"] == SITE

    def test_what_is_wrong_with_a_visit_comes_back_with_what_was_typed(self, desk):
        future = (local_day(b.NOW, b.ZONE) + timedelta(days=2)).isoformat()
        report = [("report", ("visit.pdf", PDF, "application/pdf"))]
        table = [("report", ("data.csv", b"a,b", "text/csv"))]
        no_report = desk.browser.post(f"{desk.base}/visits/new", {"held_on": "today", "site": ""}, table)
        assert '"data.csv" is no report: it is neither PDF nor Word' in w.words_of(no_report)
        answer = desk.browser.post(f"{desk.base}/visits/new", {"held_on": future, "site": ""}, report)
        assert answer.status_code == 422
        assert "is in the future" in w.words_of(answer)
        assert f'value="{future}"' in answer.text
        assert desk.browser.post(f"{desk.base}/visits/plan", {"planned_on": ""}).status_code == 422

    def test_a_corrective_action_is_closed_with_evidence(self, desk):
        desk.answer("TF1.1", "no")
        act = {"reference": desk.reference, "criterion": "TF1.1", "act": desk.officer}
        b.done(assess_criterion(desk.office, assessment="action", note="Mend it.", due_on=date(2027, 1, 5), **act))
        assert "Tue 5 Jan 2027" in w.words_of(desk.open("visits"))
        (action,) = desk.read(case_file.actions)
        page = desk.open(f"visits?close={action['id']}")
        close = f"visits/actions/{action['id']}/close"
        assert desk.send(page, close, evidence="").status_code == 422
        closed = desk.browser.follow(desk.send(page, close, evidence="Seen at the gate."))
        assert "Closed Mon 23 Nov 2026" in w.words_of(closed)
        assert desk.send(page, close, evidence="Again.").status_code == 409


class TestQuestions:
    def test_the_first_question_stops_the_case_and_more_may_follow(self, desk):
        page = desk.open("information?about=S3&site=Tuas")
        assert "About S3, Tuas:" in page.text
        first = desk.send(page, "information", question="Which seals?", reply_by="7 12 2026")
        said = w.words_of(desk.browser.follow(first))
        assert "Answer due Mon 7 Dec 2026" in said
        assert "Ask one more question" in said
        second = desk.send(desk.open("information"), "information", question="Since when?")
        assert "2 open of 2" in w.words_of(desk.browser.follow(second))

    def test_the_next_step_of_a_waiting_case_is_to_record_what_the_company_answers(self, desk):
        desk.send(desk.open("information"), "information", question="Which seals?")
        case = desk.browser.get(desk.base)
        assert f'href="{desk.base}/information?answer=1">Record the answer' in case.text
        assert "Record that the answers arrived" not in w.words_of(case)

    def test_the_same_question_is_not_put_twice(self, desk):
        for expected in (303, 422):
            page = desk.open("information")
            assert desk.send(page, "information", question="Which seals? ").status_code == expected
        assert "1 open of 1" in w.words_of(desk.open("information"))

    def test_an_answer_that_came_is_recorded_with_its_files(self, desk):
        desk.send(desk.open("information"), "information", question="Which seals?")
        address = f"{desk.base}/information/1/answer"
        wrong = [("file", ("seals.exe", b"MZ", "application/pdf"))]
        refused = desk.browser.post(address, {"answer_text": "Bolt seals.", "received_on": "today"}, wrong)
        assert refused.status_code == 422
        assert "Bolt seals." in refused.text
        sent = [("file", ("seals.pdf", PDF, "application/pdf"))]
        answer = desk.browser.post(address, {"answer_text": "Bolt seals.", "received_on": "today"}, sent)
        said = w.words_of(desk.browser.follow(answer))
        assert "Every request is answered" in said
        assert "Answered Mon 23 Nov 2026" in said
        (kept,) = [one for one in desk.documents().values() if one["kind"] == "information_reply"]
        assert desk.entries("case:information:answered")[0]["detail"]["documents"] == [kept["id"]]
        assert desk.browser.post(address, {"answer_text": "Again."}).status_code == 422

    def test_an_answer_that_a_colleague_assessed_first_is_told_with_the_own_choice(self, desk):
        desk.answer("TF1.1", "no")
        page = desk.open("checklist?at=TF1.1")
        by = b.act(b.people(desk.office).second_officer)
        b.done(assess_criterion(desk.office, reference=desk.reference, criterion="TF1.1", assessment="met", act=by))
        answer = desk.send(page, "checklist/assess", assessment="unmet", note="No list of keys.")
        told = w.words_of(answer)
        assert answer.status_code == 409
        assert f"Not saved: Assess an answer, {desk.reference}" in told
        assert f"{by.actor.name} , Mon 23 Nov 2026, 9:00 : Criterion TF1.1 assessed met" in told
        assert "Criterion TF1.1 answered no" in told
        assert "Assessment Not met" in told
        assert "No list of keys.</textarea>" in answer.text
        assert f'href="{desk.base}/checklist?at=TF1.1">Look at TF1.1 as it is now' in answer.text
        assert w.fields_of(answer, f"{desk.base}/checklist/assess")["assessment"] == "unmet"

    def test_a_question_that_was_written_while_the_case_moved_on_is_kept(self, desk):
        page = desk.open("information")
        desk.answer("TF1.1", "no")  # the case is not what the page showed any more
        stale = desk.send(page, "information", question="A question of many words.")
        assert stale.status_code == 409
        assert "A question of many words." in stale.text
        empty = desk.send(desk.open("information"), "information", question="  ")
        assert empty.status_code == 422


def test_pages_ask_the_database_the_same_however_much_is_in_the_file(desk):
    pages = ("checklist", "checklist?at=TF1.1", "checklist/accept", "documents", "visits", "information")

    def asked():
        found = []

        def listen(*_):
            found.append(1)

        event.listen(desk.office.database.reader, "before_cursor_execute", listen)
        counts = []
        for page in pages:
            found.clear()
            desk.open(page)
            counts.append(len(found))
        event.remove(desk.office.database.reader, "before_cursor_execute", listen)
        return counts

    asked()  # loads the editions
    few = asked()
    for number in range(6):
        desk.add((f"log {number}.pdf", PDF + bytes([65 + number])))
        b.done(add_site(desk.office, reference=desk.reference, name=f"Site {number}", act=desk.officer))
    for id_ in list(desk.documents())[:5]:
        desk.browser.get(f"{desk.base}/documents/{id_}/file")
    for criterion in b.criteria(desk.office)[:8]:
        desk.answer(criterion, documents=[desk.pack["bizfile_report"]])
    assert asked() == few
    assert max(few) < 40
