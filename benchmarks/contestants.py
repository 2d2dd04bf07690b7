"""Starts the contestants: processes that read topics of their own, on the same broker."""

import asyncio
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.effort import CLASSIFIER, PARTITIONS, PASS_THROUGH, PASS_THROUGH_CLASSIFIED, ROUTER
from benchmarks.passthrough import READY
from benchmarks.turn import Contestant
from services.errors import TriageError
from services.local.child import ChildProcess
from services.local.pipeline import Plan
from services.local.service_process import ServiceProcess
from services.router.table import load_table
from services.stream.settings import KafkaSettings, ServiceSettings
from services.topics import create_topics, topics_of

PASS_IN, PASS_OUT = "bench.pass-through.in", "bench.pass-through.out"
# Not what the classifier writes, which would set the router to work out of its turn.
ROUTER_IN = "bench.router.in"
START_SECONDS = 60.0


def start_contestants(stack: ExitStack, plan: Plan, servers: str, folder: Path) -> list[Contestant]:
    """Start pass-through, classifier and router, and wait until they are ready.

    Args:
        stack: Stops them.
        plan: The services' settings.
        servers: The broker.
        folder: For their logs.

    Raises:
        TriageError: One does not start.
    """
    router = plan.router.model_copy(update={"input_topic": ROUTER_IN})
    topics = {**topics_of(plan.classifier, router), PASS_IN: {}, PASS_OUT: {}}
    kafka = KafkaSettings.model_construct(bootstrap_servers=servers)
    asyncio.run(create_topics(kafka, topics, partitions=PARTITIONS, replication_factor=1))
    environment = {**plan.environment, "ROUTER_INPUT_TOPIC": ROUTER_IN}
    services = [
        stack.enter_context(ServiceProcess(name, servers, folder, environment=environment))
        for name in (CLASSIFIER, ROUTER)
    ]
    passing = _pass_through(stack, servers, folder, plan.classifier.batch_records)
    outputs = frozenset({plan.classifier.output_topic})
    return [
        passing,
        replace(passing, name=PASS_THROUGH_CLASSIFIED),
        _service(services[0], plan.classifier, outputs),
        _service(services[1], router, load_table(router.routes).topics),
    ]


def _service(
    process: ServiceProcess, settings: ServiceSettings, outputs: frozenset[str]
) -> Contestant:
    process.wait_until_ready()
    return Contestant(
        name=process.name,
        pid=process.pid,
        group=settings.group_id,
        reads=settings.input_topic,
        writes=outputs | {settings.rejected_topic},
        check=process.check,
    )


def _pass_through(stack: ExitStack, servers: str, folder: Path, batch_records: int) -> Contestant:
    """Start the pass-through, with as many records in a transaction as the classifier has."""
    log, group = folder / "pass-through.log", "bench.pass-through"
    arguments = (servers, PASS_IN, PASS_OUT, group, str(PARTITIONS), str(batch_records))
    command = [sys.executable, "-m", "benchmarks.passthrough", *arguments]
    process = ChildProcess(command, folder=Path.cwd(), log=log)
    stack.callback(process.kill)

    def check() -> None:
        if process.exit_code is not None:
            raise TriageError(f"The pass-through has ended: see its log {log}.")

    deadline = time.monotonic() + START_SECONDS
    while READY not in log.read_text(encoding="utf-8"):
        check()
        if time.monotonic() > deadline:
            raise TriageError(f"The pass-through does not start: see its log {log}.")
        time.sleep(0.05)
    return Contestant(PASS_THROUGH, process.pid, group, PASS_IN, frozenset({PASS_OUT}), check)
