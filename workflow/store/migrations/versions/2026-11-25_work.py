"""work

Keep it short-locking and readable by the previous release. Final rows' triggers are re-created after every upgrade.
"""

import sqlalchemy as sa
import sqlmodel
import sqlmodel.sql.sqltypes
from alembic import op

from workflow.store import search

revision = "work_20261125"
down_revision = "sign_in_20261125"
branch_labels = None
depends_on = None

LAST = "9999-12-31"
# As `store/placing.py` places a case from then on.
HELD = "state_kind IN ('certified', 'suspended')"
OWN_DAY = f"CASE WHEN {HELD} THEN valid_until ELSE deadline END"
THEIRS = "(state_kind = 'waiting' OR waits_for IN ('company', 'clock', 'nobody'))"
QUIET = "(state_kind = 'certified' AND waits_for IN ('clock', 'nobody'))"
RANK = f"""CASE WHEN state_kind = 'closed' THEN 4 WHEN {QUIET} THEN 3 WHEN {THEIRS} THEN 2
WHEN {OWN_DAY} IS NULL THEN 1 ELSE 0 END"""
DAY = f"""CASE WHEN state_kind = 'closed' THEN '{LAST}' WHEN {THEIRS} THEN COALESCE({OWN_DAY}, '{LAST}')
ELSE COALESCE({OWN_DAY}, received_on) END"""


def upgrade() -> None:
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(collation="C").with_variant(sa.String(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_search_word_application_id")),
        sa.PrimaryKeyConstraint("word", "application_id", name=op.f("pk_search_word")),
    )
    with op.batch_alter_table("search_word", schema=None) as batch_op:
        batch_op.create_index("ix_search_word_of", ["application_id", "word"], unique=False)
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("officer_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("query", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_saved_view_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    with op.batch_alter_table("saved_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_view_officer_id"), ["officer_id"], unique=False)
    op.create_table(
        "calendar_feed",
        sa.Column("token_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("officer_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_calendar_feed_officer_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_calendar_feed")),
    )
    with op.batch_alter_table("calendar_feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_feed_officer_id"), ["officer_id"], unique=False)
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.add_column(sa.Column("work_rank", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("work_on", sa.Date(), nullable=False, server_default=LAST))
        batch_op.drop_index("ix_application_work")
        batch_op.drop_index(batch_op.f("ix_application_assignee_id"))
        batch_op.create_index("ix_application_work", ["work_rank", "work_on", "id"], unique=False)
        batch_op.create_index("ix_application_work_of", ["assignee_id", "work_rank", "work_on", "id"], unique=False)
        batch_op.create_index("ix_application_work_for", ["waits_for", "work_rank", "work_on", "id"], unique=False)
    op.create_index(op.f("ix_certificate_decision_id"), "certificate", ["decision_id"], unique=False)
    day = f"CAST({DAY} AS DATE)" if op.get_bind().dialect.name == "postgresql" else DAY
    op.execute(f"UPDATE application SET work_rank = {RANK}, work_on = {day}")
    _keep_words()


def _keep_words() -> None:
    bind = op.get_bind()
    words = sa.table("search_word", sa.column("word"), sa.column("application_id"))
    known = "SELECT a.id, a.reference, c.identifier, c.name FROM application a JOIN company c ON c.id = a.company_id"
    for row in bind.execute(sa.text(known)).all():
        found = [{"word": word, "application_id": row.id} for word in search.words_of(*row[1:])]
        bind.execute(words.insert(), found)


def downgrade() -> None:
    op.drop_index(op.f("ix_certificate_decision_id"), table_name="certificate")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index("ix_application_work_for")
        batch_op.drop_index("ix_application_work_of")
        batch_op.drop_index("ix_application_work")
        batch_op.create_index("ix_application_work", ["state_kind", "deadline", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_assignee_id"), ["assignee_id"], unique=False)
        batch_op.drop_column("work_on")
        batch_op.drop_column("work_rank")
    op.drop_table("calendar_feed")
    op.drop_table("saved_view")
    op.drop_table("search_word")
