"""A picture in one line, for where there is no terminal."""

from services.local.live_view.rates import ServiceFigures
from services.local.live_view.snapshot import Snapshot
from services.local.live_view.units import age, clock, share


def line_of(picture: Snapshot) -> str:
    """Return time, where inquiries go, and how each service does."""
    parts = [clock(picture.watched_seconds)]
    if flow := picture.flow:
        ways = {
            "to departments": flow.departments,
            "to a person": flow.review,
            "rejected": flow.rejected,
        }
        shares = [f"{share(sum(way.values()), flow.total)} {name}" for name, way in ways.items()]
        parts.append(f"{flow.total:,.0f} inquiries/s: {', '.join(shares)}")
        parts.append(f"{sum(flow.decided.values()):,.0f} decided by people/s")
    parts += [f"{name} {_state(figures)}" for name, figures in picture.services.items()]
    return "; ".join(parts)


def _state(figures: ServiceFigures | None) -> str:
    if figures is None:
        return "does not answer"
    return f"{figures.state}, lag {figures.lag:,}, p95 age {age(figures.age_p95)}"
