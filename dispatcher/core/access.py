"""Who may do what in the admin API and the UI: one table, action by role. What is not in it is denied.

It says which deeds a role has, not on whose rows: those are of the clinics that the caller's transaction names
(docs/roles.md). Each action of the API is a row here, and nothing decides this anywhere else.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """A caller's role: that of a person or a key at a clinic, or of the platform's own staff and servers."""

    OWNER = "owner"  # of a clinic: everything that is the clinic's
    MANAGER = "manager"  # of a clinic: all but secrets, keys, and what cannot be taken back
    OPERATOR = "operator"  # of the platform: at any clinic that the request names


_EVERYBODY = frozenset(Role)
# Secrets are those that sign, and those that a clinic's own receivers ask for.
_NO_MANAGER = frozenset({Role.OWNER, Role.OPERATOR})
_PLATFORM = frozenset({Role.OPERATOR})

ACCESS: Mapping[str, frozenset[Role]] = {
    "me.read": _EVERYBODY,
    "overview.read": _EVERYBODY,
    "event_type.read": _EVERYBODY,
    "endpoint.read": _EVERYBODY,
    # Of the URL, where some receivers want a token of theirs.
    "endpoint.read_query": _NO_MANAGER,
    "endpoint.create": _EVERYBODY,
    "endpoint.change": _EVERYBODY,
    "endpoint.pause": _EVERYBODY,
    "endpoint.resume": _EVERYBODY,
    "endpoint.test": _EVERYBODY,
    "endpoint.retire": _NO_MANAGER,
    "endpoint.statistics": _EVERYBODY,
    "header.read": _EVERYBODY,  # names; no value is ever shown again
    "header.set": _NO_MANAGER,
    "header.remove": _NO_MANAGER,
    "signing_key.read": _NO_MANAGER,  # when each signs; no key is ever shown again
    "signing_key.rotate": _NO_MANAGER,
    "signing_key.revoke": _NO_MANAGER,
    "delivery.read": _EVERYBODY,
    "delivery.retry": _EVERYBODY,
    "delivery.cancel": _EVERYBODY,
    # What a receiver answered may hold anything that its network knows: the platform's staff is not shown it.
    "attempt.read_answer": frozenset({Role.OWNER}),
    "replay.read": _EVERYBODY,
    "replay.start": _EVERYBODY,
    "replay.stop": _EVERYBODY,
    "event.read": _EVERYBODY,
    "event.explain": _EVERYBODY,
    "api_key.read": _NO_MANAGER,
    "api_key.issue": _NO_MANAGER,
    "api_key.revoke": _NO_MANAGER,
    "audit.read": _EVERYBODY,
    # With an API key, and with no more than it holds itself: its clinic, its role (core/identity.py).
    "portal_session.issue": _EVERYBODY,
    # What is not of one clinic.
    "platform.read": _PLATFORM,
    "platform.switch": _PLATFORM,
    "capture_error.read": _PLATFORM,
    "capture_error.recapture": _PLATFORM,
}


def may(role: str, action: str, access: Mapping[str, frozenset[Role]] = ACCESS) -> bool:
    """Whether a role may do something; neither an unknown role nor an unknown action ever may."""
    return role in access.get(action, frozenset())
