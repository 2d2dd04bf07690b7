"""What the watch knows at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.local.live_view.rates import Flow, ServiceFigures

# What each service serves.
PATHS = ("/metrics", "/livez", "/readyz", "/asyncapi", "/asyncapi.json")


@dataclass(frozen=True)
class Address:
    """Where things are: the brokers, and each service's HTTP server by the service's name."""

    servers: str
    urls: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    """What the watch knows at one moment.

    Args:
        watched_seconds: how long it has watched.
        span_seconds: over how many of the last of them the figures are.
        services: each service's figures by its name, None where it does not answer.
        flow: where inquiries ended, None while not all services answer.
    """

    watched_seconds: float
    span_seconds: float
    services: Mapping[str, ServiceFigures | None]
    flow: Flow | None


Show = Callable[[Snapshot], None]
