"""Which line an observation is worth. docs/logs.md is tested against it."""

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines.admin import admin_line
from dispatcher.telemetry.lines.deliveries import delivery_line
from dispatcher.telemetry.lines.line import Line, debug, error, info, warning


def line_of(observation: o.Observation) -> Line | None:
    """One line an observation at most; None for what happens too often, and is counted."""
    match observation:
        case o.DispatcherStarted(dispatcher_id, version, delivering):
            return info("dispatcher.started", dispatcher=dispatcher_id, version=version, delivering=delivering)
        case o.DispatcherStopping(in_flight):
            return info("dispatcher.stopping", in_flight=in_flight)
        case o.DispatcherStopped(released):
            return info("dispatcher.stopped", released=released)
        case o.Disarmed(reason):
            return error("dispatcher.disarmed", reason=reason)
        case o.BacklogTreated(treatment, deliveries, rate):
            return info("delivery.turned_on", backlog=treatment, deliveries=deliveries, rate=rate)
        case o.ListenChanged(listening, reason, wanted):
            tell = info if listening or not wanted else warning
            return tell("listen.changed", listening=listening, reason=reason)
        case o.PhaseChanged(phase):
            return debug("worker.phase", phase=phase)
        case o.DatabaseTrouble(task, reason):
            fields = {"task": task, "error": reason}
            return Line("warning", "database.trouble", fields, subject=(("task", task),))
        case o.LeasesFreed(count):
            return warning("leases.freed", count=count)
        case (
            o.DispatcherRegistered()
            | o.Woken()
            | o.Claimed()
            | o.ResultsFlushed()
            | o.LoopLagged()
            | o.StatsRefreshed()
        ):
            return None
        case _:
            return _maintenance_line(observation) or delivery_line(observation) or admin_line(observation)


def _maintenance_line(observation: o.Observation) -> Line | None:
    """What the leader does."""
    match observation:
        case o.LeadershipChanged(leading):
            return info("leadership.changed", leading=leading)
        case o.PartitionsMade(names):
            return info("partitions.made", count=len(names), last=names[-1])
        case o.PartitionDropped(name, size):
            return info("partition.dropped", partition=name, bytes=size)
        case o.PartitionKept(_, name, reason):
            return warning("partition.kept", partition=name, reason=reason)
        case o.RowsPurged(table, count):
            return info("rows.purged", table=table, count=count)
        case o.RetentionFinished(left):
            return debug("retention.finished", left=left)
        case o.TableVacuumed(table, dead, left, seconds):
            return debug("table.vacuumed", table=table, dead=dead, left=left, seconds=round(seconds, 3))
        case o.MaintenanceHindered(task, reason):
            return warning("maintenance.hindered", task=task, reason=reason)
        case o.SecretsSealed(count):
            return info("secrets.sealed", count=count)
        case o.DeliveriesSettled(count):
            return info("deliveries.settled", count=count)
        case o.ParkedEnded(count):
            return warning("parked.ended", count=count)
        case o.ReplayAdvanced(replay_id, kind, moved, skipped, done):
            tell, event = (info, "replay.done") if done else (debug, "replay.advanced")
            return tell(event, replay=replay_id, kind=kind, moved=moved, skipped=skipped)
    return None
