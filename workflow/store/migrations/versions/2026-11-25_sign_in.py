"""sign_in

Keep it short-locking and readable by the previous release. Final rows' triggers are re-created after every upgrade.
"""

import sqlalchemy as sa
import sqlmodel
import sqlmodel.sql.sqltypes
from alembic import op

revision = "sign_in_20261125"
down_revision = "trail_20261124"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString
_instant = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("id", _text(), nullable=False),
        sa.Column("token_sha256", _text(), nullable=False),
        sa.Column("csrf", _text(), nullable=False),
        sa.Column("officer_id", _text(), nullable=False),
        sa.Column("stage", _text(), nullable=False),
        sa.Column("proven", _text(), nullable=False),
        sa.Column("started_at", _instant(), nullable=False),
        sa.Column("seen_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=False),
        sa.Column("ended_at", _instant(), nullable=True),
        sa.Column("ended_why", _text(), nullable=False),
        sa.Column("agent", _text(), nullable=False),
        sa.Column("pending_code", _text(), nullable=False),
        sa.CheckConstraint("stage IN ('complete', 'code', 'enrol')", name=op.f("ck_session_stage")),
        sa.CheckConstraint(
            "proven IN ('password', 'password+code', 'oidc', 'oidc+code')", name=op.f("ck_session_proven")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_session_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_session_token_sha256")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_officer_id"), ["officer_id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("officer_id", _text(), nullable=False),
        sa.Column("password_hash", _text(), nullable=False),
        sa.Column("password_changed_at", _instant(), nullable=True),
        sa.Column("code_secret", _text(), nullable=False),
        sa.Column("code_since", _instant(), nullable=True),
        sa.Column("code_last_step", sa.Integer(), nullable=True),
        sa.Column("oidc_issuer", _text(), nullable=True),
        sa.Column("oidc_subject", _text(), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_credential_officer_id")),
        sa.PrimaryKeyConstraint("officer_id", name=op.f("pk_credential")),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name=op.f("uq_credential_oidc_issuer_oidc_subject")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", _text(), nullable=False),
        sa.Column("token_sha256", _text(), nullable=False),
        sa.Column("officer_id", _text(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("roles", _text(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=False),
        sa.Column("last_used_at", _instant(), nullable=True),
        sa.Column("revoked_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_api_token_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_officer_id"), ["officer_id"], unique=False)
    op.create_table(
        "sign_in_count",
        sa.Column("about", _text(), nullable=False),
        sa.Column("digest", _text(), nullable=False),
        sa.Column("since", _instant(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("officer_id", _text(), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("last_at", _instant(), nullable=False),
        sa.CheckConstraint("about IN ('account', 'address')", name=op.f("ck_sign_in_count_about")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_sign_in_count_officer_id")),
        sa.PrimaryKeyConstraint("about", "digest", name=op.f("pk_sign_in_count")),
    )
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("demonstration", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_column("demonstration")
    op.drop_table("sign_in_count")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_officer_id"))
    op.drop_table("api_token")
    op.drop_table("credential")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_session_officer_id"))
    op.drop_table("session")
