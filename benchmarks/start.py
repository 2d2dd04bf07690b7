"""How long a service takes from its start until it is ready: model loaded, partitions assigned.

Five times each, on a broker of their own.

    python -m benchmarks.start
"""

import asyncio
from contextlib import ExitStack
from statistics import median
from time import monotonic

import typer

from benchmarks.effort import CLASSIFIER, PARTITIONS, ROUTER
from services.local.kafka import EmbeddedKafka
from services.local.pipeline import plan_pipeline
from services.local.service_process import ServiceProcess
from services.local.temporary import temporary_folder
from services.stream.settings import KafkaSettings
from services.topics import create_topics, topics_of

TIMES = 5


def main() -> None:
    """Print the median and the longest of five starts of each service, in seconds."""
    plan = plan_pipeline()
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("triage-start-"))
        servers = stack.enter_context(EmbeddedKafka(folder / "kafka")).bootstrap_servers
        kafka = KafkaSettings.model_construct(bootstrap_servers=servers)
        topics = topics_of(plan.classifier, plan.router)
        asyncio.run(create_topics(kafka, topics, partitions=PARTITIONS, replication_factor=1))
        for name in (CLASSIFIER, ROUTER):
            process = ServiceProcess(name, servers, folder, environment=plan.environment)
            taken = sorted(_start(process) for _ in range(TIMES))
            typer.echo(f"{name}: median {median(taken):.2f} s, longest {taken[-1]:.2f} s")


def _start(process: ServiceProcess) -> float:
    began = monotonic()
    with process:
        process.wait_until_ready()
        return monotonic() - began


if __name__ == "__main__":
    typer.run(main)
