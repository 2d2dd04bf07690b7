"""How figures are written."""

from math import inf

# Each unit from so many seconds on; what is shorter is in milliseconds.
UNITS = {86_400: "d", 3_600: "h", 60: "min", 1: "s"}


def age(seconds: float | None) -> str:
    """Write that an age is at most so much."""
    if seconds is None:
        return "-"
    if seconds == inf:
        return "longer"
    for size, unit in UNITS.items():
        if seconds >= size:
            return f"≤ {seconds / size:g} {unit}"
    return f"≤ {seconds * 1000:g} ms"


def clock(seconds: float) -> str:
    """Write a duration as hours, minutes and seconds."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}"


def share(part: float, whole: float) -> str:
    """Write a share in per cent."""
    return f"{100 * part / whole:.0f} %" if whole else "-"
