"""Times as people say them."""

from datetime import datetime, timedelta, tzinfo

STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def said(moment: datetime, zone: tzinfo) -> str:
    """Return a time such as `2 November 2026, 9:30 GMT`."""
    there = moment.astimezone(zone)
    return f"{there.day} {there:%B %Y}, {there.hour}:{there:%M %Z}"


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """Return a time of today such as `9:30:05`."""
    there = moment.astimezone(zone)
    return f"{there.hour}:{there:%M:%S}"


def for_how_long(span: timedelta) -> str:
    """Return a span in its largest unit, such as `3 hours`."""
    seconds = int(span.total_seconds())
    for length, name in STEPS:
        if seconds >= length:
            number = seconds // length
            return f"{number} {name}{'s' if number > 1 else ''}"
    return "less than a minute"
