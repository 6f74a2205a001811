"""The URL policy in SQL: what endpoints may be given, by whatever way; and core.url says the same in every case."""

import ipaddress
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.address import refusal
from dispatcher.core.url import INTERNAL_LABELS, URL_CODES, UrlPolicy, url_refusal
from tests.sql import steps
from tests.support.bad_inputs import BAD_URLS, GOOD_URLS, INTERNAL_URLS, NEVER_INTERNAL_URLS, PASSWORD
from tests.support.host import CLINIC, Host
from tests.support.urls import EDGES, URLS, V4_NUMBERS, V6_NUMBERS, WELL_FORMED

CREATE = "select endpoint_id from outbound_webhooks.create_endpoint(%s, %s)"
INSERT = "insert into outbound_webhooks.endpoints (clinic_id, url) values (%s, %s)"
UPDATE = "update outbound_webhooks.endpoints set clinic_id = %s, url = %s"
REFUSAL = "select outbound_webhooks.url_refusal(%s, %s, %s::int4multirange)"
OPEN = "select outbound_webhooks.set_url_policy(p_internal_urls => true)"
# What the settings have after installation, and some others, as both sides write them.
PORTS: list[tuple[str, tuple[range, ...]]] = [
    ("{[443,443],[1024,65535]}", UrlPolicy().allowed_ports),
    ("{[1,65535]}", (range(1, 65536),)),
    ("{[80,80],[8000,8010]}", (range(80, 81), range(8000, 8011))),
]
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60)


def error_of(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    return caught.value


def told(error: psycopg.Error) -> tuple[Any, ...]:
    """What an error says: SQLSTATE, code, message, remedy."""
    return error.sqlstate, error.diag.constraint_name, error.diag.message_primary, error.diag.message_hint


@pytest.mark.parametrize(("url", "code"), BAD_URLS, ids="{:.60}".format)
def test_bad_urls(sandbox: Host, url: str, code: str) -> None:
    """The function, an INSERT and an UPDATE of a superuser: refused with the same code, and with core.url's words."""
    created = steps.endpoint(sandbox)
    expected = url_refusal(url)
    assert expected is not None

    errors = [error_of(sandbox, statement, CLINIC, url) for statement in (CREATE, INSERT, UPDATE)]

    assert {told(error) for error in errors} == {("22023", code, expected.message, expected.hint)}
    assert not any(PASSWORD in str(error) for error in errors)
    assert sandbox.rows("select id, url from outbound_webhooks.endpoints") == [{"id": created.id, "url": steps.URL}]


@pytest.mark.parametrize("url", GOOD_URLS, ids="{:.60}".format)
def test_good_urls(sandbox: Host, url: str) -> None:
    """What a clinic may have is taken as it is."""
    sandbox.rows(CREATE, CLINIC, url)
    sandbox.rows(INSERT, CLINIC, url)
    sandbox.rows("update outbound_webhooks.endpoints set url = %s || ''", url)

    assert sandbox.rows("select distinct url from outbound_webhooks.endpoints") == [{"url": url}]


@pytest.mark.parametrize("url", INTERNAL_URLS)
def test_internal_urls(sandbox: Host, url: str) -> None:
    """Internal hosts and private addresses are taken once the policy says so."""
    before = error_of(sandbox, CREATE, CLINIC, url)
    sandbox.rows(OPEN)
    sandbox.rows(CREATE, CLINIC, url)

    assert before.sqlstate == "22023"
    assert sandbox.value("select url from outbound_webhooks.endpoints") == url


@pytest.mark.parametrize(("url", "code"), NEVER_INTERNAL_URLS)
def test_what_is_not_internal_either(sandbox: Host, url: str, code: str) -> None:
    """An open policy opens no second spelling of an address, and no port."""
    sandbox.rows(OPEN)

    assert error_of(sandbox, CREATE, CLINIC, url).diag.constraint_name == code


def test_the_policy_is_changed(sandbox: Host) -> None:
    """What is left out stays; when it changed and by whom is kept; what changes nothing is no change."""
    look = (
        "select internal_urls, allowed_ports::text as ports, url_policy_changed_by as by"
        " from outbound_webhooks.settings"
    )
    sandbox.rows("update outbound_webhooks.settings set url_policy_changed_by = 'nobody'")
    installed = sandbox.rows(look)
    sandbox.rows("select outbound_webhooks.set_url_policy()")
    sandbox.rows("select outbound_webhooks.set_url_policy(false, '{[443,443],[1024,65535]}')")
    unchanged = sandbox.rows(look)
    sandbox.rows("select outbound_webhooks.set_url_policy(p_allowed_ports => '{[80,80],[443,443]}')")
    sandbox.rows(OPEN)
    sandbox.rows(CREATE, CLINIC, "https://clinic.example:80/")
    error = error_of(sandbox, CREATE, CLINIC, "https://clinic.example:8443/")

    assert installed == [{"internal_urls": False, "ports": "{[443,444),[1024,65536)}", "by": "nobody"}]
    assert unchanged == installed
    assert sandbox.rows(look) == [
        {"internal_urls": True, "ports": "{[80,81),[443,444)}", "by": sandbox.value("select session_user")}
    ]
    assert error.diag.message_primary == "a URL's port must be one of these: 80, 443"


@pytest.mark.parametrize("ports", ["{}", "{[0,443]}", "{[443,65536]}", "{[443,)}", "{(,)}"])
def test_ports_that_are_none(sandbox: Host, ports: str) -> None:
    """Ports are numbers from 1 to 65535, and at least one of them is allowed."""
    error = error_of(sandbox, "select outbound_webhooks.set_url_policy(p_allowed_ports => %s)", ports)

    assert error.diag.constraint_name == "settings_allowed_ports_are_ports"


def test_other_changes_are_not_held_up(sandbox: Host) -> None:
    """An endpoint that would be refused today can be paused, described and retired; its URL alone must stay or pass."""
    sandbox.rows(OPEN)
    local = sandbox.endpoint("https://localhost:8443/").id
    sandbox.rows("select outbound_webhooks.set_url_policy(p_internal_urls => false)")

    sandbox.rows("select outbound_webhooks.pause_endpoint(%s)", local)
    sandbox.rows("update outbound_webhooks.endpoints set description = 'old', url = url")
    error = error_of(sandbox, "update outbound_webhooks.endpoints set url = url || 'x'")
    sandbox.rows("select outbound_webhooks.retire_endpoint(%s)", local)

    assert error.diag.constraint_name == "url_internal_host"
    assert sandbox.value("select state from outbound_webhooks.endpoints") == "retired"


def test_a_change_of_the_state_does_not_fire_the_check(sandbox: Host) -> None:
    """States change often: the trigger is for INSERT, and for an UPDATE that writes the URL."""
    definition = sandbox.value(
        "select pg_get_triggerdef(oid) from pg_trigger"
        " where tgrelid = 'outbound_webhooks.endpoints'::regclass and tgname = 'check_endpoint_url'"
    )

    assert "BEFORE INSERT OR UPDATE OF url ON outbound_webhooks.endpoints" in str(definition)


@pytest.mark.parametrize("url", ["http://clinic.example/", "https://clinic.example/a b", "https://", "https:///a"])
def test_where_triggers_do_not_fire(sandbox: Host, url: str) -> None:
    """A replica's session fires none; the table's own CHECK is the least that holds even there."""
    sandbox.rows("set local session_replication_role = replica")

    assert error_of(sandbox, INSERT, CLINIC, url).diag.constraint_name == "endpoints_url_is_https"


@given(url=WELL_FORMED | URLS | TEXTS, ports=st.sampled_from(PORTS), internal=st.booleans())
def test_sql_and_python_agree(
    lasting_host: Host, url: str, ports: tuple[str, tuple[range, ...]], internal: bool
) -> None:
    """Both policies come to the same code, or to none, for every URL and policy."""
    expected = url_refusal(url, UrlPolicy(internal, ports[1]))

    assert lasting_host.value(REFUSAL, url, internal, ports[0]) == (expected and expected.code)


@given(V4_NUMBERS.map(ipaddress.IPv4Address) | V6_NUMBERS.map(ipaddress.IPv6Address))
def test_sql_and_python_agree_on_addresses(
    lasting_host: Host, address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    """The ranges are the same in both."""
    public = lasting_host.value("select outbound_webhooks.is_public_address(%s::inet)", str(address))

    assert public == (refusal(str(address)) is None)


def test_they_know_the_same_ranges(lasting_host: Host) -> None:
    """At every edge of every range, and beside it: the examples of the test above need not come to each of them."""
    rows = lasting_host.rows(
        "select a, outbound_webhooks.is_public_address(a::inet) as public from unnest(%s::text[]) as a",
        [str(address) for address in EDGES],
    )

    assert [row["a"] for row in rows if row["public"] != (refusal(str(row["a"])) is None)] == []
    assert {row["public"] for row in rows} == {True, False}


@pytest.mark.parametrize("label", [*sorted(INTERNAL_LABELS), "example", "com", "localhosts", "xn--p1ai"])
def test_they_know_the_same_internal_names(lasting_host: Host, label: str) -> None:
    """Each internal label, in any letters, and some public ones."""
    urls = [f"https://{host}/" for host in (f"clinic.{label}", f"CLINIC.{label.upper()}", f"{label}.example", label)]
    expected = [refused and refused.code for refused in map(url_refusal, urls)]

    assert [lasting_host.value(REFUSAL, url, False, PORTS[0][0]) for url in urls] == expected


@pytest.mark.parametrize(("text", "ports"), PORTS)
def test_they_say_the_same(lasting_host: Host, text: str, ports: tuple[range, ...]) -> None:
    """For each code and any ports: the same message and the same hint; and no code has only one of them."""
    words = "select * from outbound_webhooks.describe_url_refusal(%s, %s::int4multirange)"
    policy = UrlPolicy(allowed_ports=ports)
    refused = {found.code: found for url, _ in BAD_URLS if (found := url_refusal(url, policy)) is not None}

    assert refused.keys() == URL_CODES
    for code, expected in refused.items():
        assert lasting_host.rows(words, code, text) == [{"message": expected.message, "hint": expected.hint}]
