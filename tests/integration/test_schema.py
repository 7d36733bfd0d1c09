"""Migrations lead to the models' schema and back, on both databases."""

import pytest
from sqlalchemy import URL, inspect

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
