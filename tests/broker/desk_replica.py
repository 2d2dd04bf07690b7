"""A replica of the desk without its pages, as a test starts, stops and asks it."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry

from services.clock import utc_now
from services.desk.desk import KafkaDesk
from services.desk.interface import Choice, InquiryPage, Person
from services.desk.running import Running
from services.desk.wiring import create_desk
from services.engine.health import Health
from tests.broker.at_rest import until
from tests.broker.pipeline import Pipeline

ANNE = Person("anne", frozenset({"reviewer"}))
BEN = Person("ben", frozenset({"reviewer"}))


class Replica:
    """A replica that runs.

    Args:
        desk: What people ask.
        running: Its tasks.
        health: Whether it is ready.
    """

    def __init__(self, desk: KafkaDesk, running: Running, health: Health) -> None:
        self.desk = desk
        self.running = running
        self.health = health

    async def claimed(self, person: Person) -> InquiryPage:
        """Let a person have the next inquiry, and return its page."""
        found = await self.desk.next(person)
        assert found is not None
        return await self.desk.page(person, *found)

    async def chosen(self, person: Person, department: str = "home-office") -> InquiryPage:
        """Let a person have the next inquiry and decide it, and return what its page was."""
        page = await self.claimed(person)
        await self.desk.choose(person, page.item, a_choice(page, department))
        return page

    async def knows(self, waiting: int) -> None:
        """Wait until it knows of so many inquiries that wait on review."""
        await until(lambda: _now(self.desk.state.count("review") == waiting))


def a_choice(page: InquiryPage, department: str = "home-office", **fields: Any) -> Choice:
    """Return what a person chooses on a page."""
    return Choice(page.judgement, "department", department, **fields)


@asynccontextmanager
async def a_replica(
    pipeline: Pipeline, now: Callable[[], datetime] = utc_now, **settings: Any
) -> AsyncIterator[Replica]:
    """Run a replica on a pipeline's topics, ready, until the block ends as by kill -9."""
    installation = pipeline.installation
    health = Health(clock=time.monotonic)
    desk, running, _ = create_desk(
        installation.desk.model_copy(update=settings),
        installation.table,
        installation.kafka,
        now,
        health,
        CollectorRegistry(),
    )
    async with running.lifespan(None):
        await until(lambda: _now(health.why_not_ready() is None))
        yield Replica(desk, running, health)


async def _now(value: bool) -> bool:  # noqa: FBT001 - what `until` waits for
    return value
