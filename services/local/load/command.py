"""`triage load`: offers a load to the services that run, and prints how long they take."""

import asyncio
import secrets
import time
from pathlib import Path
from random import Random

import typer

from services.app.garbage_collection import collect_less_often
from services.app.logs import configure_logs
from services.errors import ConfigurationError, TriageError
from services.kafka.clients import connect
from services.local.examples import EXAMPLES, numbered_lines
from services.local.load.arrivals import Tags
from services.local.load.generator import Load
from services.local.load.latency import LoadFigures, Quantiles
from services.local.load.schedule import bursts, poisson
from services.local.load.send import send_load
from services.local.unreadable import unreadable
from services.operate.installation import read_installation

CLIENT = "inquiry-triage-load"
RUN_BYTES = 6
# Each is drawn before the first is sent.
MOST = 10_000_000


def run_load(load: Load, wait_seconds: float) -> None:
    """Send a load through the services that the environment's settings name; print the figures.

    Raises:
        ConfigurationError: A setting or the routing table is wrong, or a topic does not exist.
        TriageError: Kafka refused something, or not every inquiry came back exactly once.
    """
    installation = read_installation()
    clients = connect(installation.kafka, CLIENT)
    for remark in load.remarks:
        typer.echo(remark)
    configure_logs("CRITICAL", "console")  # what goes wrong is said once, in our own words
    collect_less_often()
    figures = asyncio.run(send_load(clients, installation, load, time.monotonic, wait_seconds))
    for line in lines_of(figures):
        typer.echo(line)
    if figures.lost or figures.doubled:
        raise TriageError(
            f"{figures.lost:,} of {figures.inquiries:,} inquiries had not come back "
            f"{wait_seconds:g} s after the last was sent, and {figures.doubled:,} came back twice: "
            "see that both services run, and whether triage_lag_records still falls."
        )


def plan_load(
    inquiries: Path | None, *, rate: float, seconds: float, bursty: bool, seed: int
) -> Load:
    """Read the inquiries and draw when each is due.

    Raises:
        ConfigurationError: The file cannot be read, or nothing is due in so short a time, or more
            than can be drawn beforehand.
    """
    if rate * seconds > MOST:
        raise ConfigurationError(
            f"{rate * seconds:,.0f} inquiries are too many for one load: give a lower --rate or "
            f"fewer --seconds, for {MOST:,} at most."
        )
    numbered = numbered_lines(inquiries or EXAMPLES)
    remarks = (
        [*unreadable(numbered)] if inquiries else []
    )  # of the examples some are bad on purpose
    due = (bursts if bursty else poisson)(rate, seconds, Random(seed))  # noqa: S311 - no secret
    if not due:
        raise ConfigurationError(
            f"Nothing is due within {seconds:g} s at {rate:g} a second: give a higher --rate or "
            "more --seconds."
        )
    values = [value for _, value in numbered]
    return Load(values, due, seconds, Tags(secrets.token_hex(RUN_BYTES)), remarks=remarks)


def lines_of(figures: LoadFigures) -> list[str]:
    """Return the figures as lines to print."""
    came_back = figures.inquiries - figures.lost
    return [
        f"offered    {figures.offered:,.1f} a second, {figures.inquiries:,} inquiries",
        f"published  {figures.published:,.1f} a second; sent late {_shown(figures.late)}",
        f"came back  {came_back:,}; lost {figures.lost:,}, doubled {figures.doubled:,}",
        f"latency    {_shown(figures.latency)}",
    ]


def _shown(times: Quantiles | None) -> str:
    if times is None:
        return "unknown"
    return (
        f"p50 {times.p50:,.1f}, p95 {times.p95:,.1f}, p99 {times.p99:,.1f}, "
        f"p99.9 {times.p999:,.1f}, max {times.max:,.1f} ms"
    )
