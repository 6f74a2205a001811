"""The rules for headers in SQL and in the program: the same verdict, with the same code and words."""

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher.core.headers import REFUSED, HeaderRefused, check_header
from tests.support.bad_headers import BAD_HEADERS, CANARY, GOOD_HEADERS
from tests.support.host import Host

Verdict = tuple[str | None, str | None] | None

# In texts that PostgreSQL takes, those that are nearly right more often than chance has them.
TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
SPELLINGS = st.sampled_from(list(REFUSED)).flatmap(
    lambda entry: st.sampled_from([entry, entry + "x", "x" + entry, entry[:-1], entry.title(), entry.replace("-", "_")])
)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PRINTABLE = st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=20)
CREDENTIALS = st.tuples(
    st.sampled_from(["Basic", "basic", "Bearer", "BEARER", "Token", "B:"]),
    st.sampled_from([" ", "  ", "", "\t"]),
    st.from_regex(r"[A-Za-z0-9+/=._~-]{0,12}", fullmatch=True) | PRINTABLE | st.just("dXNlcjpwYXNz"),
).map("".join)
HEADERS = st.one_of(
    st.tuples(TOKENS | SPELLINGS | ANY | PRINTABLE, ANY | PRINTABLE),
    st.tuples(st.sampled_from(["authorization", "Authorization", "AUTHORIZATION"]), CREDENTIALS),
    st.tuples(st.sampled_from(["x", "é", "host"]).map(lambda name: name * 128), st.just("a")),
    st.tuples(st.just("x-a"), st.builds(str.__mul__, st.sampled_from(["a", "é", " "]), st.integers(4095, 4097))),
)


def by_program(name: str, value: str) -> Verdict:
    """What core.headers says of it."""
    try:
        check_header(name, value)
    except HeaderRefused as refused:
        return refused.code, str(refused)
    return None


def by_database(host: Host, name: str, value: str) -> Verdict:
    """What check_header() says of it."""
    try:
        with host.connection.transaction():
            host.rows("select outbound_webhooks.check_header(%s, %s)", name, value)
    except psycopg.errors.InvalidParameterValue as error:
        return error.diag.constraint_name, error.diag.message_primary
    return None


def test_they_agree_on_what_is_known(sandbox: Host) -> None:
    """Each bad header, each good one, and each refused name: the codes are those of the table, the words the same."""
    for name, value, code in BAD_HEADERS:
        verdict = by_database(sandbox, name, value)
        assert verdict == by_program(name, value)
        assert verdict is not None
        assert verdict[0] == code
        assert CANARY not in str(verdict)
    for name, value in GOOD_HEADERS:
        assert by_database(sandbox, name, value) is None
    for entry in REFUSED:
        name = entry + "x" * entry.endswith("-")
        assert by_database(sandbox, name, "a") == by_program(name, "a")


def test_they_agree_on_anything(lasting_host: Host) -> None:
    """Arbitrary headers: one verdict, whatever is asked; both see good ones and bad ones of every code."""
    seen: set[str | None] = set()

    @settings(
        derandomize=True, database=None, deadline=None, max_examples=3000, suppress_health_check=list(HealthCheck)
    )
    @given(HEADERS)
    def agree(header: tuple[str, str]) -> None:
        verdict = by_database(lasting_host, *header)
        assert verdict == by_program(*header)
        seen.add(verdict and verdict[0])

    agree()

    assert seen == {None, "header_name", "header_value", "header_forbidden", "header_reserved", "header_size"}


def test_a_sealed_value_is_not_looked_at(sandbox: Host) -> None:
    """Of a row that is sealed only the name is checked."""
    assert sandbox.value("select outbound_webhooks.check_header('authorization', null)") == ""
    assert by_database(sandbox, "host", "a") == by_program("host", "a")
