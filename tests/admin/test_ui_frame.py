"""What all pages of the UI share: their headers, how errors look, where who is not signed in is led to."""

import re

import pytest

from dispatcher.admin.ui.assets import ASSETS, asset
from tests.admin.client import Answer, Api

FORBIDDEN_IN_PAGES = re.compile(
    r"<script(?! type=\"module\" src=\"/ui/static/)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
)


def looked_at(answer: Answer) -> Answer:
    """Fail if a page has what its policy forbids."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not FORBIDDEN_IN_PAGES.search(answer.text)
    return answer


async def test_nobody_is_led_to_where_they_sign_in(api: Api) -> None:
    """And back to where they wanted to go."""
    answer = await api.ask("GET", "/ui/endpoints?state=paused")

    assert (answer.status, answer.headers["Location"]) == (303, "/ui/sign-in?next=%2Fui%2Fendpoints%3Fstate%3Dpaused")


async def test_a_refresh_is_not_led_on(api: Api) -> None:
    """The script that asks for it has to see that nobody is signed in any more."""
    answer = await api.ask("GET", "/ui/endpoints", headers={"X-Refresh": "1"})

    assert answer.refusal == (401, "unauthenticated")


async def test_the_first_of_several_clinics(api: Api) -> None:
    """Who has several and names none is led to one of them; the API says which there are."""
    key = api.make_key("operator")
    cookie = await api.log_in(key, clinics={"b": "owner", "a": "manager"})

    page = await api.ask("GET", "/ui/endpoints?state=paused", cookie=cookie)
    told = await api.ask("GET", "/api/webhooks/endpoints", cookie=cookie)

    assert (page.status, page.headers["Location"]) == (303, "/ui/endpoints?state=paused&clinic_id=a")
    assert (told.refusal, told.json["clinics"]) == ((400, "clinic_needed"), ["a", "b"])


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/endpoints/4711", "/ui/static/nothing.css"])
async def test_what_is_not_there(api: Api, path: str) -> None:
    """A page says so, in the shape of all pages, and in Portuguese where that is preferred."""
    key = api.make_key("owner", "a")

    answer = looked_at(await api.ask("GET", path, key=key))
    translated = await api.ask("GET", path, key=key, headers={"Accept-Language": "pt-BR"})

    assert answer.refusal == translated.refusal == (404, "not_found")
    assert '<html lang="en">' in answer.text
    assert '<html lang="pt-BR">' in translated.text


@pytest.mark.parametrize("name", ASSETS)
async def test_assets(api: Api, name: str) -> None:
    """Kept for a year under the URL that pages have, and asked for again under any other."""
    current, other = await api.ask("GET", asset(name)), await api.ask("GET", f"/ui/static/{name}?v=of-before")

    assert current.status == other.status == 200
    assert current.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert other.headers["Cache-Control"] == "no-cache"
    assert current.text == other.text != ""


async def test_no_url_puts_words_on_a_page(api: Api) -> None:
    """What was done is said by a code that we know."""
    key = api.make_key("owner", "a")

    answer = looked_at(await api.ask("GET", "/ui/nothing?done=<b>pay+here</b>", key=key))

    assert "pay" not in answer.text


async def test_without_a_slash(api: Api) -> None:
    """What somebody types leads to where the UI begins."""
    answer = await api.ask("GET", "/ui")

    assert (answer.status, answer.headers["Location"]) == (308, "/ui/")


async def test_an_answer_to_a_form_leads_back(api: Api) -> None:
    """Not to itself, as what answers a form need not have a page; and nothing on it asks for it again."""
    key, sent = api.make_key("owner", "a"), {"Content-Type": "application/x-www-form-urlencoded"}

    answer = looked_at(await api.ask("POST", "/ui/endpoints/new", key=key, body=b"url=http%3A%2F%2Fa", headers=sent))

    assert answer.status == 422
    assert 'name="next" value="/ui/"' in answer.text
    assert 'id="live"' not in answer.text


async def test_a_person_is_told_on_a_page(api: Api) -> None:
    """Also where a one-time link leads to, which is not of the UI's own paths."""
    answer = await api.ask("POST", f"/portal/{'A' * 43}", headers={"Sec-Fetch-Site": "cross-site"})

    assert looked_at(answer).refusal == (403, "cross_site")
