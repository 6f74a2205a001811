"""retention on the command line: a look, a round, and what it says when somebody is in the way."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import closing, suppress

from psycopg.conninfo import make_conninfo

from tests.sql import steps
from tests.sql.steps import Session
from tests.support import days, postgres
from tests.support.cli import URL, cli, refused
from tests.support.days import add_day, add_event, add_finished, add_live, ago, name_of
from tests.support.host import Host
from tests.support.process import ROOT, clean_environment
from tests.support.rounds import GONE, WAITS, holds


def cells(line: str) -> list[str]:
    """The cells of a line of a table."""
    return re.split(r"  +", line.strip())


def test_a_dry_run(env: dict[str, str], host: Host) -> None:
    """What goes, what stays and why, with sizes; nothing is changed, and a round then does what was said."""
    steps.endpoint(host)
    free, used, dead = ago(host, 42), ago(host, 41), ago(host, 40)
    for day in (free, used):
        add_day(host, day, "events")
    add_day(host, dead)
    add_live(host, add_event(host, used))
    add_finished(host, add_event(host, dead), "dead", dead)
    before = days.tables(host)

    looked = cli("retention", "--dry-run", **env)
    unchanged = days.tables(host)
    done = cli("retention", **env)
    again = cli("retention", **env)
    lines = looked.out.splitlines()
    sections = {line: at for at, line in enumerate(lines) if line.endswith(":")}
    go = lines[sections["partitions that go:"] + 2 : sections["partitions that stay, though their days are over:"]]
    stay = lines[sections["partitions that stay, though their days are over:"] + 2 : sections["partitions that stay:"]]

    assert (looked.code, looked.err) == (0, "")
    assert unchanged == before
    assert [(cells(line)[0], *cells(line)[2:]) for line in go] == [
        (name_of("attempts", dead), "30", "its days are over"),
        (name_of("finished_deliveries_done", dead), "30", "its days are over"),
        (name_of("events", free), "30", "its days are over"),
    ]
    assert [(cells(line)[0], *cells(line)[2:]) for line in stay] == [
        (name_of("events", used), "30", "delivery 1, which is live, refers to an event in it"),
        (name_of("events", dead), "30", "delivery 2, dead and kept, refers to an event in it"),
    ]
    assert re.search(r"(?m)^  events +16 +\d{4}-\d\d-\d\d +\d+ kB +30$", looked.out)
    assert re.search(r"(?m)^  capture_errors +0 +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(recaptured_at\)$", looked.out)
    assert re.fullmatch(r"a dry run: nothing was changed; 3 partitions \(\d+ kB\) go", lines[-1])
    assert (done.code, done.err) == (0, "")
    assert [line.split()[1] for line in done.out.splitlines()[:-1]] == [cells(line)[0] for line in go]
    assert re.fullmatch(r"dropped 3 partitions \(\d+ kB\), purged 0 rows", done.out.splitlines()[-1])
    assert days.tables(host) == before - {cells(line)[0] for line in go}
    assert again.out == "dropped 0 partitions (0 bytes), purged 0 rows\n"


def test_old_rows(env: dict[str, str], host: Host) -> None:
    """The rows of small tables are counted, and then purged."""
    gone = steps.register(host)
    host.rows("update outbound_webhooks.dispatchers set heartbeat_at = '2020-01-01' where id = %s", gone)

    looked = cli("retention", "--dry-run", **env)
    done = cli("retention", **env)

    assert re.search(r"(?m)^  dispatchers +1 +", looked.out)
    assert done.out == "purged 1 rows of dispatchers\ndropped 0 partitions (0 bytes), purged 1 rows\n"


def test_somebody_is_in_the_way(env: dict[str, str], host: Host) -> None:
    """It gives up after its lock timeout, names who is in the way, and ends with 1; when they are gone, it goes on."""
    day = ago(host, 40)
    add_day(host, day, "events")
    with closing(Session(make_conninfo(host.url, application_name="a report"))) as reader:
        reader.rows("begin")
        reader.rows("select count(*) from outbound_webhooks.events")
        stuck = cli("retention", **env)
        looked = cli("retention", "--dry-run", **env)
        reader.rows("commit")
    done = cli("retention", **env)

    assert stuck.code == 1
    assert stuck.out == "dropped 0 partitions (0 bytes), purged 0 rows\n"
    assert f"kept {name_of('events', day)}: canceling statement due to lock timeout" in stuck.err
    assert re.search(
        rf"{name_of('events', day)} is used by pid \d+, user \w+, application a report, idle in tr", stuck.err
    )
    assert "1 partitions are left that should have gone: try again later" in stuck.err
    assert re.search(rf"(?m)^  {name_of('events', day)} .*  retention has begun to drop it$", looked.out)
    assert done.code == 0
    assert name_of("events", day) not in days.tables(host)


async def test_killed(env: dict[str, str], host: Host) -> None:
    """kill -9 while it detaches: whatever the server makes of it, the next round finishes, and nothing is left."""
    old = [ago(host, past) for past in (40, 41)]
    for day in old:
        add_day(host, day, "events")
    with closing(Session(host.url)) as reader:
        reader.rows("begin")
        reader.rows("select count(*) from outbound_webhooks.events")
        command = [sys.executable, "-m", "dispatcher", "retention"]
        waits = False
        while not waits:  # it does so for 2 s, which a machine that stalls may miss
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=clean_environment(**env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            ended = asyncio.create_task(process.wait())
            while not (waits or ended.done()):
                waits = host.value(WAITS) is True
                await asyncio.sleep(0.01)
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await ended
        reader.rows("commit")
    await holds(host, GONE)

    done = await asyncio.to_thread(cli, "retention", **env)

    assert done.code == 0
    assert not days.tables(host) & {name_of("events", day) for day in old}


def test_refused(env: dict[str, str], host: Host, empty_database_url: str) -> None:
    """Where nothing is installed, or the login may not: what to do is said, and nothing is changed."""
    login = f"ow_retention_{os.getpid()}"
    host.rows(f"create role {login} login password 'login' in role outbound_webhooks_admin")
    url = postgres.to_url(make_conninfo(host.url, user=login, password="login"), host.connection.info.dbname)
    add_day(host, ago(host, 40), "events")
    before = days.tables(host)

    no_right = cli("retention", **{**env, URL: url})
    nothing = cli("retention", **{**env, URL: empty_database_url})
    host.rows(f"drop role {login}")

    assert refused(
        no_right, f"{login} may not work as outbound_webhooks_owner: grant outbound_webhooks_owner to {login}"
    )
    assert refused(nothing, "is not installed in this database: run outbound-webhooks migrate")
    assert days.tables(host) == before
