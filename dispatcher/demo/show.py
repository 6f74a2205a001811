"""`outbound-webhooks demo`: the whole path on this machine, from a payment's INSERT to a verified webhook."""

import asyncio
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from psycopg import AsyncConnection

from dispatcher.demo import embedded, host, records
from dispatcher.demo.dispatching import DispatcherProcess
from dispatcher.demo.furnishing import Furnishing, make_keys
from dispatcher.demo.process import DemoFailed, run_program, shared_settings
from dispatcher.demo.receiver import make_ca, serve_receiver
from dispatcher.demo.scenes import EXPECTED_EVENTS, SCENES
from dispatcher.demo.serving import ServeProcess
from dispatcher.demo.stage import DISPATCHER_ROLE, SERVE_ROLE, create_endpoints, prepare
from dispatcher.demo.story import Story
from dispatcher.demo.teller import Teller

POSTGRESQL = 18
# Durable, as by default; and the server notes when each transaction committed, from which the latency is told.
SERVER_SETTINGS = {"track_commit_timestamp": "on"}


def main(*, once: bool) -> None:
    """Run the demo, and end the process.

    Exit codes: 0 everything arrived, or it was stopped while it stayed up; 1 something did not arrive; 2 there is no
    embedded PostgreSQL here.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM before everything had arrived.
    """
    # SIGTERM is taken as Ctrl-C: KeyboardInterrupt here, a cancelled task in asyncio, and both clean up. A shell that
    # starts a command in the background has it ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    teller = Teller()
    teller.opening("From a payment's INSERT to a verified webhook: all real, all on this machine.")
    try:
        programs = embedded.wheel_programs(POSTGRESQL)
        with (
            embedded.run(programs, SERVER_SETTINGS) as server,
            tempfile.TemporaryDirectory(prefix="outbound-webhooks-demo-") as folder,
        ):
            prepare(teller, server)
            asyncio.run(_show(teller, server, Path(folder), once=once))
    except embedded.EmbeddedUnavailable as error:
        print(f"outbound-webhooks: {error}", file=sys.stderr)
        sys.exit(2)
    except DemoFailed as error:
        teller.failure(str(error))
        sys.exit(1)


async def _show(teller: Teller, server: embedded.Server, folder: Path, *, once: bool) -> None:
    """Everything that runs beside the server, from the endpoints on."""
    ca, ca_file = make_ca(folder)
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(serve_receiver(ca))
        app, dba = [
            await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True))
            for url in (server.url(host.DATABASE, host.APP_ROLE), server.url(host.DATABASE))
        ]
        paths = await create_endpoints(teller, dba, receiver)
        shared = shared_settings(ca_file)
        dispatching, serving = (
            {**shared, "DATABASE_URL": server.url(host.DATABASE, role)} for role in (DISPATCHER_ROLE, SERVE_ROLE)
        )
        async with (
            run_program(DispatcherProcess, dispatching, folder / "dispatcher.log") as dispatcher,
            run_program(ServeProcess, serving, folder / "serve.log") as ui,
        ):
            story = Story(teller, app, dba, dispatcher, ui, receiver, paths)
            await story.begin()
            for scene in SCENES:
                await story.tell(scene)
            if not once:
                await _stay(story, server)
                teller.last_word("Stopping: the dispatcher, the UI, the receiver and PostgreSQL go, and their folders.")
        if once:
            tally = await records.count(dba, receiver.received)
            teller.summary(tally)
            exits = {program.NAME: program.exit_code for program in (dispatcher, ui)}
            if problems := records.problems(tally, EXPECTED_EVENTS, exits):
                raise DemoFailed("\n".join(problems))
            teller.last_word("Everything arrived.")


async def _stay(story: Story, server: embedded.Server) -> None:
    """Stay up until Ctrl-C or SIGTERM, which cancel the task."""
    try:
        keys = await make_keys(story.dba)
        await story.furnish(Furnishing(story.ui, story.dispatcher, story.receiver, story.app, story.dba, keys))
        await story.stay(server, keys)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
