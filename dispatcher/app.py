"""The composition root: what a dispatcher is made of, and in which order it starts and stops."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from dispatcher import __version__
from dispatcher.config import Settings
from dispatcher.core.envelope import user_agent
from dispatcher.core.model import Delivery
from dispatcher.core.sealing import Keyring
from dispatcher.db import Pool, as_owner, error_text, open_pool
from dispatcher.egress.client import open_egress
from dispatcher.migrate import check_schema, post_apply
from dispatcher.pipeline.begin import Beginning
from dispatcher.pipeline.deliver import Seams, deliver
from dispatcher.pipeline.heartbeat import Heartbeat, register
from dispatcher.pipeline.janitor import Janitor
from dispatcher.pipeline.lag import measure_lag
from dispatcher.pipeline.listen import Listener
from dispatcher.pipeline.record import Recorder
from dispatcher.pipeline.release import release
from dispatcher.pipeline.replay import Replayer
from dispatcher.pipeline.retention import Retention
from dispatcher.pipeline.stats import Snapshots
from dispatcher.pipeline.vacuum import Vacuum
from dispatcher.pipeline.worker import Worker
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics import Metrics
from dispatcher.telemetry.ops import Readiness, serve_ops

FLUSH_GRACE_SECONDS = 10.0  # at the end, for the last results and the good-bye


async def run(settings: Settings, observers: list[o.Observe], stop: asyncio.Event) -> None:
    """Run one dispatcher until `stop` is set, or until a task of it crashes.

    With delivery off everything runs but the worker: maintenance, metrics, health; what is captured waits.

    Raises:
        SettingsError, SchemaMismatch, psycopg.OperationalError, PoolTimeout, OSError: it cannot start; the message says
            what to do.
        psycopg.errors.ObjectNotInPrerequisiteState, NoDataFound: the database is not, or not any more, armed for it.
        ExceptionGroup: a task crashed.
    """
    keyring = settings.keyring()
    metrics = Metrics(__version__, settings.metrics_endpoints)
    readiness = Readiness(delivering=settings.enabled)

    def observe(observation: o.Observation) -> None:
        for observer in (metrics.observe, readiness.observe, *observers):
            observer(observation)

    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.libpq_url(), settings.pool_size))
        metrics.watch_pool("dispatcher", pool.get_stats)
        await check_schema(pool.connection)
        snapshots = Snapshots(pool, post_apply().CONTRACT, settings.environment, settings.metrics_endpoints)
        name = f"{socket.gethostname()}:{os.getpid()}"
        dispatcher_id = await register(
            pool, name, __version__, delivering=settings.enabled, environment=settings.environment
        )
        observe(o.DispatcherRegistered(dispatcher_id))
        heartbeat = Heartbeat(pool, dispatcher_id, observe, stop)
        await heartbeat.beat()
        janitor = Janitor(pool, heartbeat, keyring, settings.partition_days_ahead, observe)
        await _make_partitions(janitor, observe)
        observe(await snapshots.read())
        await stack.enter_async_context(
            serve_ops(settings.ops_host, settings.ops_port, metrics.registry, readiness.checks)
        )
        beginning = Beginning(pool, heartbeat, settings.backlog, settings.backlog_rate, observe)
        if settings.enabled:
            await beginning.ready()
        observe(o.DispatcherStarted(dispatcher_id, __version__, settings.enabled))

        background = _background(settings, pool, heartbeat, janitor, snapshots, observe)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in background]
            released = 0
            if settings.enabled:
                released = await _deliver_until(
                    stop, group, pool, dispatcher_id, beginning, keyring, settings, metrics, observe
                )
            else:
                await stop.wait()
            for task in tasks:
                task.cancel()
        await _say_goodbye(heartbeat, observe)
        observe(o.DispatcherStopped(released))
        if heartbeat.refused is not None:
            raise heartbeat.refused


def _background(
    settings: Settings, pool: Pool, heartbeat: Heartbeat, janitor: Janitor, snapshots: Snapshots, observe: o.Observe
) -> list[Coroutine[Any, Any, None]]:
    """What runs whether or not this dispatcher delivers."""
    owner = partial(as_owner, settings.libpq_listen_url())
    return [
        heartbeat.run(),
        janitor.run(),
        Replayer(pool, heartbeat, observe).run(),
        Retention(pool.connection, owner, observe).run(heartbeat),
        Vacuum(pool.connection, owner, observe).run(heartbeat),
        snapshots.refresh(observe),
        measure_lag(observe),
    ]


async def _make_partitions(janitor: Janitor, observe: o.Observe) -> None:
    try:
        await janitor.make_partitions()
    except psycopg.errors.LockNotAvailable as error:
        # Somebody makes them at this moment, or holds the table; the leader tries again within seconds.
        observe(o.DatabaseTrouble("maintenance", error_text(error)))


async def _say_goodbye(heartbeat: Heartbeat, observe: o.Observe) -> None:
    try:
        async with asyncio.timeout(FLUSH_GRACE_SECONDS):
            await heartbeat.stop()
    except (psycopg.Error, OSError) as error:
        observe(o.DatabaseTrouble("stop", error_text(error)))  # the heartbeat runs out by itself


async def _deliver_until(
    stop: asyncio.Event,
    group: asyncio.TaskGroup,
    pool: Pool,
    dispatcher_id: int,
    beginning: Beginning,
    keyring: Keyring,
    settings: Settings,
    metrics: Metrics,
    observe: o.Observe,
) -> int:
    """Deliver until `stop` is set; then finish, flush, and give back the rest. Returns how many were given back."""
    async with open_egress(
        allowed=settings.allowed_networks, ca_file=settings.ca_file, keep_excerpts=settings.response_excerpts
    ) as send:
        recorder = Recorder(pool, dispatcher_id, observe)
        seams = Seams(send, recorder.record, observe, now=lambda: datetime.now(UTC), jitter=random.random)

        async def deliver_one(delivery: Delivery) -> None:
            await deliver(delivery, keyring, user_agent(__version__), seams)

        listener = Listener(settings.libpq_listen_url(), pool, observe)
        worker = Worker(
            pool=pool,
            dispatcher_id=dispatcher_id,
            ready=beginning.ready,
            deliver=deliver_one,
            listener=listener,
            observe=observe,
            concurrency=settings.concurrency,
            lease_margin=timedelta(seconds=settings.lease_margin_seconds),
        )
        metrics.watch_slots(settings.concurrency, lambda: worker.in_flight)
        listening = group.create_task(listener.run())
        recording = group.create_task(recorder.run())
        working = group.create_task(worker.run())

        await stop.wait()
        worker.stop()
        await working
        observe(o.DispatcherStopping(worker.in_flight))
        broken_off = await worker.drain(settings.shutdown_grace_seconds)
        async with asyncio.timeout(FLUSH_GRACE_SECONDS):
            recorder.close()
            await recording
            released = await release(pool, broken_off, may_have_left=True) if broken_off else 0
        listening.cancel()
        return released


def stop_on_signals(stop: asyncio.Event, *, second_ends: bool = True) -> None:
    """SIGTERM and SIGINT ask for a stop in good order.

    Args:
        second_ends: a second one ends the process at once. Not for one that is told by its service manager and by its
            supervisor: they mean the same stop.
    """
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set() and second_ends:
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)


def run_blocking(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, on uvloop if it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)
