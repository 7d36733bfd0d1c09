"""What the environment sets, with its defaults. Reads variables only; builds nothing."""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflow.errors import BadInput

_SECRET = frozenset({"secret_key", "token", "oidc_client_secret"})  # never shown, whatever they look like


class Settings(BaseSettings):
    """The variables named AEO_..., read once at start."""

    model_config = SettingsConfigDict(env_prefix="AEO_", extra="ignore")

    env: Literal["development", "test", "production"] = "development"
    data_dir: Path = Path("var")
    database_url: str = ""  # empty: SQLite in the data folder
    smtp_url: str = ""  # empty: a maildir in the data folder
    smtp_ca: str = ""
    mail_from: str = "casework@localhost.localdomain"
    bounces: Path | None = None  # the maildir into which undeliverable mail comes back
    base_url: str = Field(default="", pattern=r"^(https?://[^\s/?#]+[^\s?#]*)?$")  # empty: mails have no buttons
    signing_key: str = ""  # a file or PEM text; empty: a file in the data folder
    secret_key: str = ""  # the installation's secret itself; empty: a file in the data folder
    checkpoint_dir: Path | None = None  # where signed checkpoints are also put
    programmes_dir: Path | None = None
    templates_dir: Path | None = None
    officer: str = ""
    token: str = ""  # of the person who acts on the command line
    oidc_issuer: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")  # empty: no single sign-on
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_label: str = "Use your agency account"  # on the button
    clock: str = ""

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'casework.db').absolute()}"

    @property
    def smtp(self) -> str:
        return self.smtp_url or f"maildir://{(self.data_dir / 'mailbox').absolute()}"

    @property
    def key(self) -> str:
        return self.signing_key or str(self.data_dir / "log.key")

    @property
    def secret_file(self) -> Path:
        return self.data_dir / "secret.key"

    def table_value(self, name: str) -> str:
        """Return one setting as it may be shown."""
        return next(str(row["value"]) for row in self.table() if row["variable"] == f"AEO_{name.upper()}")

    def table(self) -> list[dict[str, Any]]:
        """Return every setting with its value (secrets masked), its default and where it comes from."""
        rows: list[dict[str, Any]] = []
        for name, field in type(self).model_fields.items():
            value = {
                "database_url": self.database,
                "smtp_url": self.smtp,
                "signing_key": self.key,
                "secret_key": self.secret_key or self.secret_file,
            }.get(name, getattr(self, name))
            if name in _SECRET and getattr(self, name):
                value = "***"
            rows.append(
                {
                    "variable": f"AEO_{name.upper()}",
                    "value": masked(str(value)) if value is not None else "",
                    "default": "" if field.default is None else str(field.default),
                    "source": "environment" if name in self.model_fields_set else "default",
                }
            )
        return rows


def masked(value: str) -> str:
    """Hide a password inside an address, and a key that is given as text."""
    if value.lstrip().startswith("-----BEGIN"):
        return "***"
    parts = urlsplit(value)
    if not parts.password:
        return value
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def read_settings() -> Settings:
    """Read the environment. Raises BadInput with the variable and what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"AEO_{'_'.join(str(part) for part in first['loc']).upper()}"
        raise BadInput(
            "SETTING", f"{variable} cannot be used: {first['msg']}. Correct it; `aeo settings` lists all."
        ) from None
