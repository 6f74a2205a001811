"""The settings of the admin API: who may come in, and by which way. A part of Settings (config.py)."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from dispatcher.core.address import Network
from dispatcher.core.tokens import TokenKey, TokenKeyError, TokenRules, parse_token_keys

# Plain HTTP only where browsers take a secure cookie over it.
_PUBLIC_URL = re.compile(
    r"(https://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
)
_ISSUER, _AUDIENCE = "OUTBOUND_WEBHOOKS_JWT_ISSUER", "OUTBOUND_WEBHOOKS_JWT_AUDIENCE"


class AdminSettings(BaseSettings):
    """What `outbound-webhooks serve` needs beside the database."""

    admin_host: str = Field("127.0.0.1", description="Where serve serves the admin API.")
    admin_port: int = Field(9463, ge=0, le=65535, description="Its port; 0 takes a free one.")
    admin_public_url: str | None = Field(
        None, description="How browsers reach it, https://host; without it there are no portal sessions."
    )
    admin_trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks of your reverse proxies (CIDR, comma-separated), whose X-Forwarded-For counts."
    )
    portal_code_seconds: int = Field(60, ge=10, le=600, description="How long a portal session's one-time URL is good.")
    portal_idle_minutes: int = Field(
        30, ge=5, le=1440, description="A portal session is over after so long without a request."
    )
    portal_session_hours: int = Field(12, ge=1, le=168, description="How long a portal session lasts at most.")
    membership: Literal["granted", "function"] = Field(
        "granted",
        description="Who says what a person is at a clinic: the token or the portal session, or clinic_role().",
    )
    jwt_issuer: str | None = Field(None, description="The issuer (iss) of the host's tokens.")
    jwt_audience: str | None = Field(None, description="The audience (aud) that they name for us.")
    jwt_leeway_seconds: int = Field(30, ge=0, le=300, description="How far the clocks may differ.")
    jwt_user_claim: str = Field("sub", min_length=1, description="The claim that names the user.")
    jwt_clinics_claim: str = Field(
        "clinics", min_length=1, description="The claim that names the clinics: one, a list, or the role by clinic."
    )
    jwt_role_claim: str = Field(
        "role", min_length=1, description="The claim that names the role at them, or operator for all."
    )
    jwt_keys: SecretStr = Field(
        SecretStr(""),
        description="The keys of the host's tokens: kid:HS256:base64, kid:RS256:file, kid:EdDSA:file, comma-separated.",
    )

    @field_validator("admin_trusted_proxies", mode="before")
    @classmethod
    def _parse_proxies(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("admin_public_url")
    @classmethod
    def _must_be_an_origin(cls, value: str | None) -> str | None:
        origin = value.removesuffix("/") if value else None
        if origin is not None and not _PUBLIC_URL.fullmatch(origin):
            raise ValueError(
                "must be https:// and a host, without a path (or http://localhost); for example"
                " https://webhooks.example.com"
            )
        return origin.lower() if origin else None

    @field_validator("jwt_keys")
    @classmethod
    def _must_be_keys(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value():
            return value
        if None in (info.data.get("jwt_issuer", ""), info.data.get("jwt_audience", "")):
            raise ValueError(f"needs {_ISSUER} and {_AUDIENCE}, too: a token that was made for somebody else is none")
        try:
            _read_keys(value)
        except TokenKeyError as error:
            raise ValueError(str(error)) from None
        except OSError as error:
            raise ValueError(f"the file of a key cannot be read: {error.strerror}") from None
        return value

    def token_rules(self) -> TokenRules | None:
        """Which tokens are accepted; None: none.

        Raises:
            OSError, TokenKeyError: the file of a key is not any more what it was when the settings were read.
        """
        keys = _read_keys(self.jwt_keys)
        if not keys or self.jwt_issuer is None or self.jwt_audience is None:
            return None
        return TokenRules(
            keys,
            self.jwt_issuer,
            self.jwt_audience,
            self.jwt_leeway_seconds,
            self.jwt_user_claim,
            self.jwt_clinics_claim,
            self.jwt_role_claim,
        )


def _read_keys(value: SecretStr) -> dict[str, TokenKey]:
    return parse_token_keys(value.get_secret_value(), lambda file: Path(file).read_bytes())
