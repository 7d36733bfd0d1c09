"""retention

Keep it short-locking and readable by the previous release. Final rows' triggers are re-created after every upgrade.
"""

import sqlalchemy as sa
import sqlmodel
import sqlmodel.sql.sqltypes
from alembic import op

revision = "retention_20261125"
down_revision = "work_20261125"
branch_labels = None
depends_on = None

KINDS = "kind IN ('case_file', 'documents', 'mail')"
APPROVALS = (
    "transition", "emergency_suspension", "document_waiver", "document_refiling", "check_letter", "received_on",
    "certificate_correction", "import",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "retention_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_retention_period_kind")),
        sa.CheckConstraint("years >= 5", name=op.f("ck_retention_period_years")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_period")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("placed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("placed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_legal_hold_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_legal_hold_application_id"), ["application_id"], unique=False)
    op.create_table(
        "legal_hold_lift",
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lifted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lifted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["legal_hold.id"], name=op.f("fk_legal_hold_lift_hold_id")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_legal_hold_lift")),
    )
    op.create_table(
        "disposal",
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_disposal_kind")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_disposal_application_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_disposal_approval_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_disposal_entry_id")),
        sa.PrimaryKeyConstraint("application_id", "kind", name=op.f("pk_disposal")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_sha256"), ["sha256"], unique=False)
    _approval_kinds(*APPROVALS, "disposal")


def downgrade() -> None:
    _approval_kinds(*APPROVALS)
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_sha256"))
    op.drop_table("disposal")
    op.drop_table("legal_hold_lift")
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_hold_application_id"))
    op.drop_table("legal_hold")
    op.drop_table("retention_period")


def _approval_kinds(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_approval_kind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_approval_kind"), f"kind IN ({listed})")
