"""ui.own_paths: where a form may lead on to."""

import pytest

from dispatcher.admin.ui.own_paths import LONGEST, clinic_in, own_path


@pytest.mark.parametrize(
    "path",
    [
        "/ui/",
        "/ui/endpoints",
        "/ui/deliveries?state=dead&clinic_id=7",
        "/ui/deliveries?q=https%3A%2F%2Fclinic.example%2F..%2F&cursor=a.b",
        "/ui/sign-in?next=%2Fui%2Fdead",
        "/ui/" + "x" * (LONGEST - 4),
    ],
)
def test_a_page_of_ours(path: str) -> None:
    """It is led on to, as it is."""
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/ui",
        "/uix",
        "/UI/",
        "ui/",
        " /ui/",
        "//evil.example",
        "//evil.example/ui/",
        "///ui/",
        "/\\evil.example",
        "/ui/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/ui/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/ui/\nSet-Cookie: a=b",
        "/ui/\r\nLocation: //evil.example",
        "/ui/\0",
        "/ui/ção",
        "/ui/../api/webhooks/me",
        "/ui/..//evil.example",
        "/ui/./x",
        "/ui/%2e%2e/portal/x",
        "/ui/%2E./x",
        "/ui/..%2fapi",
        "/ui/x/..",
        "/portal/" + "A" * 43,
        "/api/webhooks/me",
        "/ui/" + "x" * LONGEST,
    ],
    ids=repr,
)
def test_what_is_none(path: str) -> None:
    """Another host, another part of ours, or what a browser could read as that: home."""
    assert own_path(path) == "/ui/"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/ui/", None),
        ("/ui/dead?clinic_id=7", "7"),
        ("/ui/dead?state=dead&clinic_id=cl%C3%ADnica+7", "clínica 7"),
        ("/ui/dead?clinic_id=", None),
        ("/ui/dead?clinic_id=%00", None),
        ("/ui/dead?clinic_id=%20a", None),
    ],
)
def test_the_clinic_of_a_path(path: str, expected: str | None) -> None:
    """What can be one's id, or none."""
    assert clinic_in(path) == expected
