"""Text that somebody made to harm: it is shown as text, wherever it comes from."""

from playwright.async_api import Dialog, expect

from dispatcher.demo.receiver import says
from tests.ui.conftest import Visit
from tests.ui.place import Place

TEXT = """'"></title></textarea><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}\u202e"""
PATH = "/%22%3E%3Cscript%3Ealert(3)%3C/script%3E"


async def test_it_is_text(visitor: Visit, place: Place) -> None:
    """In an endpoint's options, a payment, an answer, a reason, a person's name: no script runs, nothing breaks out."""
    number = place.endpoint(PATH, description=TEXT, retry_schedule=[0])
    place.receiver.default = says(500, TEXT)
    place.host.rows("insert into payment_transactions (clinic_id, currency) values ('clinic-1', %s)", TEXT)
    await place.dispatching.logged("attempt.failed")
    place.host.rows("select outbound_webhooks.pause_endpoint(%s, %s)", number, TEXT)
    delivery = place.host.value("select id from outbound_webhooks.finished_deliveries")
    event = place.host.value("select id from outbound_webhooks.events where resource = 'payment_transaction'")
    dialogs: list[Dialog] = []
    async with visitor() as ana:
        ana.page.on("dialog", lambda dialog: dialogs.append(dialog))
        await ana.sign_in(await place.link(user=TEXT.replace("\u202e", "")))
        pages = [
            *("", "endpoints", f"endpoints/{number}", f"endpoints/{number}/settings", f"endpoints/{number}/deliveries"),
            *("deliveries", f"deliveries/{delivery}", "events", f"events/{event}", "dead", "audit", "replays"),
        ]
        for path in pages:
            await ana.open(f"/ui/{path}")
            await expect(ana.page.get_by_role("heading", level=1)).to_have_count(1)
            assert await ana.page.locator("main script, main img").count() == 0
            await ana.look_around()
        await ana.open(f"/ui/deliveries/{delivery}")
        await ana.page.get_by_text("What it answered").click()
        await expect(ana.page.locator("#delivery details pre")).to_contain_text("<script>alert(1)</script>")

    assert dialogs == []
