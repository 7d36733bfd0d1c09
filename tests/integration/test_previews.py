"""Samples tell the truth: what a message is rendered from in a preview is what the operations send."""

import json
from pathlib import Path

import builders
import pytest
from builders import act, done

from notifications.rendering import Renderer, messages
from notifications.samples import sample
from states.facts import OPERATOR
from workflow import bootstrap, models
from workflow.errors import BadInput, NotFound
from workflow.operations.demonstration import load_demonstration
from workflow.operations.plan_visit import plan_visit
from workflow.operations.preview_message import preview_message, preview_of_case
from workflow.settings import Settings
from workflow.store.office import Office

NOT_IN_THE_DEMONSTRATION = frozenset(
    {
        "account_manager_changed",
        "certificate_corrected",
        "certificate_ends",
        "certificate_reissued",
        "checkpoint",
        "colleague_bundle",
        "deadline_moved",
        "delivery_failed",
        "portfolio_digest",
        "reminder_of_task",
        "sign_in_changed",
        "visit_planned",
    }
)


def test_no_sample_holds_a_key_that_the_operations_do_not_send(tmp_path: Path) -> None:
    settings = Settings(env="test", data_dir=tmp_path, database_url="", smtp_url="")
    bootstrap.upgrade(settings)
    with bootstrap.open_installation(settings) as opened:
        load_demonstration(opened.office, opened.post(), now=builders.NOW, progress=lambda _: None)
        rows = builders.rows_of(opened.office, models.Notification)

    assert {row["message"] for row in rows} >= messages() - NOT_IN_THE_DEMONSTRATION
    missing = {(row["message"], *sorted(sample(row["message"]).keys() - json.loads(row["payload"]))) for row in rows}
    assert {one for one in missing if len(one) > 1} == set()
    assert {row["status"] for row in rows} <= {"sent", "suppressed"}


def test_a_planned_visit_is_told_to_the_company_and_its_account_manager(office: Office) -> None:
    staff = builders.people(office)
    officer = act(staff.officer)
    reference = builders.submit(office, officer)
    plan = {"reference": reference, "planned_on": builders.TODAY, "mode": "desk", "act": officer}

    visit = done(plan_visit(office, **plan)).data["visit"]
    done(plan_visit(office, **plan))

    rows = builders.rows_of(office, models.Notification, message="visit_planned")
    assert [row["recipient"].partition(":")[0] for row in rows] == ["contact", "account_manager"] * 2
    assert {row["cause"] for row in rows} == {f"visit:{visit}", f"visit:{visit + 1}"}
    payload = json.loads(rows[0]["payload"])
    assert set(sample("visit_planned")) == set(payload)
    assert "does not have to be present" in Renderer().render("visit_planned", payload).text


class TestPreviewMessage:
    def test_shows_sample_values(self) -> None:
        assert "Quillhaven Logistics" in preview_message(Renderer(), "certified").text

    def test_takes_what_a_case_gives(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        reference = builders.submit(sqlite_office, act(staff.officer), company_name="Saltfern Foods Pte. Ltd.")

        found = preview_of_case(
            Renderer(), "information_requested", office=sqlite_office, reference=reference, viewer=OPERATOR
        )

        assert found.subject == f"Information needed: Saltfern Foods Pte. Ltd., {reference}"
        assert "Which sites are in use?" in found.text
        assert builders.rows_of(sqlite_office, models.Notification, message="information_requested") == []

    def test_an_unknown_message_names_those_there_are(self) -> None:
        with pytest.raises(BadInput) as caught:
            preview_message(Renderer(), "welcome")

        assert caught.value.sentence.startswith('There is no message "welcome". Known: account_manager_changed, ')

    def test_an_unknown_case_is_not_found(self, sqlite_office: Office) -> None:
        with pytest.raises(NotFound):
            preview_of_case(Renderer(), "certified", office=sqlite_office, reference="STP-1999-000001", viewer=OPERATOR)
