"""What it costs the router to draw copies for an audit: rounds of it without, and with a share.

No department has a threshold, so that most inquiries go by themselves and are drawn for; rules and
close seconds still send some to a person. Which router is first changes from round to round.

    python -m benchmarks.audit
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from statistics import median

import typer
from rich.console import Console

from benchmarks.contestants import FULL_COUNTS, LENGTHS, PARTITIONS, Name
from benchmarks.kafka_runs import run_on_kafka
from benchmarks.many_departments import spread, with_departments
from benchmarks.processes import Contestant, contestant, create_topics_of, start
from benchmarks.report import publish, table
from benchmarks.runs import Run
from benchmarks.testbed import Testbed, testbed
from benchmarks.workloads import Inquiries, Workload
from services.local.live_view.scrape import read_scrape
from services.operate.installation import Installation
from services.operate.topics import create_topics
from services.router.settings import RouterSettings

SHARES = (0.0, 0.01)
ROUNDS = 15
DEPARTMENTS = 16
COLUMNS = ("", "median", "lowest", "highest")

Round = Mapping[float, Run]


def main(rounds: int = ROUNDS) -> None:
    """Measure, and print the ratios of each round: with a share to without."""
    console = Console()
    with testbed("audit", console) as bed, ExitStack() as stack:
        plan = with_departments(bed.plan, bed.folder / "departments", DEPARTMENTS)
        routers = {share: _router(bed, plan, share) for share in SHARES}
        start(stack, *routers.values())
        inquiries = Inquiries(LENGTHS[0], bed.model, bed.decider)
        workload = spread(inquiries.given_to(Name.ROUTER), plan)
        found = _rounds(bed, routers, workload, rounds)
        by_itself, copied = _drawn(routers[SHARES[-1]])
    ratios = {
        "a second": [each[SHARES[1]].per_second / each[0].per_second for each in found],
        "a CPU-second": [each[SHARES[1]].per_cpu_second / each[0].per_cpu_second for each in found],
    }
    rows = [
        (name, *(f"{each:.3f}" for each in (median(found), min(found), max(found))))
        for name, found in ratios.items()
    ]
    said = f"A share of {SHARES[-1]:.0%} copied {copied:.2%} of the {by_itself:.0%} by themselves."
    data = [{"share": share, **run._asdict()} for each in found for share, run in each.items()]
    publish(console, "audit", [table(COLUMNS, rows), said], data)


def _router(bed: Testbed, plan: Installation, share: float) -> Contestant:
    """Return a router that draws by a share, with its topics."""
    router = plan.router.model_copy(update={"audit_share": share})
    who = contestant(Name.ROUTER, replace(plan, router=router), bed.folder)
    asyncio.run(create_topics_of(who))
    if isinstance(who.settings, RouterSettings):
        copies: dict[str, dict[str, str]] = {who.settings.audit_topic: {}}
        asyncio.run(create_topics(who.kafka, copies, partitions=PARTITIONS, replication_factor=1))
    return who


def _rounds(
    bed: Testbed, routers: Mapping[float, Contestant], workload: Workload, rounds: int
) -> list[Round]:
    """Measure; a first round warms everything up and does not count."""
    firsts, found = count(0, FULL_COUNTS[Name.ROUTER]), list[Round]()
    for number in range(rounds + 1):
        bed.on_step("Measuring, round by round", number, rounds + 1)
        shares = SHARES if number % 2 else SHARES[::-1]
        found.append(
            {share: asyncio.run(_run(routers[share], workload, next(firsts))) for share in shares}
        )
    return found[1:]


async def _run(router: Contestant, workload: Workload, first: int) -> Run:
    return await run_on_kafka(router, workload, range(first, first + FULL_COUNTS[Name.ROUTER]))


def _drawn(router: Contestant) -> tuple[float, float]:
    """Return the share that went by itself, and of that the share copied, as the router counts."""
    [process] = router.processes
    scrape = read_scrape(process.get("/metrics")[1], at=0)
    by_itself = scrape.total("triage_routed_total", reason="confident")
    copies = scrape.total("triage_sampled_total")
    return by_itself / scrape.total("triage_routed_total"), copies / by_itself


if __name__ == "__main__":
    typer.run(main)
