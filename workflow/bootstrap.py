"""Opens an installation: the only place where engines, transports and clocks are built. Decides nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL, select
from sqlalchemy.exc import OperationalError

from notifications.rendering import Renderer, messages
from notifications.transport import BadAddress, MaildirTransport, transport_of
from states.definition import Programme
from states.loader import UnsoundProgramme, load_programme
from workflow import inputs, models
from workflow.errors import BadInput, Unavailable
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post
from workflow.operations.set_up_installation import renew_identity, set_clock, set_up_installation
from workflow.provider import Provider
from workflow.settings import Settings
from workflow.store import copies, engines, final_rows, revision
from workflow.store.database import Database
from workflow.store.editions import Editions, is_stored
from workflow.store.office import Office
from workflow.store.secrets import Secrets, make_secret, secrets_of
from workflow.store.signing import Signer, make_key, signer_of

_PROGRAMMES = Path(__file__).resolve().parents[1] / "states" / "programmes"


@dataclass(frozen=True)
class Opened:
    """An installation ready for work."""

    settings: Settings
    office: Office
    clock: Callable[[], datetime]
    demonstration: bool  # whether the clock is moved
    stop: threading.Event = field(default_factory=threading.Event)  # set when this process is to end

    def signer(self) -> Signer:
        """Return what signs the log. Raises Unavailable without a usable key."""
        return signer_of(self.settings.key, self.settings.data_dir)

    def secrets(self) -> Secrets:
        """Return the keys behind forms, codes and counters. Raises Unavailable without a usable secret."""
        return secrets_of(self.settings.secret_key, self.settings.secret_file)

    def provider(self) -> Provider | None:
        """Return the provider of single sign-on, where there is one. Raises BadInput when only half of it is set."""
        settings = self.settings
        if not settings.oidc_issuer:
            return None
        if not settings.oidc_client_id:
            raise BadInput("OIDC", "AEO_OIDC_ISSUER is set without AEO_OIDC_CLIENT_ID. Set both, or none.")
        return Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_label)

    def post(self) -> Post:
        """Return how mail leaves. Raises BadInput for an unusable address."""
        try:
            transport = transport_of(self.settings.smtp, self.settings.smtp_ca or None)
        except (BadAddress, OSError) as error:
            raise BadInput("SMTP_URL", f"{error}") from error
        return Post(transport, renderer(self.settings), self.settings.mail_from)


def renderer(settings: Settings) -> Renderer:
    """Return what turns payloads into mail: our templates, an administration's own before them."""
    return Renderer(settings.templates_dir, base_url=settings.base_url)


def connect(settings: Settings, *, create: bool = False) -> Database:
    """Return the database. Raises Unavailable when there is none; only `create` makes one."""
    url = engines.parse(settings.database)
    path = engines.sqlite_path(url)
    if path is not None:
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not path.exists():
            raise Unavailable("NO_DATABASE", f"There is no database at {path}. Make one with `aeo db upgrade`.")
    lock_file = path.with_name(path.name + ".lock") if path is not None else None
    return Database(engines.writer(url), engines.reader(url), lock_file)


def shipped_programmes(settings: Settings) -> list[Programme]:
    """Return the programmes of the files that come with us and of AEO_PROGRAMMES_DIR. Raises BadInput when unsound."""
    folders = [folder for folder in (_PROGRAMMES, settings.programmes_dir) if folder is not None]
    known = messages()
    try:
        return [
            load_programme(path.read_text(encoding="utf-8"), file=path.name, messages=known)
            for folder in folders
            for path in sorted(folder.glob("*.toml"))
        ]
    except UnsoundProgramme as error:
        raise BadInput("PROGRAMME", str(error)) from error


def upgrade(settings: Settings) -> list[str]:
    """Bring the database to the newest schema and set up what an installation needs. Return what was made."""
    from workflow.store import schema  # noqa: PLC0415  # Alembic is heavy, and only this command needs it

    database = connect(settings, create=True)
    try:
        _answers(database)
        schema.upgrade(database.writer)
        made = set_up_installation(database, shipped_programmes(settings), now=datetime.now(UTC))
        return made + _keys_made(settings)
    finally:
        database.close()


def _keys_made(settings: Settings) -> list[str]:
    """Make each key that is neither named nor there, and say so: one that is lost is never made anew in silence."""
    made: list[str] = []
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_key = settings.data_dir / "log.key"
    if not settings.signing_key and not log_key.exists():
        make_key(log_key)
        made.append(f"the log's signing key {log_key}")
    if not settings.secret_key and not settings.secret_file.exists():
        make_secret(settings.secret_file)
        made.append(f"the installation's secret {settings.secret_file}")
    return made


@contextmanager
def open_installation(settings: Settings) -> Iterator[Opened]:
    """Open an installation and check that it can be relied upon. Raises Unavailable."""
    database = connect(settings)
    try:
        problems = unsound(database, settings)
        if problems:
            raise Unavailable("UNSOUND", " ".join(problems))
        programmes = shipped_programmes(settings)
        with database.snapshot() as connection:
            new = [programme for programme in programmes if not is_stored(connection, programme)]
        if new:  # a command that only reads must not wait for a writer's turn
            set_up_installation(database, new, now=datetime.now(UTC))
        clock, moved = _clock(database, settings)
        installation = table_of(models.Installation)
        with database.snapshot() as connection:
            row = connection.execute(select(installation.c.origin, installation.c.salt)).one()
        yield Opened(
            settings, Office(database, Editions(), row.origin, row.salt, settings.env == "production"), clock, moved
        )
    finally:
        database.close()


@contextmanager
def open_for_reading(settings: Settings) -> Iterator[Database]:
    """Open a database that is left wholly as it is: no clock is moved, nothing set up. Raises Unavailable."""
    database = connect(settings)
    try:
        if problems := unsound(database, settings):
            raise Unavailable("UNSOUND", " ".join(problems))
        yield database
    finally:
        database.close()


@contextmanager
def open_scratch(settings: Settings, source: Database, folder: Path, *, now: datetime) -> Iterator[tuple[Office, Post]]:
    """Copy a database into an empty folder: always SQLite, with an origin, a salt and a mailbox of its own."""
    from workflow.store import schema  # noqa: PLC0415  # Alembic is heavy

    url = URL.create("sqlite", database=str(folder / "casework.db"))
    database = Database(engines.writer(url, durable=False), engines.reader(url), None)
    try:
        schema.upgrade(database.writer)
        copies.copy(source, database)
        origin, salt = renew_identity(database, now=now)
        post = Post(MaildirTransport(folder / "mailbox"), renderer(settings), settings.mail_from)
        yield Office(database, Editions(), origin, salt, settings.env == "production"), post
    finally:
        database.reader.dispose()  # the writer goes last: only it can bring everything into one file
        database.close()


def unsound(database: Database, settings: Settings) -> list[str]:
    """Return why a database must not be worked with: schema, final rows, durability (weaker ones pass in tests)."""
    _answers(database)
    current = revision.current(database.writer)
    if current != revision.HEAD:
        return [f"The database is at schema {current or 'none'}, {revision.HEAD} is needed. Run `aeo db upgrade`."]
    problems: list[str] = []
    with database.writer.connect() as connection:
        if missing := final_rows.missing(connection):
            problems.append(
                f"Final rows are not protected: {', '.join(missing)}. Run `aeo db upgrade` and tell an auditor."
            )
    if settings.env != "test":
        problems += [f"A commit might be lost: {one}." for one in engines.weak_durability(database.writer)]
    return problems


def is_current(database: Database) -> bool:
    """Say whether a database has the newest schema, so that its tables can be read."""
    return revision.current(database.writer) == revision.HEAD


def _answers(database: Database) -> None:
    try:
        database.writer.connect().close()
    except OperationalError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise Unavailable("DATABASE", f"The database does not answer: {cause}. Check AEO_DATABASE_URL.") from error


def _clock(database: Database, settings: Settings) -> tuple[Callable[[], datetime], bool]:
    """One clock for every process of a database: real time and a stored offset."""
    if settings.clock:
        if settings.env == "production":
            raise Unavailable("CLOCK", "AEO_CLOCK is refused in production. Unset it.")
        wanted = inputs.instant(settings.clock, "AEO_CLOCK")
        set_clock(database, setting=settings.clock, wanted=wanted, real=datetime.now(UTC))
    installation = table_of(models.Installation)
    with database.snapshot() as connection:
        offset = timedelta(microseconds=connection.execute(select(installation.c.clock_offset_us)).scalar_one())
    return (lambda: datetime.now(UTC) + offset), bool(offset)
