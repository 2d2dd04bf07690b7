"""The time that is written into messages."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now, with its offset from UTC."""
    return datetime.now(UTC)
