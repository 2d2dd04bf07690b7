"""What the log says of an error: once for as long as Kafka refuses something, or as an event."""

from collections.abc import Collection

import structlog

from services.engine.health import Health
from services.kafka.errors import describe, remedy_for

log = structlog.get_logger()


def report(event: str, error: BaseException, health: Health, writes: Collection[str] = ()) -> None:
    """Log a refusal once for as long as it lasts, and any other error as the event given."""
    reason = remedy_for(error, writes)
    if reason is None:
        log.warning(event, error=describe(error))
    elif health.refuse(reason):
        log.error("engine.refused", reason=reason)
