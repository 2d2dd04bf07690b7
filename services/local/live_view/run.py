"""Looks at the running services every second, while inquiries are published."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.local.live_view.rates import Span, flow_of, service_figures
from services.local.live_view.scrape import Scrape, read_scrape
from services.local.live_view.snapshot import Show, Snapshot

LOOK_SECONDS = 1
SPAN_LOOKS = 10


class Service(Protocol):
    """What is asked of a running service."""

    name: str

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server for a path, and give status and body; OSError if it is silent."""


@dataclass
class _Watched:
    """A service and the latest scrapes of it; the last look may have had no answer."""

    service: Service
    scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=SPAN_LOOKS + 1))
    answers: bool = False

    async def look(self) -> None:
        try:
            _, text = await asyncio.to_thread(self.service.get, "/metrics")
        except OSError:
            self.answers = False
        else:
            self.answers = True
            self.scrapes.append(read_scrape(text, time.time()))

    @property
    def span(self) -> Span | None:
        if self.answers and len(self.scrapes) > 1:
            return Span(self.scrapes[0], self.scrapes[-1])
        return None


async def watch(
    services: Sequence[Service],
    publish: Callable[[], Coroutine[None, None, None]],
    check: Callable[[], None],
    show: Show,
    pause: float = LOOK_SECONDS,
) -> None:
    """Publish, and show a picture every second, until cancelled.

    Args:
        services: Classifier, router and settler.
        publish: Publishes without end.
        check: Sees that everything still runs.
        show: Shows a picture.
        pause: Seconds from one picture to the next.

    Raises:
        KafkaError: Kafka refused an inquiry.
        TriageError: Something does not run any more.
    """
    began = time.monotonic()
    watched = {service.name: _Watched(service) for service in services}
    sending = asyncio.create_task(publish())
    try:
        while not sending.done():
            check()
            await asyncio.gather(*(each.look() for each in watched.values()))
            if all(each.span or not each.answers for each in watched.values()):
                show(_picture(watched, time.monotonic() - began))
            await asyncio.wait([sending], timeout=pause)
        sending.result()
    finally:
        sending.cancel()
        await asyncio.wait([sending])


def _picture(watched: Mapping[str, _Watched], seconds: float) -> Snapshot:
    spans = {name: each.span for name, each in watched.items()}
    answering = [span for span in spans.values() if span]
    return Snapshot(
        watched_seconds=seconds,
        span_seconds=max((span.seconds for span in answering), default=0),
        services={name: service_figures(span) if span else None for name, span in spans.items()},
        flow=flow_of(*answering) if len(answering) == len(spans) else None,
    )
