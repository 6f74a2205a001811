"""The log on standard error: how lines are written, ours and those of libraries; secrets are taken out at the end."""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal, Self

import structlog

from dispatcher.core.redaction import redact, redact_field
from dispatcher.core.storms import Storms, Suppressed
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines.choice import line_of
from dispatcher.telemetry.lines.line import Line, warning
from dispatcher.telemetry.lines.writer import LineWriter

Format = Literal["auto", "json", "console"]
STDERR = 2
FLUSH_SECONDS = 1.0  # at the end logging flushes, and closes: two seconds for a reader that does not read
_EVERYWHERE: dict[str, object] = {}  # the fields that every line has


def configure(log_format: Format, level: str, **everywhere: object) -> None:
    """Log to standard error: JSON, one object a line, or for people on a terminal. Library loggers go the same way.

    Args:
        everywhere: fields that every line has.
    """
    _EVERYWHERE.clear()
    _EVERYWHERE.update(everywhere)
    console = log_format == "console" or (log_format == "auto" and os.isatty(STDERR))
    shared: list[structlog.types.Processor] = [
        _with_everywhere,
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
    handler = _Handler()
    # Ours go straight to the writer: by way of logging, a line would cost half as much again.
    structlog.configure(
        processors=[*shared, *renderer],
        logger_factory=lambda *_: _Direct(handler),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    for former in root.handlers:
        if isinstance(former, _Handler):
            former.close()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The pool reports every failed connection attempt, and so do we, once and with the task.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class _Handler(logging.Handler):
    """Hands lines over to a thread that writes them. logging itself flushes and closes it when the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self._writer = LineWriter(STDERR)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.put(self.format(record))
        except Exception:  # logging would print the arguments that do not fit their message, secrets and all
            self._writer.lose()

    def put(self, line: str) -> None:
        """Hand over a line; before it, how many were lost since the last one."""
        lost = self._writer.take_lost()
        if lost:
            _write(warning("lines.lost", lines=lost))
        self._writer.write(line + "\n")

    def flush(self) -> None:
        self._writer.flush(FLUSH_SECONDS)

    def close(self) -> None:
        self._writer.close(FLUSH_SECONDS)
        super().close()


class _Direct:
    """What structlog hands a line to that is written already."""

    def __init__(self, handler: _Handler) -> None:
        self.debug = self.info = self.warning = self.error = self.exception = handler.put


def _with_everywhere(_: Any, __: str, fields: structlog.types.EventDict) -> structlog.types.EventDict:
    fields.update(_EVERYWHERE)
    return fields


def _redacted(_: Any, __: str, fields: structlog.types.EventDict) -> structlog.types.EventDict:
    """Last before the line is written: whatever is logged, by whom ever, leaves without secrets."""
    return {_redacted_name(name): redact_field(name, value) for name, value in fields.items()}


@lru_cache(maxsize=1000)
def _redacted_name(name: str) -> str:
    return redact(name)  # a line has as many names as values, and always the same


def hold_standard_streams() -> None:
    """Descriptors 0 to 2 that are closed get /dev/null, before a socket gets one of them, and somebody's warnings."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


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
    if sys.stderr is not None:
        sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


class ObservationLog:
    """Writes the lines of observations: of an endpoint in trouble a few, and how many there were.

    What was not written is told when its window is over, with the next observation, of whatever: a dispatcher has one
    every ten seconds at least. And at the end of the `with` block.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._storms = Storms()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _tell_suppressed(self._storms.rest())

    def observe(self, observation: o.Observation) -> None:
        """Write one observation, if it is worth a line at the level configured."""
        now = self._clock()
        _tell_suppressed(self._storms.over(now))
        if isinstance(observation, o.DispatcherRegistered):
            _EVERYWHERE["dispatcher"] = observation.dispatcher_id
        line = line_of(observation)
        # What the level leaves out is not counted either.
        if line is None or not logging.getLogger().isEnabledFor(logging.getLevelNamesMapping()[line.level.upper()]):
            return
        if line.subject is None or self._storms.admits(line.subject, line.event, now):
            _write(line)


def _tell_suppressed(windows: Iterable[Suppressed]) -> None:
    for window in windows:
        _write(
            warning(
                "lines.suppressed",
                **dict(window.subject),
                lines=sum(window.counts.values()),
                counts=window.counts,
            )
        )


def _write(line: Line) -> None:
    write = getattr(structlog.get_logger("outbound_webhooks"), line.level)
    write(line.event, **{name: value for name, value in line.fields.items() if value is not None})
