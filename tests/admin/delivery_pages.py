"""Pages about deliveries as tests read them, and the deliveries that they are about."""

from collections.abc import Mapping
from urllib.parse import urlencode

from dispatcher.telemetry.admin_observations import RequestFailed
from tests.admin.client import Answer, Api
from tests.admin.forms import fields_of
from tests.admin.pages import text_of
from tests.admin.test_ui_frame import looked_at
from tests.sql import steps
from tests.support.host import Host

HOSTILE = """</pre></textarea><script>alert(1)</script>"><img src=x/onerror=alert(1)>{{7*7}}'"""
EXCERPT = f"an answer of theirs {HOSTILE}"


def words(answer: Answer) -> str:
    """What a page says, without its tags, each run of white space as one space."""
    return text_of(answer.text)


def fields(answer: Answer, action: str) -> dict[str, str]:
    """What a form of a page sends if nothing more is filled in; no field of it has two values."""
    return {name: value for name, (value,) in fields_of(answer.text, action).items()}


async def see(api: Api, key: str, path: str, status: int = 200) -> Answer:
    """A page, which has nothing that its policy forbids, and no tag that came with data."""
    answer = looked_at(await api.ask("GET", path, key=key))
    assert answer.status == status, answer.text
    assert "<img src=x" not in answer.text
    assert "alert(1)</script>" not in answer.text
    return answer


async def submit(api: Api, key: str, path: str, values: Mapping[str, object] | None = None) -> Answer:
    """Send a form."""
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.ask("POST", path, key=key, headers=sent, body=urlencode(values or {}).encode())
    assert answer.status < 500 or answer.status == 503, api.seen.of(RequestFailed)
    return answer


def some(host: Host, clinic: str = "a", **options: object) -> dict[str, int]:
    """Deliveries of a clinic by what became of them; what failed has an answer on record that is an attack."""
    endpoint = steps.endpoint(host, clinic, **options).id
    steps.emit(host, 4, clinic)
    dispatcher = steps.register(host)
    claimed = [row for row in steps.claim(host, dispatcher) if row["endpoint_id"] == endpoint]
    told = {"response_excerpt": EXCERPT, "content_type": "text/html"}
    ends = {"succeeded": steps.SUCCEEDED, "dead": {**steps.DEAD, **told}, "failed": {**steps.RETRY, **told}}
    steps.record(host, *(steps.result(row, dispatcher, end) for row, end in zip(claimed, ends.values(), strict=False)))
    steps.release(host, claimed[3:])
    return dict(zip([*ends, "waiting"], steps.ids(claimed), strict=True)) | {"endpoint": endpoint}
