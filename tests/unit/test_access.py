"""core/access: which role may do what, written out a second time; and nothing that is not written."""

import pytest

from dispatcher.core.access import ACCESS, Role, may

EVERYBODY = {
    "me.read", "overview.read", "event_type.read", "event.read", "event.explain", "audit.read",
    "endpoint.read", "endpoint.create", "endpoint.change", "endpoint.pause", "endpoint.resume", "endpoint.test",
    "endpoint.statistics", "header.read", "delivery.read", "delivery.retry", "delivery.cancel",
    "replay.read", "replay.start", "replay.stop", "portal_session.issue",
}  # fmt: skip
# All that has to do with secrets and keys, and what cannot be taken back.
NOT_MANAGERS = {
    "endpoint.read_query", "endpoint.retire", "header.set", "header.remove", "signing_key.read", "signing_key.rotate",
    "signing_key.revoke",
    "api_key.read", "api_key.issue", "api_key.revoke",
}  # fmt: skip
PLATFORM = {"platform.read", "platform.switch", "capture_error.read", "capture_error.recapture"}
MATRIX = {
    Role.OWNER: {*EVERYBODY, *NOT_MANAGERS, "attempt.read_answer"},
    Role.MANAGER: {*EVERYBODY},
    Role.OPERATOR: {*EVERYBODY, *NOT_MANAGERS, *PLATFORM},
}


@pytest.mark.parametrize("role", Role)
def test_matrix(role: Role) -> None:
    """Each role may do what it has in the matrix, and nothing else that there is."""
    assert {action for action in ACCESS if may(role, action)} == MATRIX[role]


def test_every_action_is_in_the_matrix() -> None:
    """A new action has to be decided about here, too."""
    assert set(ACCESS) == set().union(*MATRIX.values())


@pytest.mark.parametrize("action", ["endpoint.delete", "endpoint", "", "ENDPOINT.READ", "endpoint.read ", "*"])
@pytest.mark.parametrize("role", Role)
def test_an_unknown_action_is_denied(role: Role, action: str) -> None:
    """Whoever asks: what has no row may nobody do."""
    assert not may(role, action)


@pytest.mark.parametrize("role", ["", "admin", "OWNER", "owner ", "Role.OWNER", "root"])
def test_an_unknown_role_is_denied(role: str) -> None:
    """Whatever it asks for."""
    assert [action for action in ACCESS if may(role, action)] == []


def test_roles_by_name() -> None:
    """A role as it comes out of a token or a table, as text, counts as that role."""
    assert may("owner", "endpoint.retire")
    assert not may("manager", "endpoint.retire")


def test_actions_are_thing_and_deed() -> None:
    """As the audit log wants them, where a denied one stands under its name."""
    assert all(action.replace("_", "").replace(".", "", 1).isalpha() and action.islower() for action in ACCESS)
