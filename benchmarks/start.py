"""How long a service takes from its start until it is ready: model loaded, partitions assigned.

Five times each, on a broker of their own.

    python -m benchmarks.start
"""

from statistics import median
from time import monotonic

import typer
from rich.console import Console

from benchmarks.contestants import PARTITIONS
from benchmarks.testbed import testbed
from services.local.processes.pipeline import create_all_topics, environment_of
from services.local.processes.service_process import ServiceProcess

TIMES = 5


def main() -> None:
    """Print the median and the longest of five starts of each service, in seconds."""
    with testbed("start", Console()) as bed:
        servers, environment = bed.plan.kafka.bootstrap_servers, environment_of(bed.plan)
        create_all_topics(bed.plan, servers, PARTITIONS)
        for name in ("classifier", "router"):
            process = ServiceProcess(name, servers, bed.folder, environment=environment)
            taken = sorted(_start(process) for _ in range(TIMES))
            typer.echo(f"{name}: median {median(taken):.2f} s, longest {taken[-1]:.2f} s")


def _start(process: ServiceProcess) -> float:
    began = monotonic()
    with process:
        process.wait_until_ready()
        return monotonic() - began


if __name__ == "__main__":
    typer.run(main)
