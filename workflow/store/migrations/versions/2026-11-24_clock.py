"""clock

Keep it short-locking and readable by the previous release. Final rows' triggers are re-created after every upgrade.
"""

import sqlalchemy as sa
import sqlmodel
import sqlmodel.sql.sqltypes
from alembic import op

revision = "clock_20261124"
down_revision = "lifecycle_20261124"
branch_labels = None
depends_on = None

ALWAYS = {"sqlite": "1970-01-01 00:00:00.000000", "postgresql": "1970-01-01 00:00:00+00:00"}


def upgrade() -> None:
    op.create_table(
        "account_manager_term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("officer_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_account_manager_term_company_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_account_manager_term_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_manager_term")),
    )
    with op.batch_alter_table("account_manager_term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_manager_term_company_id"), ["company_id"], unique=False)

    op.create_table(
        "contact_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("contacted_on", sa.Date(), nullable=False),
        sa.Column("expects_on", sa.Date(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_contact_note_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_note")),
    )
    with op.batch_alter_table("contact_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_note_application_id"), ["application_id"], unique=False)

    op.create_table(
        "suppressed_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("notification_id", sa.Integer(), nullable=True),
        sa.Column("released_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("released_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("release_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name=op.f("fk_suppressed_address_notification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressed_address")),
    )
    with op.batch_alter_table("suppressed_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suppressed_address_address"), ["address"], unique=False)

    with op.batch_alter_table("calendar_day", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "since",
                sqlmodel.sql.sqltypes.UTCDateTime(),
                nullable=False,
                server_default=ALWAYS[op.get_bind().dialect.name],
            )
        )
        batch_op.drop_constraint(op.f("pk_calendar_day"), type_="primary")
        batch_op.create_primary_key(op.f("pk_calendar_day"), ["zone", "day", "since"])

    with op.batch_alter_table("delivery_attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))

    with op.batch_alter_table("information_request", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="none")
        )

    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("bundled", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("bundled_into", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("resends", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_foreign_key(
            batch_op.f("fk_notification_bundled_into"), "notification", ["bundled_into"], ["id"]
        )

    with op.batch_alter_table("planned_action", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(
            sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="none")
        )
        batch_op.drop_constraint(batch_op.f("uq_planned_action_application_id_rule_basis_occurrence"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_planned_action_application_id_rule_basis_occurrence_revision"),
            ["application_id", "rule", "basis", "occurrence", "revision"],
        )

    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notification_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("posted_on", sa.Date(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_task_notification_id"), "notification", ["notification_id"], ["id"])

    op.execute(
        """
        INSERT INTO account_manager_term (company_id, officer_id, since)
        SELECT id, account_manager_id, created_at FROM company ORDER BY id
        """
    )
    op.execute(
        """
        UPDATE planned_action SET calendar = 'office'
        WHERE message IS NOT NULL AND rule NOT IN ('T-0', 'T-0c', 'T+1') AND subject <> 'approval'
        """
    )


def downgrade() -> None:
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_task_notification_id"), type_="foreignkey")
        batch_op.drop_column("posted_on")
        batch_op.drop_column("outcome")
        batch_op.drop_column("closed_by")
        batch_op.drop_column("notification_id")

    with op.batch_alter_table("planned_action", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("uq_planned_action_application_id_rule_basis_occurrence_revision"), type_="unique"
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_planned_action_application_id_rule_basis_occurrence"),
            ["application_id", "rule", "basis", "occurrence"],
        )
        batch_op.drop_column("calendar")
        batch_op.drop_column("revision")

    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_notification_bundled_into"), type_="foreignkey")
        batch_op.drop_column("resends")
        batch_op.drop_column("bundled_into")
        batch_op.drop_column("bundled")
        batch_op.drop_column("person")

    with op.batch_alter_table("information_request", schema=None) as batch_op:
        batch_op.drop_column("calendar")

    with op.batch_alter_table("delivery_attempt", schema=None) as batch_op:
        batch_op.drop_column("person")

    with op.batch_alter_table("calendar_day", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("pk_calendar_day"), type_="primary")
        batch_op.drop_column("since")
        batch_op.create_primary_key(op.f("pk_calendar_day"), ["zone", "day"])

    with op.batch_alter_table("suppressed_address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suppressed_address_address"))

    op.drop_table("suppressed_address")
    with op.batch_alter_table("contact_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_note_application_id"))

    op.drop_table("contact_note")
    with op.batch_alter_table("account_manager_term", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_manager_term_company_id"))

    op.drop_table("account_manager_term")
