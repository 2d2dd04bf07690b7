"""`make growth`: what more processes, partitions, departments, text and backlog do to the speed.

Each case has processes and topics of its own on one broker, and its answers are checked as those of
`make bench` are. It takes a quarter of an hour, and writes `growth.json` and `growth.md`.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from aiokafka.errors import KafkaError
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.effort import CLASSIFIER, PARTITIONS, ROUTER
from benchmarks.inquiries import texts
from benchmarks.long_backlog import drain
from benchmarks.many_departments import spread, with_departments
from benchmarks.progress import POLL_SECONDS
from benchmarks.report import markdown
from benchmarks.turn import TIDY, Contestant, Turn, take_turn
from benchmarks.work import Chosen, Work, works
from services.classifier.model import Model, load
from services.classifier.settings import ClassifierSettings
from services.errors import TriageError
from services.local.clients import an_admin
from services.local.kafka import EmbeddedKafka
from services.local.pipeline import plan_pipeline
from services.local.service_process import ServiceProcess
from services.local.steps import OnStep
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.settings import RouterSettings
from services.router.table import load_table
from services.stream.settings import KafkaSettings
from services.topics import create_topics, topics_of

RESULTS = Path("build", "bench")
LENGTH, TEXTS = 200, 1_024
RECORDS = 40_000
ROUNDS = 3
PROCESSES = (1, 2, 4)
PARTITION_COUNTS = (1, 4, 16, 64)
DEPARTMENTS = (2, 10, 100, 500)
LENGTHS = (20, 200, 2_000, 20_000)
LETTERS = 8_000_000  # of a case of texts, so that long ones take no longer than short ones
BACKLOG = 5_000_000
COLUMNS = ("what grows", "to", "service", "a second", "a CPU-second", "peak memory, MB")


class Case(NamedTuple):
    """What grows, and to how much; and what else is not as usual."""

    what: str
    size: int
    processes: int = 1
    partitions: int = PARTITIONS
    records: int = RECORDS


class Row(NamedTuple):
    """One case: what grew, to how much, whose work it was, and the turn of median speed."""

    what: str
    size: int
    service: str
    turn: Turn

    def cells(self) -> tuple[str, ...]:
        """Give it as text."""
        rates = (self.turn.per_second, self.turn.per_cpu_second)
        memory = f"{self.turn.peak_bytes / 1e6:.0f}"
        return self.what, f"{self.size:,}", self.service, *(f"{e:,.0f}" for e in rates), memory


@dataclass
class Growth:
    """The broker, the model, and folders and numbers that no case has twice."""

    servers: str
    folder: Path
    model: Model
    decider: Decider
    classifier: ClassifierSettings
    router: RouterSettings
    on_step: OnStep
    _cases: Iterator[int] = field(default_factory=count)
    _firsts: Iterator[int] = field(default_factory=lambda: count(0, 10 * BACKLOG))

    def rows(self, backlog: int) -> Iterator[Row]:
        """Measure every case."""
        usual = self._works(LENGTH, TEXTS)[CLASSIFIER]
        for size in PROCESSES:
            yield self._classify(Case("processes", size, processes=size), usual)
        for size in PARTITION_COUNTS:
            yield self._classify(Case("partitions", size, partitions=size), usual)
        for size in LENGTHS:
            work = self._works(size, min(TEXTS, LETTERS // 16 // size))[CLASSIFIER]
            records = min(RECORDS, LETTERS // size)
            yield self._classify(Case("characters", size, records=records), work)
        for size in DEPARTMENTS:
            yield self._route(size)
        self.on_step(f"Draining {backlog:,} inquiries")
        settings, process = self._a_classifier(self._prefix(), PARTITIONS)
        turn = drain(self.servers, settings, process, usual, backlog)
        yield Row("backlog", backlog, CLASSIFIER, turn)

    def _works(self, length: int, number: int) -> dict[str, Work]:
        made = texts(length, number)
        return works(made, Chosen(self.model, made), self.model, self.decider)

    def _prefix(self) -> str:
        return f"growth-{next(self._cases)}"

    def _a_classifier(
        self, prefix: str, partitions: int, replica: int = 0
    ) -> tuple[ClassifierSettings, ServiceProcess]:
        names = {
            "input_topic": f"{prefix}.in",
            "output_topic": f"{prefix}.out",
            "rejected_topic": f"{prefix}.rejected",
            "group_id": prefix,
        }
        settings = self.classifier.model_copy(update=names)
        if not replica:
            router = self.router.model_copy(update={"rejected_topic": settings.rejected_topic})
            topics = topics_of(settings, router)
            self._create(
                {name: kept for name, kept in topics.items() if prefix in name}, partitions
            )
        environment = {f"CLASSIFIER_{name}".upper(): value for name, value in names.items()}
        return settings, self._process(CLASSIFIER, prefix, environment, replica)

    def _process(
        self, service: str, prefix: str, environment: dict[str, str], replica: int = 0
    ) -> ServiceProcess:
        return ServiceProcess(
            service,
            self.servers,
            self.folder,
            environment=environment,
            suffix=f"{prefix}-{replica}",
        )

    def _create(self, topics: dict[str, dict[str, str]], partitions: int) -> None:
        kafka = KafkaSettings.model_construct(bootstrap_servers=self.servers)

        async def create() -> None:
            await create_topics(kafka, topics, partitions=partitions, replication_factor=1)
            async with an_admin(self.servers) as admin:
                # Of hundreds, a broker knows the last some moments after they were created.
                while not topics.keys() <= set(await admin.list_topics()):  # noqa: ASYNC110 - it has to be asked
                    await asyncio.sleep(POLL_SECONDS)

        asyncio.run(create())

    def _classify(self, case: Case, work: Work) -> Row:
        self.on_step(f"Measuring {case.size:,} {case.what}")
        prefix = self._prefix()
        numbers = range(case.processes)
        made = [self._a_classifier(prefix, case.partitions, number) for number in numbers]
        settings, _ = made[0]
        turn = self._median(
            [process for _, process in made],
            lambda first, others: Contestant(
                name=CLASSIFIER,
                pid=first.pid,
                group=settings.group_id,
                reads=settings.input_topic,
                writes=frozenset({settings.output_topic, settings.rejected_topic}),
                check=first.check,
                others=tuple(each.pid for each in others),
                partitions=case.partitions,
            ),
            work,
            case.records,
        )
        return Row(case.what, case.size, CLASSIFIER, turn)

    def _route(self, size: int) -> Row:
        self.on_step(f"Measuring {size:,} departments")
        prefix = self._prefix()
        table, environment = with_departments(self.folder, prefix, self.router, size)
        last: dict[str, dict[str, str]] = {topic: {} for topic in load_table(table.routes).topics}
        self._create(last | {table.rejected_topic: {}}, 1)
        self._create({table.input_topic: {}}, PARTITIONS)
        routed = self._works(LENGTH, TEXTS)[ROUTER]
        work = spread(routed, create_decider(table), size)
        turn = self._median(
            [self._process(ROUTER, prefix, environment)],
            lambda first, _: Contestant(
                name=ROUTER,
                pid=first.pid,
                group=table.group_id,
                reads=table.input_topic,
                writes=frozenset({*last, table.rejected_topic}),
                check=first.check,
            ),
            work,
            RECORDS,
        )
        return Row("departments", size, ROUTER, turn)

    def _median(
        self,
        processes: list[ServiceProcess],
        contestant: Callable[[ServiceProcess, list[ServiceProcess]], Contestant],
        work: Work,
        records: int,
    ) -> Turn:
        """Start processes, let them have turns after one to warm up, and give the middle one."""
        with ExitStack() as stack:
            for process in processes:
                stack.enter_context(process)
            for process in processes:
                process.wait_until_ready()
            who = contestant(processes[0], processes[1:])
            turns = []
            for number in range(ROUNDS + 1):
                first = next(self._firsts)
                some = records if number else records // 4
                numbers = range(first, first + some)
                turns.append(asyncio.run(take_turn(self.servers, who, work, numbers)))
        return sorted(turns[1:], key=lambda turn: turn.per_second)[ROUNDS // 2]


def main(
    backlog: Annotated[
        int, typer.Option(help="How many inquiries wait in the last case.")
    ] = BACKLOG,
) -> None:
    """Measure how the services grow, on a real Kafka."""
    console = Console()
    plan = plan_pipeline()
    try:
        with ExitStack() as stack:
            stack.enter_context(stopping_on_sigterm())
            folder = stack.enter_context(temporary_folder("triage-growth-"))
            on_step = stack.enter_context(steps_on(console))
            kafka = stack.enter_context(
                EmbeddedKafka(folder / "kafka", properties=TIDY, on_step=on_step)
            )
            growth = Growth(
                kafka.bootstrap_servers,
                folder,
                load(plan.classifier.model, threads=1),
                create_decider(plan.router),
                plan.classifier,
                plan.router,
                on_step,
            )
            rows = list(growth.rows(backlog))
    except (TriageError, KafkaError) as error:
        typer.echo(f"growth: {error}", err=True)
        sys.exit(getattr(error, "exit_code", 1))
    table = Table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    said = [row._replace(turn=row.turn._asdict())._asdict() for row in rows]  # type: ignore[arg-type]
    (RESULTS / "growth.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    text = "\n".join(markdown(COLUMNS, [row.cells() for row in rows]))
    (RESULTS / "growth.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
