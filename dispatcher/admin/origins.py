"""Requests that another site's page makes in our reader's name (CSRF): browsers say where a request comes from."""

from aiohttp import hdrs, web

SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

# A page's script has it in the requests that nobody asked for: they do not keep a session awake.
REFRESH = "X-Refresh"


def is_same_origin(request: web.Request, public_url: str | None) -> bool:
    """Whether the browser says that a page of ours made this request.

    Sec-Fetch-Site decides where it is sent (no page can write it); else the Origin, which browsers send with every
    unsafe method. A request with neither is no browser's, and has no business with a cookie, or with a form.
    """
    site = request.headers.getall("Sec-Fetch-Site", [])
    if site:
        return site == ["same-origin"]
    return request.headers.getall(hdrs.ORIGIN, []) == [public_url]
