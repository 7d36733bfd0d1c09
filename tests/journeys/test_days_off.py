"""Public holidays and contacts with companies as people type them, on both databases."""

from datetime import date, timedelta

from console import ADMIN, MANAGER, OFFICER, SUPERVISOR
from practice import BEGIN, END, Office

POLLING_DAY = date(2029, 8, 24)  # T-90 of a certificate that ends on END
DAY = timedelta(days=1)


def days_of(casework: Office, rule: str, status: str) -> list[str]:
    rows = casework.aeo.json("calendar", "--from", "2026-01-01", "--to", "2030-01-01")
    return [row["due_on"] for row in rows if (row["rule"], row["status"]) == (rule, status)]


def test_a_holiday_that_is_gazetted_later_moves_what_is_planned(casework: Office) -> None:
    casework.certified()
    add = ("holiday", "add", POLLING_DAY.isoformat(), "--name", "Polling Day")
    withdraw = ("holiday", "withdraw", POLLING_DAY.isoformat(), "--reason", "The election is off.")
    wrong_person = casework.aeo(*add, "--as", SUPERVISOR, expect=1)
    added = casework.aeo.json(*add, "--as", ADMIN)
    moved = days_of(casework, "T-90", "planned"), days_of(casework, "T-90", "superseded")
    listed = casework.aeo.json("holiday", "list", "--year", "2029")
    casework.aeo(*withdraw, "--as", ADMIN)
    past = casework.aeo("holiday", "add", "2026-01-02", "--name", "Yesterday", "--as", ADMIN, expect=2)

    assert "An admin keeps the calendar" in wrong_person
    assert (added["cases"], added["moved"], added["deadlines"]) == (1, 1, 0)
    assert moved == (["2029-08-23"], ["2029-08-24"])
    assert [row["source"] for row in listed if row["day"] == POLLING_DAY.isoformat()] == ["gazetted"]
    assert days_of(casework, "T-90", "planned") == ["2029-08-24"]
    assert "What was due then stays as it was." in past
    assert "Polling Day" in casework.aeo("holiday", "list", "--year", "2029")
    assert "are known" in casework.aeo("holiday", "list", "--year", "2099")


def test_a_question_whose_day_is_off_says_on_which_day_the_answer_is_due(casework: Office) -> None:
    reference = casework.submitted()
    asked = casework.advance(reference, "request_information", "--reason", "Where?", "--given", "reply_by=2026-12-20")
    more = ("information", "ask", reference, "--question", "Who?", "--reply-by", "2026-12-25", "--as", OFFICER)
    told = casework.aeo(*more)

    assert asked["notes"] == ["Sun 20 Dec 2026 is a Sunday: the answer is due on Mon 21 Dec 2026."]
    assert "Fri 25 Dec 2026 is a public holiday: the answer is due on Sat 26 Dec 2026." in told


def test_a_contact_lets_the_manager_s_own_reminder_rest(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - 210 * DAY)
    noted = ("application", "contacted", reference, "--note", "Files in June.")
    past = casework.aeo(*noted, "--expects", BEGIN.isoformat(), "--as", MANAGER, expect=2)
    casework.aeo(*noted, "--expects", (END - 150 * DAY).isoformat(), "--as", MANAGER)
    casework.on(END - 180 * DAY)
    rehearsed = casework.aeo("sweep", "--dry-run")
    casework.tick(END - 180 * DAY)

    assert "is past" in past
    assert "superseded: the company was contacted on 2029-04-27" in rehearsed
    assert casework.mails("renewal_not_started") == []
    assert "Company contacted on Fri 27 Apr 2029, expects to file by Tue 26 Jun 2029: Files in June." in casework.aeo(
        "application", "history", reference
    )
