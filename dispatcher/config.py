"""Settings: the only reader of the environment. Every error is reported at once, and names that we do not know."""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from dispatcher.admin_settings import AdminSettings
from dispatcher.core.address import Network
from dispatcher.core.sealing import Keyring, SealingError, parse_keyring

PREFIX = "OUTBOUND_WEBHOOKS_"
MOST_WORKERS = 100  # a typing error must not start ten thousand processes
# Read by the tests, not by the program; known, so that a shell that has it set can start a dispatcher.
_OTHER_NAMES = frozenset({PREFIX + "TEST_DATABASE_URL"})


# user:password@host:port,host:port up to the path or the query, without a second @ or a port that is no number.
_HOST = r"(\[[0-9A-Fa-f:.]*\]|[^@:/?#\[\],]*)(:[0-9]*)?"
_AUTHORITY = re.compile(rf"([^@:/?#]*(:[^@:/?#]*)?@)?{_HOST}(,{_HOST})*([/?]|$)")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9._-]{1,63}")  # as arm() takes it


class SettingsError(Exception):
    """The environment cannot be used; the message has one line a problem, with what to do."""


def _database_url(url: SecretStr) -> SecretStr:
    scheme, separator, rest = url.get_secret_value().partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("must begin with postgresql:// (for example postgresql://user@host/database)")
    # libpq would repeat parts of a password that it takes for a host or a port; so its form is checked here.
    if not _AUTHORITY.match(rest) or _BARE_PERCENT.search(rest):
        raise ValueError(
            "is not a valid URL: in a password write special characters percent-encoded"
            " (@ as %40, : as %3A, / as %2F, % as %25)"
        )
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]


class Settings(AdminSettings):
    """Everything that is configured by environment. `docs/settings.md` is tested against this."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl = Field(description="The database, as a libpq URL. Needed by every command.")
    listen_database_url: DatabaseUrl | None = Field(
        None, description="A direct connection for LISTEN and retention, if database_url leads through a pooler."
    )
    environment: str | None = Field(
        None,
        description="The name of this environment (production, ...): it sends from a database that was armed for it.",
    )
    enabled: bool = Field(False, description="Claim and send. Off by default: what was captured waits.")
    backlog: Literal["drain", "from-now"] = Field(
        "drain", description="What happens to what waited when delivery is turned on: drain it, or cancel it."
    )
    backlog_rate: int = Field(
        100, ge=1, le=100_000, description="Deliveries a second while a backlog is drained, over all endpoints."
    )
    master_keys: SecretStr = Field(
        SecretStr(""),
        description="Master keys that seal the signing keys: id:base64,... of 32 bytes each, the current one first.",
    )
    concurrency: int = Field(200, ge=1, le=10_000, description="Requests in flight in this process, at most.")
    workers: int = Field(
        1, ge=1, le=MOST_WORKERS, description="Dispatchers that run starts, each a process of its own; --workers wins."
    )
    pool_size: int = Field(4, ge=2, le=100, description="Database connections of this process, beside the LISTEN one.")
    lease_margin_seconds: int = Field(
        15, ge=1, le=600, description="How much longer than its endpoint's timeout a lease lasts."
    )
    shutdown_grace_seconds: float = Field(
        30, ge=0, le=600, description="After SIGTERM: how long requests in flight may take to finish."
    )
    ops_host: str = Field("127.0.0.1", description="Where /healthz, /readyz and /metrics are served.")
    ops_port: int = Field(9464, ge=0, le=65535, description="Their port; 0 takes a free one.")
    metrics_endpoints: int = Field(
        100,
        ge=0,
        le=10_000,
        description="How many endpoints have a label of their own in /metrics; the rest share one.",
    )
    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Private networks that endpoints may be in (CIDR, comma-separated). None by default."
    )
    ca_file: Path | None = Field(None, description="PEM certificates to trust beside the system's.")
    response_excerpts: bool = Field(
        True, description="Keep the first KB of the body of answers that are not 2xx: for debugging, by owners only."
    )
    partition_days_ahead: int = Field(14, ge=2, le=90, description="How many days of partitions to keep ready.")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level to log.")

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _parse_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("environment")
    @classmethod
    def _must_be_a_name(cls, value: str | None) -> str | None:
        if value is not None and not _ENVIRONMENT.fullmatch(value):
            raise ValueError("a name has 1 to 63 letters, digits, dots, dashes and underscores; for example production")
        return value

    @field_validator("enabled")
    @classmethod
    def _needs_an_environment(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("environment", "") is None:
            raise ValueError(
                f"delivery needs {PREFIX}ENVIRONMENT, too: the name of this environment (production, staging, ...),"
                " without which a copy of the database could send"
            )
        return value

    @field_validator("ca_file")
    @classmethod
    def _must_be_readable(cls, value: Path | None) -> Path | None:
        try:
            found = value is None or value.is_file()
        except OSError:  # a name that no file can have, such as the certificate itself
            found = False
        if not found:
            raise ValueError(f"there is no file {str(value)[:200]}")
        if value is not None:
            try:
                ssl.create_default_context(cafile=value)
            except (ssl.SSLError, OSError):
                raise ValueError(f"{value} does not hold certificates in PEM form") from None
        return value

    @field_validator("master_keys")
    @classmethod
    def _must_parse(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            try:
                parse_keyring(value.get_secret_value())
            except SealingError as error:
                raise ValueError(f"{error}; outbound-webhooks generate-master-key makes one") from None
        return value

    def keyring(self) -> Keyring:
        """The master keys.

        Raises:
            SettingsError: none is set.
        """
        try:
            return parse_keyring(self.master_keys.get_secret_value())
        except SealingError:
            raise SettingsError(
                f"{PREFIX}MASTER_KEYS: not set; signing keys cannot be sealed or opened without it."
                " outbound-webhooks generate-master-key makes one: keep it outside the database"
            ) from None

    def libpq_url(self) -> str:
        """The database URL as libpq takes it."""
        return libpq_url(self.database_url.get_secret_value())

    def libpq_listen_url(self) -> str:
        """The URL of the LISTEN connection as libpq takes it."""
        return libpq_url((self.listen_database_url or self.database_url).get_secret_value())


def libpq_url(url: str) -> str:
    """A database URL with the scheme that libpq and yoyo both start from."""
    return "postgresql://" + url.partition("://")[2]


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: to check for unknown names; the process's own by default.

    Raises:
        SettingsError: everything that is wrong, one line each.
    """
    names = os.environ if environment is None else environment
    problems = [
        f"{name}: unknown setting; see outbound-webhooks run --help"
        for name in sorted(names)
        if name.startswith(PREFIX)
        and name not in _OTHER_NAMES
        and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    ]
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = PREFIX + str(problem["loc"][0]).upper()
            if problem["type"] == "missing":
                problems.append(f"{name}: not set; for example postgresql://user@host/database")
            else:
                problems.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def describe() -> str:
    """The settings with their defaults, for --help."""
    lines = []
    # A parent's fields come first in model_fields.
    for name in sorted(Settings.model_fields, key=lambda name: name in AdminSettings.model_fields):
        field = Settings.model_fields[name]
        default = field.get_default()
        if field.is_required():
            shown = "required"
        elif isinstance(default, SecretStr) or default in (None, ()):
            shown = "default: none"
        else:
            shown = f"default: {str(default).lower() if isinstance(default, bool) else default}"
        lines.append(f"  {PREFIX}{name.upper()} ({shown})\n      {field.description}")
    return "\n".join(lines)
