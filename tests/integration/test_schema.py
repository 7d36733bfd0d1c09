"""Migrations lead to the models' schema and back, on both databases."""

import pytest
from sqlalchemy import URL, inspect, text

from workflow.store import engines, final_rows, revision, schema


@pytest.fixture
def engine(empty_url: URL):
    made = engines.writer(empty_url)
    yield made
    made.dispose()


def tables(engine) -> set[str]:
    return set(inspect(engine).get_table_names())


class TestUpgrade:
    def test_agrees_with_the_models(self, engine):
        schema.upgrade(engine)

        assert schema.differences(engine) == []
        assert revision.current(engine) == schema.newest() == revision.HEAD

    def test_makes_every_trigger_of_final_rows(self, engine):
        schema.upgrade(engine)

        with engine.connect() as connection:
            assert final_rows.missing(connection) == []

    def test_done_twice_changes_nothing(self, engine):
        schema.upgrade(engine)

        schema.upgrade(engine)

        assert schema.differences(engine) == []

    def test_works_again_after_a_downgrade(self, engine):
        schema.upgrade(engine)
        before = tables(engine)

        schema.downgrade(engine)
        between = tables(engine)
        schema.upgrade(engine)

        assert between == {"alembic_version"}
        assert tables(engine) == before
        assert schema.differences(engine) == []
        with engine.connect() as connection:
            assert final_rows.missing(connection) == []


class TestCurrent:
    def test_is_none_for_an_empty_database(self, engine):
        assert revision.current(engine) is None


class TestALifecycleUpgrade:
    """A database of the first release holds cases of one cycle; they go on from where they were."""

    ROWS = (
        (
            "INSERT INTO company (id, scheme, identifier, name, check_letter_reason, created_at) "
            "VALUES (1, 'SG-UEN', '201890417D', 'Quillhaven', '', '2026-11-01 00:00:00')"
        ),
        *(
            "INSERT INTO application (id, reference, programme, edition, company_id, state, state_kind, state_since, cycle, "
            "version, channel, received_on, submitted_at, decided_at, decision_no, case_seq, next_step, waits_for) VALUES "
            f"({id_}, 'STP-2026-00000{id_}', 'STP', '2026-01', 1, '{state}', '{kind}', '2026-11-01 00:00:00', 1, 1, 'counter', "
            "'2026-11-01', '2026-11-01 00:00:00', '2026-11-01 00:00:00', 1, 1, '', '')"
            for id_, state, kind in ((1, "certified", "certified"), (2, "validation", "review"))
        ),
        "INSERT INTO audit_entry (id, kind, recorded_at, canonical, leaf) VALUES (1, 'x', '2026-11-02 00:00:00', '{}', 'a')",
        (
            "INSERT INTO decision (id, application_id, decision_no, cycle, trigger, from_state, to_state, actor_id, role, "
            "effective_at, recorded_at, reason_code, reason_to_company, internal_reason, given, entry_id) VALUES (1, 1, 1, 1, "
            "'certify', 'validation', 'certified', 'p', 'approver', '2026-11-02 00:00:00', '2026-11-02 00:00:00', '', '', '', '{}', 1)"
        ),
        (
            "INSERT INTO certificate (id, number, application_id, cycle, valid_from, valid_until, aeo_code, conditions, "
            "decision_id) VALUES (1, 'STP-2026-C00001', 1, 1, '2026-11-02', '2029-11-02', 'AEOSG', '', 1)"
        ),
        (
            "INSERT INTO certificate_event (certificate_id, kind, effective_on, decision_id, recorded_at) "
            "VALUES (1, 'expired', '2029-11-03', 1, '2029-11-03 00:00:00')"
        ),
    )

    def test_lets_decided_cases_work_on_their_next_cycle_and_keeps_final_rows(self, engine):
        schema.upgrade(engine, "spine_20261123")
        with engine.begin() as connection:
            for row in self.ROWS:
                connection.execute(text(row))

        schema.upgrade(engine)

        with engine.connect() as connection:
            cases = connection.execute(text("SELECT id, facts_cycle, cycle_since, back FROM application ORDER BY id"))
            found = [(row.id, row.facts_cycle, str(row.cycle_since)[:10], row.back) for row in cases]
            events = connection.execute(text("SELECT kind, decision_id FROM certificate_event")).all()
            assert final_rows.missing(connection) == []
        assert found == [(1, 2, "2026-11-02", ""), (2, 1, "None", "")]
        assert [tuple(event) for event in events] == [("expired", 1)]


class TestARetentionUpgrade:
    """What waits for a second person is asked in one more kind; what was asked before stays, and so does what names it."""

    ROWS = (
        *TestALifecycleUpgrade.ROWS[:2],
        (
            "INSERT INTO approval (id, kind, application_id, sentence, request, blocks, requested_by, role, requested_at, "
            "status, decision_reason) VALUES (1, 'document_waiver', 1, 'Do without', '{}', false, 'p', 'officer', "
            "'2026-11-02 00:00:00', 'confirmed', '')"
        ),
        (
            "INSERT INTO document_waiver (application_id, cycle, kind, reason, approval_id, at) "
            "VALUES (1, 1, 'bizfile_report', 'On file', 1, '2026-11-02 00:00:00')"
        ),
    )
    DISPOSAL = (
        "INSERT INTO approval (id, kind, sentence, request, blocks, requested_by, role, requested_at, status, decision_reason) "
        "VALUES (2, 'disposal', 'Dispose', '{}', false, 'p', 'admin', '2026-11-02 00:00:00', 'open', '')"
    )

    def test_keeps_approvals_and_lets_disposals_be_asked(self, engine):
        schema.upgrade(engine, "trail_20261124")
        with engine.begin() as connection:
            for row in self.ROWS:
                connection.execute(text(row))

        schema.upgrade(engine)

        with engine.begin() as connection:
            connection.execute(text(self.DISPOSAL))
        with engine.connect() as connection:
            waived = "SELECT a.sentence FROM document_waiver w JOIN approval a ON a.id = w.approval_id"
            assert connection.execute(text(waived)).scalar_one() == "Do without"
            assert final_rows.missing(connection) == []
