"""Settings for dispatchers under test."""

from pathlib import Path

from dispatcher.config import Settings
from tests.support.host import ENVIRONMENT

MASTER_KEYS = "test:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


def environment(database_url: str, ca_file: Path, **more: str) -> dict[str, str]:
    """The environment of a dispatcher that delivers to receivers on this machine."""
    prefix = "OUTBOUND_WEBHOOKS_"
    values = {
        "database_url": database_url,
        "environment": ENVIRONMENT,
        "enabled": "true",
        "master_keys": MASTER_KEYS,
        "allowed_networks": "127.0.0.0/8",
        "ca_file": str(ca_file),
        "ops_port": "0",
        **more,
    }
    return {prefix + name.upper(): value for name, value in values.items()}


def settings_for(database_url: str, ca_file: Path) -> Settings:
    """The same as settings."""
    return Settings.model_validate(
        {
            name.removeprefix("OUTBOUND_WEBHOOKS_").lower(): value
            for name, value in environment(database_url, ca_file).items()
        }
    )
