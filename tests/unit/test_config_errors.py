"""config: every error at once, each with what to do, and no secret in any of them."""

import base64
from pathlib import Path

import pytest

from dispatcher.config import PREFIX, SettingsError, load
from dispatcher.core.sealing import SealingError
from tests.unit.environment import URL, Environment

KEY = base64.b64encode(bytes(range(32))).decode()


BAD: dict[str, tuple[dict[str, str], str]] = {
    "URL with another scheme": (
        {"database_url": "mysql://user:Sesame9@host/database"},
        "DATABASE_URL: must begin with postgresql:// (for example postgresql://user@host/database)",
    ),
    "URL without a scheme": (
        {"database_url": "host=db password=Sesame9"},
        "DATABASE_URL: must begin with postgresql:// (for example postgresql://user@host/database)",
    ),
    "empty URL": (
        {"database_url": ""},
        "DATABASE_URL: not set; for example postgresql://user@host/database",
    ),
    "LISTEN URL with another scheme": (
        {"listen_database_url": "redis://:Sesame9@host"},
        "LISTEN_DATABASE_URL: must begin with postgresql:// (for example postgresql://user@host/database)",
    ),
    "network with host bits": (
        {"allowed_networks": "127.0.0.0/8,10.0.0.1/8"},
        "ALLOWED_NETWORKS: 10.0.0.1/8 has host bits set",
    ),
    "not a network": (
        {"allowed_networks": "localhost"},
        "ALLOWED_NETWORKS: 'localhost' does not appear to be an IPv4 or IPv6 network",
    ),
    "no such file": (
        {"ca_file": "/nowhere/ca.pem"},
        "CA_FILE: there is no file /nowhere/ca.pem",
    ),
    "a folder instead of a file": ({"ca_file": "/"}, "CA_FILE: there is no file /"),
    "not a boolean": (
        {"enabled": "maybe"},
        "ENABLED: Input should be a valid boolean, unable to interpret input",
    ),
    "not a number": (
        {"concurrency": "many"},
        "CONCURRENCY: Input should be a valid integer, unable to parse string as an integer",
    ),
    "not a whole number": (
        {"pool_size": "4.5"},
        "POOL_SIZE: Input should be a valid integer, unable to parse string as an integer",
    ),
    "5000 digits": (
        {"ops_port": "9" * 5000},
        "OPS_PORT: Unable to parse input string as an integer, exceeded maximum size",
    ),
    "too small": ({"concurrency": "0"}, "CONCURRENCY: Input should be greater than or equal to 1"),
    "too large": ({"ops_port": "65536"}, "OPS_PORT: Input should be less than or equal to 65535"),
    "negative": (
        {"shutdown_grace_seconds": "-1"},
        "SHUTDOWN_GRACE_SECONDS: Input should be greater than or equal to 0",
    ),
    "not a duration": (
        {"shutdown_grace_seconds": "nan"},
        "SHUTDOWN_GRACE_SECONDS: Input should be less than or equal to 600",
    ),
    "not a treatment": ({"backlog": "all"}, "BACKLOG: Input should be 'drain' or 'from-now'"),
    "not a level": (
        {"log_level": "TRACE"},
        "LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
    ),
}


@pytest.mark.parametrize(("values", "message"), BAD.values(), ids=BAD)
def test_a_bad_value(environment: Environment, values: dict[str, str], message: str) -> None:
    """One line: the name to look at, and what it should be."""
    assert environment.problems(**values) == [PREFIX + message]


def test_a_certificate_in_place_of_its_file(environment: Environment) -> None:
    """A name that is too long for a file is a bad value as any other."""
    (problem,) = environment.problems(ca_file="-----BEGIN CERTIFICATE-----" + "A" * 2000)

    assert problem.startswith(f"{PREFIX}CA_FILE: ")


@pytest.mark.parametrize("password", ["Sesame%9x", "pa@Sesame9", "pa:Sesame9", "pa/Sesame9", "Sesame9#x"])
def test_a_password_that_is_not_encoded(environment: Environment, password: str) -> None:
    """libpq would repeat parts of it as a host or a port: it never sees it."""
    (problem,) = environment.problems(database_url=f"postgresql://user:{password}@host/database")

    assert "percent-encoded" in problem
    assert "Sesame9" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss@h1:5432,h2:5433/db?target_session_attrs=read-write",
        "postgresql://u@[::1]:5432/db",
        "postgresql:///db?host=/tmp",
        "postgresql://u@/db?host=/tmp&port=1",
        "postgresql://",
    ],
)
def test_urls_of_every_form(environment: Environment, url: str) -> None:
    """Several hosts, IPv6, a socket's folder and libpq's own defaults are all understood."""
    assert environment.problems(database_url=url, concurrency="x") == environment.problems(concurrency="x")


def test_a_file_without_certificates(environment: Environment, tmp_path: Path) -> None:
    """Told at once, and not after the backlog was treated."""
    (tmp_path / "ca.pem").write_text("not PEM")
    (problem,) = environment.problems(ca_file=str(tmp_path / "ca.pem"))

    assert "does not hold certificates in PEM form" in problem


def test_no_url(environment: Environment) -> None:
    """What a newcomer sees first says what to set."""
    with pytest.raises(SettingsError) as refused:
        load()

    assert str(refused.value) == f"{PREFIX}DATABASE_URL: not set; for example postgresql://user@host/database"


def test_every_error_at_once(environment: Environment) -> None:
    """Nobody has to start six times: unknown names and each bad value, a line each."""
    problems = environment.problems(
        database_url="sqlite://",
        enabled="maybe",
        concurency="5",
        concurrency="0",
        allowed_networks="x",
        master_keys="!",
    )

    assert [problem.partition(":")[0].removeprefix(PREFIX) for problem in problems] == [
        "CONCURENCY",
        "DATABASE_URL",
        "ENABLED",
        "MASTER_KEYS",
        "CONCURRENCY",
        "ALLOWED_NETWORKS",
    ]


def test_unknown_names(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with our prefix that is no setting is an error: a typing mistake would otherwise be a default."""
    monkeypatch.setenv("OUTBOUND_WEBHOOK_ENABLED", "another program's")

    assert environment.problems(database_uri="x", enable="true") == [
        f"{PREFIX}DATABASE_URI: unknown setting; see outbound-webhooks run --help",
        f"{PREFIX}ENABLE: unknown setting; see outbound-webhooks run --help",
    ]


HEX = "0123456789abcdef0123456789abcdef"
BAD_MASTER_KEYS = {
    "without an id": (KEY, "a master key is written id:base64"),
    "a short key without an id": (HEX, "a master key is written id:base64"),
    "not base64": ("k1:geheim-geheim!", "master key k1 is not base64"),
    "not ASCII": ("k1:gehéim", "master key k1 is not base64"),
    "too short": ("k1:Z2VoZWlt", "master key k1 has 6 bytes instead of 32"),
    "only a comma": (",", "there is no master key"),
}


@pytest.mark.parametrize(("text", "message"), BAD_MASTER_KEYS.values(), ids=BAD_MASTER_KEYS)
def test_a_bad_master_key(environment: Environment, text: str, message: str) -> None:
    """The line says what is wrong and which command makes a good one; it does not repeat the value."""
    (problem,) = environment.problems(master_keys=text)

    assert problem.startswith(f"{PREFIX}MASTER_KEYS: {message}")
    assert problem.endswith("; outbound-webhooks generate-master-key makes one")
    assert text == "," or text.removeprefix("k1:") not in problem


def test_no_master_key(environment: Environment) -> None:
    """Commands that need none work without; what needs one says what it is for and how to get it."""
    settings = environment.load()

    with pytest.raises(SettingsError) as refused:
        settings.keyring()
    assert str(refused.value) == (
        f"{PREFIX}MASTER_KEYS: not set; signing keys cannot be sealed or opened without it."
        " outbound-webhooks generate-master-key makes one: keep it outside the database"
    )
    assert not isinstance(refused.value, SealingError)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"listen_database_url": URL},
        {"database_url": URL.replace("postgresql", "postgres9")},
        {"listen_database_url": "Sesame9"},
        {"master_keys": f"{KEY},{KEY}"},
        {"master_keys": f"k1:{KEY},k1:{KEY}"},
        {"master_keys": f"k1:{KEY}", "enabled": "maybe", "sesame": "Sesame9"},
    ],
)
def test_no_secret_is_shown(environment: Environment, values: dict[str, str]) -> None:
    """Neither the settings in a log or a traceback nor an error shows a password or a key."""
    try:
        settings = environment.load(**{"master_keys": f"k1:{KEY}", **values})
        shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {settings.keyring()!r}"
    except SettingsError as error:
        shown = f"{error!r} {error.__cause__!r}"

    assert len(shown) > 20
    assert not any(secret in shown for secret in ("Sesame9", KEY, repr(bytes(range(32)))[2:-1]))


def test_delivery_needs_the_name_of_the_environment(environment: Environment) -> None:
    """Without it nothing could tell a physical copy of the database from its original; off, none is needed."""
    (problem,) = environment.problems(enabled="true")

    assert problem.startswith(f"{PREFIX}ENABLED: delivery needs {PREFIX}ENVIRONMENT, too: the name of this environment")
    assert environment.load(enabled="false").environment is None
    assert environment.load(enabled="true", environment="production").enabled


@pytest.mark.parametrize("name", ["two words", "prod/eu", "x" * 64, "naïve"])
def test_the_name_of_an_environment(environment: Environment, name: str) -> None:
    """What arm() would not take is refused here, and nothing else is said of it."""
    (problem,) = environment.problems(environment=name, enabled="true")

    assert problem.startswith(f"{PREFIX}ENVIRONMENT: a name has 1 to 63 letters, digits, dots, dashes and underscores")
