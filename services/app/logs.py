"""Structured logs: events and ids for machines or people, and never an inquiry's text."""

import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import stamina
import structlog

from services.kafka.errors import tells_of_refusal

REPEAT_SECONDS = 30
FAILED = "engine.record_failed"

# Our own events that come once for each partition, record or attempt, and the fields by which one
# of them differs from the next. All others are logged only where something has changed.
REPEATED: Mapping[str, tuple[str, ...]] = {
    "engine.worker_failed": ("error",),
    FAILED: ("error",),  # the dead letter names each record
    "engine.membership_lost": ("error",),
    "engine.broker_away": ("error",),
    "engine.fenced": (),
    "engine.circuit_breaker_opened": ("reason",),
    "desk.not_signed_in": ("outcome", "reason"),  # anybody can come back from nowhere
}
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")

Line = tuple[object, ...]


def configure_logs(level: str, form: str, clock: Callable[[], float] = time.monotonic) -> None:
    """Send every log line of the process to standard error, in one form.

    Tracebacks are written without the values of variables: those may hold what a citizen wrote.

    Args:
        level: The least severe level to show.
        form: `json`, `console`, or `auto`: `console` where standard error is a terminal.
        clock: Monotonic seconds, for leaving out repetitions.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared[:3], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    # Not only the loggers': what aiokafka's say is heard for the cause of an error (`with_cause`),
    # whether it is shown or not.
    handler.setLevel(level)
    handler.addFilter(LeaveOutRepetitions(clock))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _add_left_out,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(form, terminal=sys.stderr.isatty()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Its own line at each retry repeats the error's text, which could quote a citizen; ours do not.
    stamina.instrumentation.set_on_retry_hooks([])
    for library in ("aiokafka", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _renderer(form: str, *, terminal: bool) -> structlog.typing.Processor:
    if form == "json" or (form == "auto" and not terminal):
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=terminal, exception_formatter=structlog.dev.plain_traceback
    )


class LeaveOutRepetitions(logging.Filter):
    """Lets the same thing be said once in 30 s, and counts how often it was.

    While a broker is away aiokafka writes a line for every attempt to reach it, some 50 a second,
    and ours fail for every partition. Lines are the same that differ in numbers at most. A line
    that is written says as `left_out` how many were not that came before and of which none has
    said so yet. Events of ours that are not among the `REPEATED` are always written, and all is
    news again after them: where a broker comes and goes, the last line says what it is now.

    What a broker refuses a library does not get to say: we say that ourselves.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[Line, float] = {}
        self._left_out: Counter[Line] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write a line."""
        if isinstance(record.msg, str) and tells_of_refusal(record):
            return False
        now, line = self._clock(), _line_of(record)
        old = [said for said, at in self._said.items() if not line or now - at >= REPEAT_SECONDS]
        if line in self._said and line not in old:
            self._left_out[line] += 1
            return False
        for said in old:
            del self._said[said]
        record.left_out = sum(self._left_out.pop(said, 0) for said in old)
        if line:
            self._said[line] = now
        return True


def _line_of(record: logging.LogRecord) -> Line | None:
    """Return what tells a line from others; None for one that is always written."""
    if not isinstance(record.msg, dict):  # a library's; ours are as structlog hands them on
        return (record.levelno, record.name, _NUMBERS.sub("", str(record.msg)))
    event = record.msg["event"]
    if event not in REPEATED:
        return None
    told_by = [str(record.msg.get(name)) for name in REPEATED[event]]
    if event != FAILED:  # there the number is the line of our code, and another line another fault
        told_by = [_NUMBERS.sub("", each) for each in told_by]
    return (record.levelno, event, *told_by)


def _add_left_out(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if left_out := getattr(event["_record"], "left_out", 0):
        event["left_out"] = left_out
    return event
