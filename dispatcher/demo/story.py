"""The story of the demo: each write of the application, followed to the receiver."""

import shlex
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.demo import host, records
from dispatcher.demo.embedded import PORT, SUPERUSER, Server
from dispatcher.demo.process import ALLOWED_NETWORKS, Attempt, DemoFailed, DispatcherProcess
from dispatcher.demo.receiver import Received, Receiver
from dispatcher.demo.records import Event, Owed
from dispatcher.demo.scenes import Scene
from dispatcher.demo.teller import Teller


@dataclass
class Story:
    """Those who take part: the application, the DBA who looks on, the dispatcher, the receiver."""

    teller: Teller
    app: AsyncConnection[TupleRow]
    dba: AsyncConnection[TupleRow]
    dispatcher: DispatcherProcess
    receiver: Receiver
    paths: dict[int, str]  # at the receiver, by endpoint
    _told: set[str] = field(default_factory=set)

    async def begin(self) -> None:
        """Wait for the dispatcher."""
        self.teller.step("The dispatcher starts: a second process")
        self.teller.line("command", f"python -m dispatcher run, process {self.dispatcher.process.pid}")
        self.teller.line("may call", f"{ALLOWED_NETWORKS}, as OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS says")
        self.teller.line("", "(without that: public addresses only)")
        checks = await self.dispatcher.wait_until_ready()
        self.teller.line("/readyz", f"ok: {', '.join(checks)}")

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

    async def stay(self, server: Server) -> None:
        """Tell where everything is; then print each attempt, until cancelled.

        Raises:
            DemoFailed: the dispatcher ended.
        """
        start = len(self.dispatcher.attempts)
        self._tell_addresses(server)
        async for attempt in self.dispatcher.follow(start, timeout=None):
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

    def _tell_addresses(self, server: Server) -> None:
        self.teller.heading("Everything stays up: Ctrl-C stops and removes it")
        self.teller.line("receiver", self.receiver.url)
        for page in ("healthz", "readyz", "metrics"):
            self.teller.line(page, f"{self.dispatcher.ops_url}/{page}")
        self.teller.line("log", str(self.dispatcher.log))
        psql = [str(server.programs / "psql"), "-h", str(server.socket_folder), "-p", str(PORT), "-d", host.DATABASE]
        look = "select id, event_id, clinic_id, state, attempt_count from outbound_webhooks.delivery_log order by id"
        self.teller.to_copy(
            "Connect as the application, in another terminal:", shlex.join([*psql, "-U", host.APP_ROLE])
        )
        self.teller.to_copy("Paste a payment there, and see it arrive here:", host.TRY_IT)
        self.teller.to_copy("Look at the deliveries, as the DBA:", shlex.join([*psql, "-U", SUPERUSER, "-c", look]))
