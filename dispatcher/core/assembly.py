"""The request of one attempt, from what the database keeps: keys and headers opened, checked, and put to use."""

from dispatcher.core.envelope import build
from dispatcher.core.headers import check_headers
from dispatcher.core.model import Delivery, Header, Request
from dispatcher.core.sealing import HEADER, SIGNING_KEY, Keyring, purpose_of, unseal


def assemble(delivery: Delivery, keyring: Keyring, timestamp: int, user_agent: str) -> Request:
    """The signed request for a delivery, whose keys and headers are sealed or, for a minute after they were set, clear.

    Args:
        timestamp: of this attempt, whole seconds since 1970, UTC.

    Raises:
        SealingError, InvalidKey, HeaderRefused: its keys or headers cannot be used.
    """
    keys = [_key(keyring, delivery, secret) for secret in delivery.secrets]
    headers = check_headers((header.name, _header(keyring, delivery, header)) for header in delivery.headers)
    return build(delivery, keys, headers, timestamp, user_agent)


def _key(keyring: Keyring, delivery: Delivery, secret: str) -> str:
    if secret.startswith("whsec_"):
        return secret
    return unseal(keyring, purpose_of(SIGNING_KEY), delivery.clinic_id, delivery.endpoint_id, secret)


def _header(keyring: Keyring, delivery: Delivery, header: Header) -> str:
    if header.sealed is None:
        return header.value or ""
    return unseal(keyring, purpose_of(HEADER, header.name), delivery.clinic_id, delivery.endpoint_id, header.sealed)
