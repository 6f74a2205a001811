"""config: everything from the environment. Its errors are in test_config_errors."""

import base64
import ipaddress
from pathlib import Path

import pytest
import trustme

from dispatcher.config import PREFIX, Settings, SettingsError, describe, libpq_url, load
from tests.unit.environment import URL, Environment

KEY = base64.b64encode(bytes(range(32))).decode()


def test_defaults(environment: Environment) -> None:
    """Only the URL has to be set; what sends is off."""
    settings = environment.load()
    changed = settings.model_dump(exclude={"database_url", "master_keys", "jwt_keys"})

    assert settings.libpq_url() == URL
    assert settings.master_keys.get_secret_value() == ""
    assert settings.token_rules() is None
    assert changed == {
        "listen_database_url": None,
        "environment": None,
        "enabled": False,
        "backlog": "drain",
        "backlog_rate": 100,
        "concurrency": 200,
        "workers": 1,
        "pool_size": 4,
        "lease_margin_seconds": 15,
        "shutdown_grace_seconds": 30.0,
        "ops_host": "127.0.0.1",
        "ops_port": 9464,
        "metrics_endpoints": 100,
        "allowed_networks": (),
        "ca_file": None,
        "response_excerpts": True,
        "partition_days_ahead": 14,
        "log_format": "auto",
        "log_level": "info",
        "admin_host": "127.0.0.1",
        "admin_port": 9463,
        "admin_public_url": None,
        "admin_trusted_proxies": (),
        "portal_code_seconds": 60,
        "portal_idle_minutes": 30,
        "portal_session_hours": 12,
        "membership": "granted",
        "jwt_issuer": None,
        "jwt_audience": None,
        "jwt_leeway_seconds": 30,
        "jwt_user_claim": "sub",
        "jwt_clinics_claim": "clinics",
        "jwt_role_claim": "role",
    }


def test_every_setting_is_read(environment: Environment, tmp_path: Path) -> None:
    """Each name, with a value that is not its default."""
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    texts = {
        "listen_database_url": "postgresql://direct/database",
        "environment": "staging-2",
        "enabled": "true",
        "backlog": "from-now",
        "backlog_rate": "7",
        "master_keys": f"k1:{KEY}",
        "concurrency": "8",
        "workers": "2",
        "pool_size": "9",
        "lease_margin_seconds": "10",
        "shutdown_grace_seconds": "1.5",
        "ops_host": "0.0.0.0",
        "ops_port": "0",
        "metrics_endpoints": "12",
        "allowed_networks": " 127.0.0.0/8, fd00::/8 ,",
        "ca_file": str(ca_file),
        "response_excerpts": "false",
        "partition_days_ahead": "2",
        "log_format": "json",
        "log_level": "debug",
        "admin_host": "0.0.0.0",
        "admin_port": "0",
        "admin_public_url": "https://webhooks.example:8443",
        "admin_trusted_proxies": "10.0.0.0/8",
        "portal_code_seconds": "10",
        "portal_idle_minutes": "5",
        "portal_session_hours": "1",
        "membership": "function",
        "jwt_issuer": "https://host.example",
        "jwt_audience": "us",
        "jwt_leeway_seconds": "0",
        "jwt_user_claim": "email",
        "jwt_clinics_claim": "clinic",
        "jwt_role_claim": "is",
        "jwt_keys": f"k1:HS256:{KEY}",
    }
    settings = environment.load(**texts)
    networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
    others = {
        "listen_database_url", "master_keys", "enabled", "response_excerpts", "allowed_networks",
        "admin_trusted_proxies", "jwt_keys",
    }  # fmt: skip
    plain = texts.keys() - others

    assert {"database_url", *texts} == set(Settings.model_fields)
    assert {name: str(getattr(settings, name)) for name in plain} == {name: texts[name] for name in plain}
    assert (settings.enabled, settings.response_excerpts, settings.allowed_networks) == (True, False, networks)
    assert settings.keyring().keys == {"k1": bytes(range(32))}
    assert settings.libpq_listen_url() == "postgresql://direct/database"
    assert settings.admin_trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"),)
    rules = settings.token_rules()
    assert rules is not None
    assert (set(rules.keys), rules.issuer, rules.audience, rules.leeway) == ({"k1"}, "https://host.example", "us", 0.0)
    assert (rules.user_claim, rules.clinics_claim, rules.role_claim) == ("email", "clinic", "is")


def test_an_empty_value_is_as_if_it_were_not_set(environment: Environment) -> None:
    """A deployment that passes every name on, also those it leaves empty, gets the defaults."""
    empty = dict.fromkeys(Settings.model_fields, "")
    del empty["database_url"]

    assert environment.load(**empty) == environment.load()


def test_the_tests_own_name_is_known(environment: Environment) -> None:
    """A shell in which the tests run can also run a dispatcher."""
    assert environment.load(test_database_url="postgresql:///tests") == environment.load()


def test_names_can_be_checked_in_a_given_environment(environment: Environment) -> None:
    """The names that are checked may be those of another environment."""
    environment.set(database_url=URL)
    with pytest.raises(SettingsError, match=f"{PREFIX}ENABLE: unknown setting"):
        load({f"{PREFIX}ENABLE": "true", "PATH": "/bin"})

    assert load({"PATH": "/bin"}) == load()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://user@host/database", "postgresql://user@host/database"),
        ("postgresql://user@host/database", "postgresql://user@host/database"),
        ("postgres://user@host/database", "postgresql://user@host/database"),
    ],
)
def test_the_url_may_be_the_one_that_yoyo_takes(environment: Environment, url: str, expected: str) -> None:
    """One URL for yoyo and for us: libpq gets it without the driver's name."""
    settings = environment.load(database_url=url)

    assert settings.libpq_url() == expected == libpq_url(url)
    assert settings.libpq_listen_url() == expected


def test_settings_do_not_change(environment: Environment) -> None:
    """What was loaded stays."""
    with pytest.raises(ValueError, match="frozen"):
        environment.load().enabled = True  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize(("name", "field"), Settings.model_fields.items())
def test_describe_names_every_setting(name: str, field: object) -> None:
    """--help has every setting, what it is for, and its default."""
    lines = describe().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith(f"  {PREFIX}{name.upper()} "))

    assert lines[at].endswith("(required)") or "(default: " in lines[at]
    assert lines[at + 1].strip() == getattr(field, "description", None)


@pytest.mark.parametrize(
    "line",
    [
        "DATABASE_URL (required)",
        "ENABLED (default: false)",
        "MASTER_KEYS (default: none)",
        "CA_FILE (default: none)",
        "ALLOWED_NETWORKS (default: none)",
        "OPS_PORT (default: 9464)",
        "BACKLOG (default: drain)",
    ],
)
def test_describe_writes_defaults_as_they_are_set(line: str) -> None:
    """A default is written as one would write it into the environment."""
    assert f"  {PREFIX}{line}" in describe().splitlines()
