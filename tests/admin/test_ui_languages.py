"""Choosing the language of the pages."""

from tests.admin.client import COOKIE, Api, Browser


async def test_the_language(api: Api) -> None:
    """Is remembered for a year, leads back to the page, and is one that there is."""
    browser = Browser(api)

    chosen = await browser.post("/ui/language", {"lang": "pt-BR", "next": "/ui/sign-in?next=%2Fui%2Fdead"})
    unknown = await browser.post("/ui/language", {"lang": "xx"})
    elsewhere = await browser.post("/ui/language", {"lang": "en", "next": "//evil.example"})
    name, _, attributes = chosen.headers["Set-Cookie"].partition("; ")
    page = await browser.get("/ui/sign-in", headers={"Cookie": name})

    assert (chosen.status, chosen.headers["Location"]) == (303, "/ui/sign-in?next=%2Fui%2Fdead")
    assert name == f"{COOKIE}_language=pt-BR"
    assert sorted(attributes.split("; ")) == ["HttpOnly", "Max-Age=31536000", "Path=/", "SameSite=Lax", "Secure"]
    assert '<html lang="pt-BR">' in page.text
    assert (unknown.refusal, elsewhere.headers["Location"]) == ((400, "bad_request"), "/ui/")
