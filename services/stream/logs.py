"""Structured logs: events and ids for machines or people, and never an inquiry's text."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, MutableMapping
from typing import Any

import stamina
import structlog

from services.stream.refusals import tells_of_refusal

REPEAT_SECONDS = 30


def configure_logs(level: str, form: str, clock: Callable[[], float] = time.monotonic) -> None:
    """Send every log line of the process to standard error, in one form.

    Tracebacks are written without the values of variables: those may hold what a citizen wrote.

    Args:
        level: The least severe level to show.
        form: `json` or `console`.
        clock: Monotonic seconds, for leaving out repetitions.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_repetitions,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared[:3], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LeaveOutRepetitions(clock))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Its own line at each retry repeats the error's text, which could quote a citizen; ours do not.
    stamina.instrumentation.set_on_retry_hooks([])
    for library in ("aiokafka", "uvicorn"):
        logging.getLogger(library).setLevel(max(logging.getLevelName(level), logging.WARNING))


class LeaveOutRepetitions(logging.Filter):
    """Lets a library say the same thing once in 30 s, and counts how often it tried.

    While a broker is away aiokafka writes a line for every attempt to reach it, some 50 a second.
    What a broker refuses it does not let through: we say that ourselves.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write a line."""
        if not isinstance(record.msg, str):
            return True  # our own events, which are not repeated
        if tells_of_refusal(record):
            return False
        event = (record.name, record.msg)
        now = self._clock()
        if now - self._said.get(event, -REPEAT_SECONDS) < REPEAT_SECONDS:
            self._left_out[event] += 1
            return False
        self._said[event] = now
        record.left_out = self._left_out.pop(event, 0)
        return True


def _add_repetitions(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if left_out := getattr(event.get("_record"), "left_out", 0):
        event["left_out"] = left_out
    return event
