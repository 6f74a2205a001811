"""Who calls the admin API, for which clinics, and what they can hand on: never more than they hold themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.core.access import Role, may

MOST_CLINICS = 100  # of one person; each is looked up in every request where membership is
LONGEST_NAME = 200  # characters of a user's or a clinic's id

_RANK = {Role.MANAGER: 1, Role.OWNER: 2}


class Way(StrEnum):
    """How somebody showed who they are."""

    API_KEY = "api_key"
    PORTAL_SESSION = "portal_session"
    TOKEN = "token"  # noqa: S105  # no secret: its kind


class Refused(Exception):
    """It may not be done; `code` is one of those in docs/authentication.md."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Principal:
    """Somebody whom we know.

    Attributes:
        name: for the log: `API key 12`, `portal session 5`, `portal session 6 of API key 12`, `user 17`.
        roles: by clinic; of an operator empty.
        user: the person, as the host calls them; None for a machine.
        number: the id of the API key or the portal session; None for a token.
        until: when a token is over, in seconds since the epoch; None: the database knows.
        stands_for: the name of the key or the user that signed in, of a session that is one of many that they may have.
    """

    way: Way
    name: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    is_operator: bool = False
    user: str | None = None
    number: int | None = None
    until: float | None = None
    stands_for: str | None = None

    @property
    def limited_as(self) -> str:
        """Whose requests limits count these with: signing in again gives nobody more of them."""
        return self.stands_for or self.name

    @property
    def actor(self) -> str:
        """What the audit log says: the person and how they came, or the machine."""
        if self.user is None:
            return self.name
        return f"{self.user} ({'token' if self.way is Way.TOKEN else self.name})"

    def role_at(self, clinic_id: str | None) -> Role | None:
        """The role at a clinic, or everywhere (None); None: none."""
        if self.is_operator:
            return Role.OPERATOR
        return None if clinic_id is None else self.roles.get(clinic_id)


def key_name(number: int) -> str:
    """The name of an API key."""
    return f"API key {number}"


def user_name(user: str) -> str:
    """The name of a user of the host's."""
    return f"user {user}"


def clinic_of(principal: Principal, action: str, named: str | None) -> str | None:
    """The clinic that an action is about: the one named, or the only one there is. None: an operator's, for all.

    Raises:
        Refused: the role there does not allow it, there is none, or it has to be said which clinic is meant.
    """
    clinic_id = named
    if clinic_id is None and not principal.is_operator:
        if len(principal.roles) > 1:
            raise Refused("clinic_needed")
        clinic_id = next(iter(principal.roles), None)
    role = principal.role_at(clinic_id)
    if role is None or not may(role, action):
        raise Refused("forbidden")
    return clinic_id


def may_grant(principal: Principal, clinic_id: str | None, role: Role) -> bool:
    """Whether somebody may give others this role: at most their own, at their own clinics. An operator: any."""
    if principal.is_operator:
        return (role is Role.OPERATOR) == (clinic_id is None)
    own = principal.role_at(clinic_id)
    return own is not None and role in _RANK and _RANK[role] <= _RANK[own]


def role_named(text: object) -> Role | None:
    """The role of this name, which hosts write in capitals, too; None: there is none."""
    name = text.lower() if isinstance(text, str) else None
    return next((role for role in Role if role.value == name), None)


def lesser(one: Role, other: Role) -> Role:
    """The lesser of two roles at a clinic."""
    return min(one, other, key=_RANK.__getitem__)


def is_name(value: object) -> bool:
    """Whether this can be the id of a user or a clinic: a text of 1 to 200 characters that people can read."""
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_NAME and value.isprintable() and value == value.strip()
