"""`triage review --simulate`: people who judge what waits, as a file says is right."""

import asyncio
import logging
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer
from rich.console import Console

from services.clock import utc_now
from services.kafka.clients import KafkaClients, connect
from services.local.console.terminal import steps_on, stopping_on_sigterm
from services.local.remedies import check_topics, with_remedy
from services.local.reviewers.desk import Desk, sources_of
from services.local.reviewers.judging import Reviewers
from services.local.reviewers.pace import Pace
from services.local.reviewers.review import Ends, Review, run_through
from services.local.reviewers.truths import read_truths
from services.operate.installation import read_installation

CLIENT = "inquiry-triage-review"


def run_review(  # noqa: PLR0913 - the command's options
    truths: Path,
    *,
    wrong: float,
    double: float,
    late: float,
    seed: int,
    audit: bool,
    per_minute: float | None,
    ends: Ends,
) -> None:
    """Judge what waits on the topics that the environment's settings name; print how many.

    Raises:
        ConfigurationError: A setting, the routing table or the file of truths is wrong, or a topic
            does not exist or has other partitions.
        TriageError: Kafka refused something.
    """
    installation = read_installation()
    departments = tuple(installation.table.departments)
    desk = Desk(
        sources_of(installation, audit=audit),
        Reviewers(departments, wrong, double, late),
        read_truths(truths, departments),
        seed,
        utc_now,
    )
    pace = Pace(per_minute, time.monotonic) if per_minute else None
    review = Review(desk, installation.settler.input_topic, ends, pace)
    clients = connect(installation.kafka, CLIENT)
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # we say it in our own words
    # Ctrl-C is how one that has no other end is stopped.
    with stopping_on_sigterm(), suppress(KeyboardInterrupt):
        asyncio.run(_review(review, clients))
    for line in lines_of(desk):
        typer.echo(line)


async def _review(review: Review, clients: KafkaClients) -> None:
    desk, most = review.desk, review.ends.judged
    of = None if math.isinf(most) else int(most)
    topics = {review.topic, *desk.sources}
    with with_remedy(clients, "Nothing could be judged", {review.topic}):
        await check_topics(clients, topics, alike=topics)
        with steps_on(Console()) as on_step:
            await run_through(
                review,
                clients,
                time.monotonic,
                lambda: on_step("Judging what waits; Ctrl-C stops", desk.judged, of),
            )


def lines_of(desk: Desk) -> Iterator[str]:
    """Yield the counts as lines to print."""
    by = desk.outcomes
    yield (
        f"judged  {desk.judged:,}: {by['department']:,} to a department, {by['not-ours']:,} not "
        f"ours, {by['escalate']:,} escalated"
    )
    yield (
        f"beside  {desk.verdicts['repeated']:,} double clicks, and {desk.verdicts['late']:,} by a "
        "second person, too late"
    )
    if desk.left:
        left = ", ".join(f"{count:,} {why}" for why, count in sorted(desk.left.items()))
        yield f"left    {left}"
