"""How many requests are let through: by who asks, by clinic, by address, each by what is asked for (docs/adr/0014)."""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum

from aiohttp import web

from dispatcher.admin.deps import ADDRESS, DEPS, LIMITS, VISIT, Deps
from dispatcher.admin.origins import REFRESH
from dispatcher.admin.problems import Problem
from dispatcher.core.clients import limited_as
from dispatcher.core.identity import Principal
from dispatcher.core.ratelimit import Bucket, Decision, Rule


class RateClass(StrEnum):
    """What a route costs us, or others."""

    READ = "read"
    WRITE = "write"
    PORTAL = "portal"
    LOGIN = "login"
    TEST = "test"  # a request of ours to somebody else, on demand


# A minute's worth for one caller. A clinic has twice that for all of its callers together.
OWN_RULES = {
    RateClass.READ: Rule("read", 300, 60),
    RateClass.WRITE: Rule("write", 60, 60),
    RateClass.PORTAL: Rule("portal", 240, 60),  # a host's server asks with one key for everybody
    RateClass.LOGIN: Rule("login", 20, 60),
    RateClass.TEST: Rule("test", 10, 60),
}
CLINIC_RULES = {kind: Rule(f"{rule.name}-clinic", rule.quota * 2, rule.window) for kind, rule in OWN_RULES.items()}

# Portal sessions that a key asks for in one person's name: one person's clicks do not use up what the others have.
PERSON_RULE = Rule("portal-person", 10, 60)

# Wrong keys, tokens and cookies from one address. Counted after each was looked at: behind one address may be many, and
# what is right is never refused because others were wrong. What it costs us to look is one read by an index.
REFUSALS = Rule("refusals", 60, 600)


def count_refusal(deps: Deps, address: str, headers: Mapping[str, str]) -> None:
    """Count a request whose key, token or cookie was refused.

    Raises:
        Problem: there were too many from this address; with these headers, too.
    """
    decision = deps.limiter.take([(f"address {limited_as(address)}", REFUSALS)], deps.clock())
    if not decision.allowed:
        raise Problem("rate_limited", headers={**limit_headers(decision), **headers})


def take_denied(deps: Deps, principal: Principal, named: str | None, kind: RateClass) -> None:
    """Count a request of somebody that they may not make.

    Args:
        named: the clinic that the request names. Only one of their own is counted: nobody uses up what others have.

    Raises:
        Problem: there are too many of theirs, or about the clinic.
    """
    only = next(iter(principal.roles)) if named is None and len(principal.roles) == 1 else None
    clinic_id = named if named in principal.roles else only
    decision = deps.limiter.take(list(_of(principal, clinic_id, kind)), deps.clock())
    if not decision.allowed:
        raise Problem("rate_limited", headers=limit_headers(decision))


def take(request: web.Request, kind: RateClass) -> Decision:
    """Let a request through.

    Raises:
        Problem: there are too many of who asks, or about its clinic.
    """
    deps = request.app[DEPS]
    decision = deps.limiter.take(list(_buckets(request, kind)), deps.clock())
    if not decision.allowed:
        raise Problem("rate_limited", headers=limit_headers(decision))
    return decision


def take_too(request: web.Request, kind: RateClass) -> None:
    """Let a request through that is of this kind, too.

    Raises:
        Problem: there are too many of who asks, or about its clinic.
    """
    request[LIMITS] = min(request[LIMITS], take(request, kind), key=lambda one: one.remaining)


def take_for_person(request: web.Request, user: str) -> None:
    """Let a request through that is made in a person's name; who asks, and the name, are one bucket.

    Raises:
        Problem: there are too many of theirs.
    """
    deps = request.app[DEPS]
    decision = deps.limiter.take([(f"{request[VISIT].principal.limited_as} for {user}", PERSON_RULE)], deps.clock())
    if not decision.allowed:
        raise Problem("rate_limited", headers=limit_headers(decision))
    request[LIMITS] = min(request[LIMITS], decision, key=lambda one: one.remaining)


def _buckets(request: web.Request, kind: RateClass) -> Iterator[Bucket]:
    visit = request.get(VISIT)
    if visit is None:
        yield f"address {limited_as(request[ADDRESS])}", OWN_RULES[kind]
        return
    # Nobody asked for these, and they go on as long as a page is open: they leave a clinic's machines their requests.
    # They have a limit of their own, as anybody can write the header.
    is_refresh = kind is RateClass.READ and REFRESH in request.headers
    yield from _of(visit.principal, visit.clinic_id, kind, "pages of clinic" if is_refresh else "clinic")


def _of(principal: Principal, clinic_id: str | None, kind: RateClass, whose: str = "clinic") -> Iterator[Bucket]:
    yield principal.limited_as, OWN_RULES[kind]
    if clinic_id is not None:
        yield f"{whose} {clinic_id}", CLINIC_RULES[kind]


def limit_headers(decision: Decision) -> dict[str, str]:
    """The tightest limit, as draft-ietf-httpapi-ratelimit-headers writes it; and when to come again."""
    rule = decision.rule
    headers = {
        "RateLimit-Policy": f'"{rule.name}";q={rule.quota};w={math.ceil(rule.window)}',
        "RateLimit": f'"{rule.name}";r={decision.remaining};t={math.ceil(decision.full_in)}',
    }
    if not decision.allowed:
        headers["Retry-After"] = str(math.ceil(decision.retry_in))
    return headers
