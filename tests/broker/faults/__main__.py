"""`make faults`: rounds of faults until the time is up, and a table of what came of it.

It exits 1 where a promise was broken, and says which seed breaks it again.
"""

import asyncio
import logging
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import Annotated, NamedTuple

import typer
from aiokafka.errors import KafkaError

from services.errors import TriageError
from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.broker.cluster.cluster import Cluster, one_broker, three_brokers
from tests.broker.cluster.network import why_not
from tests.broker.faults.figures import Figures, table
from tests.broker.faults.flood import FLOODS, flood
from tests.broker.faults.form import GONE_LONG, LONG, LONG_OF_THREE
from tests.broker.faults.play import play

# By how many brokers there are.
CLUSTERS = {1: one_broker, 3: three_brokers}
ASKED_FOR = "so it was asked for"


class Until(NamedTuple):
    """How long to go on: no round starts once all are reached."""

    minutes: float
    judgements: int
    faults: int


def _known(brokers: int) -> int:
    if brokers not in CLUSTERS:
        raise typer.BadParameter("give 1 or 3.")
    return brokers


def main(
    *,
    seed: Annotated[int | None, typer.Option(help="Play a run again.")] = None,
    brokers: Annotated[int, typer.Option(callback=_known, help="1, or 3 that fail over.")] = 1,
    minutes: Annotated[float, typer.Option(min=0, help="No round starts after so many.")] = 30,
    judgements: Annotated[int, typer.Option(min=0, help="Go on until so many are published.")] = 0,
    faults: Annotated[
        int, typer.Option(min=0, help="Go on until so many processes are struck.")
    ] = 0,
    slow: Annotated[bool, typer.Option(help="Floods, and minutes without a broker.")] = True,
    only: Annotated[str, typer.Option(help="Strike with what has this in its name.")] = "",
    loopback: Annotated[bool, typer.Option(help="Three brokers, and no link is cut.")] = False,
    logs: Annotated[Path | None, typer.Option(help="An empty folder to keep all logs in.")] = None,
) -> None:
    """Inject faults into the pipeline on a real Kafka, and compare what comes out."""
    # What our own clients say of a broker that is away is no news here.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    first = SystemRandom().randrange(1_000_000) if seed is None else seed
    typer.echo(f"seed {first}")
    reason = ASKED_FOR if loopback else why_not()
    if brokers > 1 and reason:
        typer.echo(f"All brokers are on loopback, and no link is cut: {reason}.")
    figures = Figures()
    where = nullcontext(logs) if logs else temporary_folder("triage-faults-")
    until = Until(minutes, judgements, faults)
    with where as folder, CLUSTERS[brokers](folder, on_loopback=reason is not None) as cluster:
        try:
            if slow and brokers == 1:
                asyncio.run(_flood(cluster.brokers[0], folder, first, figures))
            asyncio.run(_run(cluster, folder, first, until, figures, only=only, slow=slow))
        except (TimeoutError, TriageError, KafkaError) as error:
            figures.complaints.append(f"did not go on: {error}")
    typer.echo(f"seed {first}\n{table(figures)}")
    sys.exit(figures.failed)


async def _flood(kafka: EmbeddedKafka, folder: Path, seed: int, figures: Figures) -> None:
    for kind in FLOODS:
        typer.echo(kind.name)
        await flood(kafka, folder / kind.name, kind, seed, figures)


async def _run(
    cluster: Cluster,
    folder: Path,
    first: int,
    until: Until,
    figures: Figures,
    *,
    only: str,
    slow: bool,
) -> None:
    began = monotonic()
    form = LONG if cluster.replication == 1 else LONG_OF_THREE
    seed = first
    while (
        seed == first
        or monotonic() - began < until.minutes * 60
        or figures.judgements < until.judgements
        or figures.struck < until.faults
    ):
        typer.echo(f"round of seed {seed}, after {(monotonic() - began) / 60:.1f} minutes")
        await play(
            cluster,
            folder / str(seed),
            replace(form, broker_gone=GONE_LONG) if slow and seed == first else form,
            seed,
            figures=figures,
            say=typer.echo,
            only=only,
        )
        typer.echo(figures.so_far)
        seed += 1


typer.run(main)
