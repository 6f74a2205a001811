"""The story of the demo: each write of the application, followed to the receiver."""

import shlex
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.demo import host, records
from dispatcher.demo.dispatching import Attempt, DispatcherProcess
from dispatcher.demo.embedded import PORT, SUPERUSER, Server
from dispatcher.demo.furnishing import Furnishing, Keys
from dispatcher.demo.process import ALLOWED_NETWORKS, DemoFailed
from dispatcher.demo.receiver import Received, Receiver
from dispatcher.demo.records import Event, Owed
from dispatcher.demo.samples import CLINIC, OTHER_CLINIC
from dispatcher.demo.scenes import Scene
from dispatcher.demo.serving import LINK_SECONDS, ServeProcess
from dispatcher.demo.teller import Teller


@dataclass
class Story:
    """Those who take part: the application, the DBA who looks on, the dispatcher, the web UI, the receiver."""

    teller: Teller
    app: AsyncConnection[TupleRow]
    dba: AsyncConnection[TupleRow]
    dispatcher: DispatcherProcess
    ui: ServeProcess
    receiver: Receiver
    paths: dict[int, str]  # at the receiver, by endpoint
    _told: set[str] = field(default_factory=set)

    async def begin(self) -> None:
        """Wait for the dispatcher and the web UI."""
        self.teller.step("The dispatcher starts: a second process")
        self.teller.line("command", f"python -m dispatcher run, process {self.dispatcher.process.pid}")
        self.teller.line("may call", f"{ALLOWED_NETWORKS}, as OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS says")
        self.teller.line("", "(without that: public addresses only)")
        checks = await self.dispatcher.wait_until_ready()
        self.teller.line("/readyz", f"ok: {', '.join(checks)}")
        self.teller.step("The web UI and the admin API: a third process")
        self.teller.line("command", f"python -m dispatcher serve, process {self.ui.process.pid}")
        await self.ui.wait_until_ready()
        self.teller.line("web UI", f"{self.ui.url}/ui/")

    async def tell(self, scene: Scene) -> None:
        """Run one write as the application does, and follow what it makes happen to the end.

        Raises:
            DemoFailed: it makes other events than it should, or something does not arrive in time.
        """
        self.teller.step(scene.title)
        if scene.unwell is not None:
            self.receiver.answer_next(503, path=scene.unwell)
        self.teller.sql(host.APP_ROLE, scene.sql)
        await self.app.execute(scene.sql)
        self.teller.line("row", str(await records.payment(self.dba, scene.payment_id)))
        about_it = await records.events_of(self.dba, scene.payment_id)
        events = [event for event in about_it if event.id not in self._told]
        if (types := tuple(event.type for event in events)) != scene.event_types:
            raise DemoFailed(f"the write made the events {types}, and not {scene.event_types}")
        if not events:
            self.teller.line("event", "none")
        for event in events:
            await self._tell_event(event)

    async def furnish(self, furnishing: Furnishing) -> None:
        """Make something to see on each screen of the web UI."""
        self.teller.step("Something to see on each screen of the web UI")
        self.teller.line("endpoints", "that answer, fail, hang, are gone, paused or retired, for two clinics")
        written = await furnishing.furnish()
        self.teller.line("really", f"{len(self.dispatcher.attempts)} attempts were made so far")
        self.teller.line("sample", f"{written} deliveries of the past day were never made: the DBA wrote them")
        self.teller.line("", "into this throwaway database, so that the charts have a history")

    async def stay(self, server: Server, keys: Keys) -> None:
        """Tell where everything is; then print each attempt at the story's endpoints, until cancelled.

        Raises:
            DemoFailed: the dispatcher ended.
        """
        start = len(self.dispatcher.attempts)
        await self._tell_addresses(server, keys)
        async for attempt in self.dispatcher.follow(start, timeout=None):
            if attempt.endpoint_id in self.paths:
                event = await records.event(self.dba, attempt.webhook_id)
                self.teller.arrival(event, attempt, self._received(attempt))

    async def _tell_event(self, event: Event) -> None:
        is_first = not self._told
        self._told.add(event.id)
        self.teller.line("event", event.type)
        self.teller.line("", f"webhook-id {event.id}")
        for delivery in await records.owed(self.dba, event.id):
            url = self.receiver.url + self.paths[delivery.endpoint_id]
            self.teller.line("delivery", f"{delivery.id}, to endpoint {delivery.endpoint_id}: {url}")
            await self._tell_attempts(event, delivery, with_request=is_first)

    async def _tell_attempts(self, event: Event, delivery: Owed, *, with_request: bool) -> None:
        async for attempt in self.dispatcher.follow():
            if (attempt.webhook_id, attempt.endpoint_id) != (event.id, delivery.endpoint_id):
                continue
            received = self._received(attempt)
            if with_request and received is not None:
                self.teller.request(received)
            self.teller.attempt(attempt, received, event.committed_at)
            if attempt.state != "pending":
                return

    def _received(self, attempt: Attempt) -> Received | None:
        """The request of an attempt, if it reached the receiver."""
        path = self.paths.get(attempt.endpoint_id)
        requests = [one for one in self.receiver.received if (one.webhook_id, one.path) == (attempt.webhook_id, path)]
        return requests[min(attempt.number, len(requests)) - 1] if requests else None

    async def _tell_addresses(self, server: Server, keys: Keys) -> None:
        self.teller.heading("Everything stays up: Ctrl-C stops and removes it")
        self.teller.line("web UI", f"{self.ui.url}/ui/")
        self.teller.line("receiver", self.receiver.url)
        for page in ("healthz", "readyz", "metrics"):
            self.teller.line(page, f"{self.dispatcher.ops_url}/{page}")
        self.teller.line("log", f"{self.dispatcher.log} and {self.ui.log.name} beside it")
        await self._tell_ways_in(keys)
        psql = [str(server.programs / "psql"), "-h", str(server.socket_folder), "-p", str(PORT), "-d", host.DATABASE]
        look = (
            "select id, event_id, clinic_id, state, attempt_count from outbound_webhooks.delivery_log"
            " order by event_id desc limit 20"
        )
        self.teller.to_copy(
            "Connect as the application, in another terminal:", shlex.join([*psql, "-U", host.APP_ROLE])
        )
        self.teller.to_copy("Paste a payment there, and see it arrive here, and in the web UI:", host.TRY_IT)
        self.teller.to_copy("Look at the deliveries, as the DBA:", shlex.join([*psql, "-U", SUPERUSER, "-c", look]))

    async def _tell_ways_in(self, keys: Keys) -> None:
        """Links that sign a browser in, and keys for when they are used or too old."""
        people = {CLINIC: "owner", OTHER_CLINIC: "manager", "3": "owner"}
        owner = await self.ui.sign_in_link(keys.operator, "sample-owner", people)
        operator = await self.ui.sign_in_link(keys.operator, "sample-operator")
        minutes = LINK_SECONDS // 60
        self.teller.to_copy(
            f"Open the web UI as owner of clinics 1 and 3, manager of 2 (a link for once, good for {minutes} minutes):",
            owner,
        )
        self.teller.to_copy("Or as an operator, who sees the whole system:", operator)
        self.teller.to_copy("Later, sign in there with an API key, of clinic 1's owner:", keys.owner)
        self.teller.to_copy("of its manager:", keys.manager)
        self.teller.to_copy("or of an operator:", keys.operator)
