"""Observations as log lines: a dotted name and ids; no body, no secret, no header. The last processor sees to that."""

import logging
import sys
import threading
import traceback
from dataclasses import asdict
from types import TracebackType
from typing import Any, Literal

import structlog

from dispatcher.core.redaction import redact, redact_field
from dispatcher.telemetry import admin_observations as a
from dispatcher.telemetry import observations as o

Format = Literal["auto", "json", "console"]


def configure(log_format: Format, level: str, **everywhere: object) -> None:
    """Log to standard error: JSON, one object a line, or for people on a terminal. Library loggers go the same way.

    Args:
        everywhere: fields that every line has.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())

    def add_everywhere(_: Any, __: str, fields: structlog.types.EventDict) -> structlog.types.EventDict:
        fields.update(everywhere)
        return fields

    shared: list[structlog.types.Processor] = [
        add_everywhere,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks are fields by then, too, and without local variables, which may hold keys.
    renderer: list[structlog.types.Processor] = (
        [
            structlog.processors.format_exc_info,
            _redacted,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
        if console
        else [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            _redacted,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The pool reports every failed connection attempt, and so do we, once and with the task.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def _redacted(_: Any, __: str, fields: structlog.types.EventDict) -> structlog.types.EventDict:
    """Last before the line is written: whatever is logged, by whom ever, leaves without secrets."""
    return {redact(name): redact_field(name, value) for name, value in fields.items()}


def guard_uncaught() -> None:
    """What nobody catches, in any thread, and what libraries log before configure(), goes to stderr without secrets."""
    sys.excepthook = _tell_uncaught
    threading.excepthook = lambda failed: _tell_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _tell_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_RedactingFormatter())


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _tell_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def log_observation(observation: o.Observation) -> None:
    """Write one observation to the log, if it is worth a line at the level configured."""
    logger = structlog.get_logger("outbound_webhooks")
    match observation:
        case o.DispatcherStarted(dispatcher_id, version, delivering):
            logger.info("dispatcher.started", dispatcher=dispatcher_id, version=version, delivering=delivering)
        case o.DispatcherStopping(in_flight):
            logger.info("dispatcher.stopping", in_flight=in_flight)
        case o.DispatcherStopped(released):
            logger.info("dispatcher.stopped", released=released)
        case o.BacklogTreated(treatment, deliveries, rate):
            logger.info("delivery.turned_on", backlog=treatment, deliveries=deliveries, rate=rate)
        case o.ListenChanged(listening, reason, wanted):
            tell = logger.info if listening or not wanted else logger.warning
            tell("listen.changed", listening=listening, reason=reason)
        case o.PhaseChanged(phase):
            logger.debug("worker.phase", phase=phase)
        case o.AttemptFinished():
            _log_attempt(logger, observation)
        case o.EndpointDisabled(endpoint_id, clinic_id, reason):
            logger.warning("endpoint.disabled", endpoint=endpoint_id, clinic=clinic_id, reason=reason)
        case o.BreakerChanged(endpoint_id, clinic_id, is_open):
            tell = logger.warning if is_open else logger.info
            tell("breaker.opened" if is_open else "breaker.closed", endpoint=endpoint_id, clinic=clinic_id)
        case o.DeliveryReleased(delivery, reason):
            logger.warning(
                "delivery.released",
                delivery=delivery.id,
                endpoint=delivery.endpoint_id,
                clinic=delivery.clinic_id,
                reason=reason,
            )
        case o.ResultUnrecordable(delivery_id, error):
            logger.error("result.unrecordable", delivery=delivery_id, error=error)
        case o.LeadershipChanged(leading):
            logger.info("leadership.changed", leading=leading)
        case o.Disarmed(reason):
            logger.error("dispatcher.disarmed", reason=reason)
        case o.PartitionsMade(names):
            logger.info("partitions.made", count=len(names), last=names[-1])
        case o.PartitionDropped(name, size):
            logger.info("partition.dropped", partition=name, bytes=size)
        case o.PartitionKept(_, name, reason):
            logger.warning("partition.kept", partition=name, reason=reason)
        case o.RowsPurged(table, count):
            logger.info("rows.purged", table=table, count=count)
        case o.RetentionFinished(left):
            logger.debug("retention.finished", left=left)
        case o.TableVacuumed(table, dead, left, seconds):
            logger.debug("table.vacuumed", table=table, dead=dead, left=left, seconds=round(seconds, 3))
        case o.MaintenanceHindered(task, reason):
            logger.warning("maintenance.hindered", task=task, reason=reason)
        case o.SecretsSealed(count):
            logger.info("secrets.sealed", count=count)
        case o.DeliveriesSettled(count):
            logger.info("deliveries.settled", count=count)
        case o.ReplayAdvanced(replay_id, kind, moved, skipped, done):
            tell = logger.info if done else logger.debug
            tell(
                "replay.done" if done else "replay.advanced", replay=replay_id, kind=kind, moved=moved, skipped=skipped
            )
        case o.LeasesFreed(count):
            logger.warning("leases.freed", count=count)
        case o.ParkedEnded(count):
            logger.warning("parked.ended", count=count)
        case o.DatabaseTrouble(task, error):
            logger.warning("database.trouble", task=task, error=error)
        case o.Woken() | o.Claimed() | o.ResultsFlushed() | o.LoopLagged() | o.StatsRefreshed():
            pass  # counted, not told
        case _:
            _log_admin(logger, observation)


def _log_admin(logger: Any, observation: a.AdminObservation) -> None:
    match observation:
        case a.AdminStarted(host, port):
            logger.info("admin.started", host=host, port=port)
        case a.AdminStopped():
            logger.info("admin.stopped")
        case a.RequestAnswered():
            logger.info(
                "request.answered", **{key: value for key, value in asdict(observation).items() if value is not None}
            )
        case a.AuthenticationRefused(request_id, reason, address):
            logger.warning("authentication.refused", request_id=request_id, reason=reason, address=address)
        case a.RequestFailed(request_id, error, where):
            logger.error("request.failed", request_id=request_id, error=error, where=where)


def _log_attempt(logger: Any, attempt: o.AttemptFinished) -> None:
    delivery, result, verdict = attempt.delivery, attempt.result, attempt.verdict
    fields = {
        "event": "attempt." + verdict.outcome,
        "webhook_id": delivery.event_id,
        "event_type": delivery.event_type,
        "delivery": delivery.id,
        "endpoint": delivery.endpoint_id,
        "clinic": delivery.clinic_id,
        "attempt": delivery.attempt_number,
        "status": result.status,
        "error": verdict.error_class,
        "note": result.note,
        "duration_ms": result.duration_ms,
        "state": verdict.state,
        "retry_in_s": round(verdict.retry_in, 1) if verdict.retry_in else None,
        "reason": verdict.reason,
        "stale": None if attempt.kept else True,
    }
    logger.info(
        **{
            key: str(value) if key in ("error", "state", "event") and value else value
            for key, value in fields.items()
            if value is not None
        }
    )
