"""core.identity: which clinic a request is about, and what somebody can hand on."""

import pytest

from dispatcher.core.access import Role
from dispatcher.core.identity import Principal, Refused, Way, clinic_of, is_name, lesser, may_grant, role_named

OWNER = Principal(Way.API_KEY, "API key 1", {"a": Role.OWNER}, number=1)
MANAGER = Principal(Way.API_KEY, "API key 2", {"a": Role.MANAGER}, number=2)
OPERATOR = Principal(Way.API_KEY, "API key 3", is_operator=True, number=3)
BOTH = Principal(Way.PORTAL_SESSION, "portal session 4", {"a": Role.OWNER, "b": Role.MANAGER}, user="ana", number=4)
NOBODY = Principal(Way.TOKEN, "user eva", user="eva")
READ = "api_key.read"


@pytest.mark.parametrize(
    ("principal", "named", "expected"),
    [
        (OWNER, None, "a"),
        (OWNER, "a", "a"),
        (OWNER, "b", Refused),
        (MANAGER, None, Refused),
        (MANAGER, "a", Refused),
        (OPERATOR, None, None),
        (OPERATOR, "b", "b"),
        (BOTH, None, Refused),
        (BOTH, "a", "a"),
        (BOTH, "b", Refused),
        (BOTH, "c", Refused),
        (NOBODY, None, Refused),
        (NOBODY, "a", Refused),
    ],
)
def test_the_clinic_of_an_action(principal: Principal, named: str | None, expected: object) -> None:
    """The only one, or the one named, where the role allows it; else it is refused."""
    if expected is Refused:
        with pytest.raises(Refused):
            clinic_of(principal, READ, named)
    else:
        assert clinic_of(principal, READ, named) == expected


def test_an_unknown_action_is_refused() -> None:
    """Whoever asks: what does not stand in the table is denied."""
    for principal in (OWNER, OPERATOR):
        with pytest.raises(Refused, match="forbidden"):
            clinic_of(principal, "api_key.forge", None)


def test_several_clinics_need_a_name() -> None:
    """Which of them is meant is never guessed."""
    with pytest.raises(Refused, match="clinic_needed"):
        clinic_of(BOTH, READ, None)


GRANTS = [(clinic, role) for clinic in ("a", "b", None) for role in Role]


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (OWNER, {("a", Role.OWNER), ("a", Role.MANAGER)}),
        (MANAGER, {("a", Role.MANAGER)}),
        (BOTH, {("a", Role.OWNER), ("a", Role.MANAGER), ("b", Role.MANAGER)}),
        (NOBODY, set()),
        (OPERATOR, {*((c, r) for c in "ab" for r in (Role.OWNER, Role.MANAGER)), (None, Role.OPERATOR)}),
    ],
    ids=lambda value: value.name if isinstance(value, Principal) else "",
)
def test_what_can_be_granted(principal: Principal, expected: set[tuple[str | None, Role]]) -> None:
    """At most one's own role, at one's own clinics."""
    assert {grant for grant in GRANTS if may_grant(principal, *grant)} == expected


def test_the_lesser_role() -> None:
    """Manager is less than owner."""
    assert lesser(Role.OWNER, Role.MANAGER) is lesser(Role.MANAGER, Role.OWNER) is Role.MANAGER
    assert lesser(Role.OWNER, Role.OWNER) is Role.OWNER


@pytest.mark.parametrize(
    ("text", "role"),
    [("owner", Role.OWNER), ("OWNER", Role.OWNER), ("Manager", Role.MANAGER), ("operator", Role.OPERATOR),
     ("", None), ("admin", None), (" owner", None), (None, None), (1, None), (["owner"], None)],
)  # fmt: skip
def test_names_of_roles(text: object, role: Role | None) -> None:
    """Hosts write them in capitals, too; nothing else is one."""
    assert role_named(text) is role


@pytest.mark.parametrize("value", ["", " a", "a ", "a\0", "a\nb", "a\u202eb", "\ud800", "x" * 201, None, 7, b"a"])
def test_what_is_no_name(value: object) -> None:
    """Ids of users and clinics can be read by people, and stored by PostgreSQL."""
    assert not is_name(value)


@pytest.mark.parametrize("value", ["a", "clínica 7", "x" * 200, "7f3a-…"])
def test_names(value: str) -> None:
    """Any text of up to 200 characters without control characters."""
    assert is_name(value)


def test_the_actor() -> None:
    """The audit log has the person, and how they came."""
    assert (OWNER.actor, BOTH.actor, NOBODY.actor) == ("API key 1", "ana (portal session 4)", "eva (token)")
