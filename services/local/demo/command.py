"""`triage demo`: the whole pipeline on this machine, from an empty folder to a table of figures."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

from rich.console import Console

from services.clock import utc_now
from services.errors import ConfigurationError, TriageError
from services.local.console.steps import OnStep
from services.local.console.temporary_folder import temporary_folder
from services.local.console.terminal import steps_on, stopping_on_sigterm
from services.local.demo.at_desk import PeopleAtDesk, decide_at_desk
from services.local.demo.outcome import Outcome
from services.local.demo.send import send_through
from services.local.demo.summary import show_end, show_example, show_table, show_way_back
from services.local.demo.way_back import WayBack
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.exactly_once import Account
from services.local.examples import EXAMPLES, numbered_lines
from services.local.live_view.display import showing
from services.local.live_view.run import watch
from services.local.live_view.snapshot import Address
from services.local.live_view.steady_load import publish_steadily
from services.local.processes.pipeline import create_all_topics, plan_installation, start_services
from services.local.processes.running_pipeline import RunningPipeline
from services.local.reviewers.desk import Desk, sources_of
from services.local.reviewers.judging import Reviewers
from services.local.reviewers.review import Review, run_through
from services.local.reviewers.truths import Truths, read_truths, truths_of_examples
from services.local.unreadable import unreadable
from services.model.manifest import read_manifest
from services.operate.installation import Installation

PARTITIONS = 4
SERVICES = ("classifier", "router", "settler")
# So many copies that a few hundred inquiries say something.
AUDIT_SHARE = 0.7
# Few answers, lest what is learnt of the model is what people got wrong.
WRONG = 0.02
SEED = 0
# Of a partition, in bytes: whoever forgets a demo that they watch finds room on their disk.
BOUNDED = {"log.segment.bytes": "8388608", "log.retention.bytes": "33554432"}


def run_demo(
    inquiries: Path | None,
    truths: Path | None,
    summary: Path | None,
    *,
    rate: float | None = None,
    desk: bool = False,
) -> None:
    """Run the demo, print what happened, and stop everything that it started.

    Simulated people judge what waits for a person, by the truths; those of the examples are known.
    With a rate it goes on before it stops, until Ctrl-C: so many inquiries a second are published,
    and what becomes of them is shown live. With the desk nobody is simulated: until Ctrl-C whoever
    opens it decides, and each decision is told.

    Raises:
        ConfigurationError: A file of inquiries or truths cannot be read or used, or a setting, the
            routing table or the model is wrong, or both a rate and the desk are asked for.
        TriageError: A step failed, a circuit breaker opened, or not every inquiry is accounted for.
    """
    if desk and rate:
        raise ConfigurationError(
            "At the desk you decide, and while one watches simulated people do: say --desk or "
            "--watch."
        )
    numbered = numbered_lines(inquiries or EXAMPLES)
    lines = [line for _, line in numbered]
    installation = plan_installation(AUDIT_SHARE)
    departments = tuple(installation.table.departments)
    examples = [] if inquiries else lines
    known = (
        read_truths(truths, departments) if truths else truths_of_examples(examples, departments)
    )
    console = Console()
    for line in unreadable(numbered):
        console.print(line, style="dim", markup=False, highlight=False)
    # Where the broker is gone, one sentence of ours says so; aiokafka would add a screenful.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        folder = stack.enter_context(temporary_folder("triage-demo-"))
        with steps_on(console) as on_step:
            kafka = EmbeddedKafka(
                folder / "kafka", properties=BOUNDED if rate else {}, on_step=on_step
            )
            stack.enter_context(kafka)
            names = (*SERVICES, "desk") if desk else SERVICES
            on_step(f"Starting {', '.join(names[:-1])} and {names[-1]}")
            running = stack.enter_context(_start(stack, installation, kafka, folder, names))
            if desk:
                outcome = _decide(console, running, lines, known, on_step)
            else:
                outcome = _send(running, lines, known, on_step)
        if not desk:
            show_example(console, outcome, lines)
        _show(console, outcome, summary)
        if not outcome.accounted:
            raise TriageError(
                "Not every inquiry came out exactly once, or not every decision was done once: "
                f"the table says which, and the logs in {folder} may say why."
            )
        if rate:
            with suppress(KeyboardInterrupt):
                _watch(console, running, lines, known, rate)
    show_end(console, watched=desk or rate is not None)


def _start(
    stack: ExitStack,
    installation: Installation,
    kafka: EmbeddedKafka,
    folder: Path,
    names: Sequence[str],
) -> RunningPipeline:
    create_all_topics(installation, kafka.bootstrap_servers, PARTITIONS)
    services = start_services(stack, installation, kafka.bootstrap_servers, folder, names)
    return RunningPipeline(kafka, services, installation)


def _desk(installation: Installation, truths: Truths) -> Desk:
    departments = tuple(installation.table.departments)
    reviewers = Reviewers(departments, wrong=WRONG)
    return Desk(sources_of(installation, audit=True), reviewers, truths, SEED, utc_now)


def _send(running: RunningPipeline, lines: list[bytes], truths: Truths, on_step: OnStep) -> Outcome:
    desk = _desk(running.installation, truths)
    account = Account(range(1, len(lines) + 1))
    outcome = Outcome(running.installation, account, WayBack(running.installation, desk))

    def progress() -> None:
        if outcome.all_out:
            on_step("Letting people judge what waits", len(outcome.back.notes), desk.said)
        else:
            on_step("Sending inquiries through the pipeline", account.arrived, len(lines))
        running.check()
        running.check_reading()

    with running.explaining():
        asyncio.run(send_through(running.clients, outcome, desk, lines, progress))
    return outcome


def _decide(
    console: Console, running: RunningPipeline, lines: list[bytes], truths: Truths, on_step: OnStep
) -> Outcome:
    installation = running.installation
    people = PeopleAtDesk(installation.settler.input_topic, truths)
    account = Account(range(1, len(lines) + 1))
    outcome = Outcome(installation, account, WayBack(installation, people))
    [desk] = [each for each in running.services if each.name == "desk"]

    def progress() -> None:
        if outcome.all_out:
            on_step("Waiting for what people decide", len(outcome.back.notes))
        else:
            on_step("Sending inquiries through the pipeline", account.arrived, len(lines))
        running.check()
        running.check_reading()

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    deciding = decide_at_desk(running.clients, outcome, people, desk, lines, progress, tell)
    with running.explaining():
        asyncio.run(deciding)
    return outcome


def _watch(
    console: Console, running: RunningPipeline, lines: list[bytes], truths: Truths, rate: float
) -> None:
    installation = running.installation
    review = Review(_desk(installation, truths), installation.settler.input_topic)

    async def publish() -> None:
        clients = running.clients
        await asyncio.gather(
            publish_steadily(clients, installation.received_topic, lines, rate),
            run_through(review, clients, monotonic, from_now=True),
        )

    address = Address(running.servers, running.urls)
    with running.explaining(), showing(console, address) as show:
        asyncio.run(watch(running.services, publish, running.check, show))


def _show(console: Console, outcome: Outcome, summary: Path | None) -> None:
    promised = read_manifest(outcome.installation.classifier.model)
    show_table(console, outcome)
    show_way_back(console, outcome, promised.thresholds.precision)
    if summary:
        try:
            summary.write_text(json.dumps(outcome.summary(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"{summary} cannot be written ({error.strerror}): name a file that can."
            ) from None
