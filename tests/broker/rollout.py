"""Rolls out a release, a model and a table under load, and takes them back; says what came of it.

`python -m tests.broker.rollout` does it on a Kafka of its own, while people judge what comes to
review. It exits 1 where an inquiry was lost, doubled, altered or out of order, or what was judged
was, or where one was judged by another model's limits than those it was classified by. The steps
are the runbook's. Of another release the last is left out: its rules may say something else of a
text than ours.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Annotated, NamedTuple

import msgspec
import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from msgspec import structs

from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.load.latency import Quantiles, quantiles_of
from services.local.processes.service_process import ServiceProcess
from services.messages.events import DECIDED, DecidedInquiry, Routed
from services.model.manifest import Threshold, read_manifest
from services.resources import shipped
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.settings import ROUTES, RouterSettings
from services.router.table import load_table
from services.training.export.model_folder import save_promising
from tests.broker.at_rest import until
from tests.broker.exactly_once import SLICE, Faults, Sent, compare, number_of
from tests.broker.faults.judged import Misjudged, account, fate_of, is_settlers
from tests.broker.faults.left import read_log, topics_of_decisions
from tests.broker.faults.people import People
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline
from tests.contract.both_ways import unread

MODEL = shipped("models", "uk-departments")
KEYS = 500


# Of a model and of a routing table.
Versions = tuple[str, str]


class Installed(NamedTuple):
    """What services run by: a Python that has a release of ours, a model and a routing table."""

    model: Path
    routes: Path = ROUTES
    python: str = sys.executable

    @property
    def versions(self) -> Versions:
        """Those of the model and of the routing table."""
        return read_manifest(self.model).version, load_table(self.routes).version


def installed_in(checkout: Path) -> Installed:
    """Return what a checkout of a release has, in which `make install` was run."""
    routes = checkout / "services" / "router" / "routes" / ROUTES.name
    python = checkout / ".venv" / "bin" / "python"
    return Installed(checkout / "models" / MODEL.name, routes, str(python))


class Step(NamedTuple):
    """What one service is started anew by, a replica after the other.

    `models` are those whose limits routers know, where they know more than one model's, and
    `answered` is the service that first has to have answered all that was there.
    """

    service: str
    says: str
    by: Installed
    models: tuple[Path, ...] = ()
    answered: str | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The same for every service: each takes its own of them."""
        return {
            "CLASSIFIER_MODEL": str(self.by.model),
            "ROUTER_MODELS": ",".join(map(str, self.models or (self.by.model,))),
            "ROUTER_ROUTES": str(self.by.routes),
        }


# Who reads is replaced before who writes, and on the way back after: lists of reasons grow.
REPLACED = ("settler", "router", "classifier")


def at_first(installed: Installed) -> Iterator[Step]:
    """Yield what is started before anything is rolled out."""
    for service in REPLACED:
        yield Step(service, "what there is", installed)


def steps(old: Installed, new: Installed, *, back: bool = False) -> Iterator[Step]:
    """Yield how the new takes the place of the old: a release, then a model, then a table.

    On the way back the table goes first: a release may refuse one that was written for a later one.
    """
    now = old
    for part in reversed(CHANGES) if back else CHANGES:
        after = now._replace(**{part: getattr(new, part)})
        if after != now:
            yield from CHANGES[part](now, after, REPLACED[::-1] if back else REPLACED)
        now = after


def _release(_: Installed, after: Installed, order: Sequence[str]) -> Iterator[Step]:
    for service in order:
        yield Step(service, "the other release", after)


def _model(now: Installed, after: Installed, _: Sequence[str]) -> Iterator[Step]:
    yield Step("router", "the limits of both models", after, (now.model, after.model))
    yield Step("classifier", "the other model", after)
    yield Step("router", "one model's limits alone", after, answered="router")


def _table(_: Installed, after: Installed, order: Sequence[str]) -> Iterator[Step]:
    for service in order:
        if service != "classifier":
            yield Step(service, "the other table", after)


# What changes, in this order, and the steps from what there is to what there then is.
CHANGES: dict[str, Callable[[Installed, Installed, Sequence[str]], Iterator[Step]]] = {
    "python": _release,
    "model": _model,
    "routes": _table,
}


@dataclass(frozen=True)
class Fleet:
    """The replicas that run, of each service the oldest first."""

    pipeline: Pipeline
    replicas: dict[str, list[ServiceProcess]] = field(default_factory=dict)
    names: Iterator[int] = field(default_factory=lambda: iter(range(1_000)))

    async def start(self, step: Step) -> ServiceProcess:
        """Start one more replica, and wait until it is ready."""
        replica = self.pipeline.service(
            step.service, str(next(self.names)), python=step.by.python, **step.settings
        )
        await self.pipeline.started(replica)
        self.replicas.setdefault(step.service, []).append(replica)
        return replica

    async def take(self, step: Step) -> None:
        """Put a new replica in the place of each, one after another: it comes, the old one goes."""
        if step.answered:
            await self.pipeline.answered(step.answered)
        for old in self.replicas.pop(step.service):
            await self.start(step)
            assert await asyncio.to_thread(old.stop) == 0


@dataclass
class Stopwatch:
    """Tells of each, by what names it, how long it took from here to where it ends."""

    sent: dict[Hashable, float] = field(default_factory=dict)
    arrived: dict[Hashable, float] = field(default_factory=dict)

    def quantiles(self, since: float, until: float) -> Quantiles | None:
        """Return how long those took that were sent between two moments."""
        return quantiles_of(
            [
                moment - self.sent[each]
                for each, moment in self.arrived.items()
                if since <= self.sent.get(each, since - 1) < until
            ]
        )


@dataclass(frozen=True)
class Watch:
    """Reads along: how long inquiries take, and judgements from Kafka, and what judged them.

    Args:
        pipeline: Whose they are.
    """

    pipeline: Pipeline
    judged_by: set[Versions] = field(default_factory=set)
    inquiries: Stopwatch = field(default_factory=Stopwatch)
    judgements: Stopwatch = field(default_factory=Stopwatch)

    def timed(self, inquiries: Iterable[Sent]) -> Iterator[Sent]:
        """Pass inquiries on, and note when each is published."""
        for number, inquiry in enumerate(inquiries):
            self.inquiries.sent[number] = monotonic()
            yield inquiry

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read where inquiries and judgements end for as long as the block runs."""
        settler = self.pipeline.installation.settler
        async with AIOKafkaConsumer(
            *self.pipeline.installation.final_topics,
            settler.not_ours_topic,
            settler.input_topic,
            bootstrap_servers=self.pipeline.servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        ) as reader:
            reading = asyncio.create_task(self._read(reader))
            try:
                yield
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading

    async def _read(self, reader: AIOKafkaConsumer) -> None:
        while True:
            batches = await reader.getmany(timeout_ms=200)
            now = monotonic()
            for records in batches.values():
                for record in records:
                    self._note(record, now)

    def _note(self, record: ConsumerRecord, now: float) -> None:
        if record.topic == self.pipeline.installation.settler.input_topic:
            self.judgements.sent.setdefault(msgspec.json.decode(record.value)["id"], now)
        elif dict(record.headers).get("ce_type") == DECIDED.encode():
            decision = msgspec.json.decode(record.value, type=DecidedInquiry).decision
            self.judgements.arrived.setdefault(decision.judgement, now)
        elif not is_settlers(record):
            self.inquiries.arrived.setdefault(number_of(record), now)
            self.judged_by.add(_versions_of(_routed(record)))

    async def until_judged_by(self, installed: Installed) -> None:
        """Wait until an inquiry has come that a model's and a table's limits have judged."""
        versions = installed.versions

        async def come() -> bool:
            return versions in self.judged_by

        await until(come)


@dataclass(frozen=True)
class Outcome:
    """What a roll-out has shown."""

    faults: Faults
    judgements: int
    decided: int
    misjudged: Misjudged
    versions: Counter[str]
    tables: Counter[str]
    unknown: int
    otherwise: list[int]
    apart: int
    of_one_release: bool
    seconds: float
    before: Quantiles | None
    meanwhile: Quantiles | None
    judged_meanwhile: Quantiles | None

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        unsound = self.faults != Faults() or self.misjudged != Misjudged()
        return bool(unsound or self.unknown or (self.of_one_release and self.otherwise))


def stricter(folder: Path) -> Path:
    """Write the shipped model as another version, which asks to be twice as sure."""
    thresholds = read_manifest(MODEL).thresholds
    each = {name: of and _halfway_to_1(of) for name, of in thresholds.departments.items()}
    save_promising(folder, MODEL, structs.replace(thresholds, departments=each), ())
    return folder


def _halfway_to_1(threshold: Threshold) -> Threshold:
    return structs.replace(threshold, probability=(1 + threshold.probability) / 2)


def wider(folder: Path) -> Path:
    """Write the shipped routing table as another version, which asks for a wider margin."""
    folder.mkdir(parents=True)
    text = ROUTES.read_text(encoding="utf-8")
    table = load_table(ROUTES)
    for was, now in (
        (f'version = "{table.version}"', f'version = "{table.version}-wider"'),
        (f"min_margin = {table.min_margin:.2f}", "min_margin = 0.50"),
    ):
        assert was in text
        text = text.replace(was, now)
    (folder / "routes.toml").write_text(text, encoding="utf-8")
    return folder / "routes.toml"


Deciders = Mapping[Versions, Decider]


def deciders(*each: Installed) -> Deciders:
    """Return what decides by the limits of each model alone, and by each table."""
    return {
        Installed(model, routes).versions: create_decider(
            RouterSettings(models=(model,), routes=routes)
        )
        for model in {one.model for one in each}
        for routes in {one.routes for one in each}
    }


def judged_wrongly(
    arrived: Iterable[ConsumerRecord], by_version: Deciders, model_of: Mapping[str, str]
) -> list[int]:
    """Return the numbers of those that are not where a model's limits and the table send them.

    Args:
        arrived: What was routed.
        by_version: What decides.
        model_of: Whose limits are asked of what each model has classified.
    """
    return sorted(
        number_of(each) for each in arrived if not _is_right(_routed(each), by_version, model_of)
    )


def _is_right(routed: Routed, by_version: Deciders, model_of: Mapping[str, str]) -> bool:
    version, table = _versions_of(routed)
    decider = by_version[model_of[version], table]
    [model] = decider.limits
    classification = structs.replace(routed.classification, model=model)
    right = decider.decide(routed.inquiry, classification, routed.route.routed_at)
    return (routed.route.reason, routed.route.rule) == (right.reason, right.rule)


def _routed(record: ConsumerRecord) -> Routed:
    return msgspec.json.decode(record.value, type=Routed)


def _versions_of(routed: Routed) -> Versions:
    return routed.classification.model.version, routed.route.table


async def roll(
    pipeline: Pipeline,
    old: Installed,
    new: Installed,
    *,
    replicas: int,
    rate: int,
    quiet: float,
    say: Callable[[str], None],
) -> Outcome:
    """Roll out what is new and take it back, while inquiries flow and people judge.

    Args:
        pipeline: Whose services are not started yet.
        old: What runs.
        new: What is rolled out.
        replicas: How many of each service.
        rate: Inquiries a second.
        quiet: For how many seconds it flows before, to compare with.
        say: Told of each step.
    """
    fleet, watch, people = Fleet(pipeline), Watch(pipeline), People(pipeline)
    for step in [*at_first(old)] * replicas:
        await fleet.start(step)
    async with watch.reading(), people.at_work():
        async with pipeline.traffic(watch.timed(good(KEYS)), pause=SLICE / rate):
            await watch.until_judged_by(old)
            await asyncio.sleep(quiet)
            began = monotonic()
            for before, after, back in ((old, new, False), (new, old, True)):
                for step in steps(before, after, back=back):
                    say(f"{step.service} gets {step.says}")
                    await fleet.take(step)
                await watch.until_judged_by(after)
            ended = monotonic()
        await pipeline.answered()
    by_person = {True: list[ConsumerRecord](), False: list[ConsumerRecord]()}
    for record in await pipeline.read():
        by_person[is_settlers(record)].append(record)
    log = await read_log(pipeline, by_person[True])
    arrived, routed = by_person[False], [_routed(each) for each in by_person[False]]
    by_version = deciders(old, new)
    (one, _), (other, _) = old.versions, new.versions
    return Outcome(
        faults=compare(pipeline.published, arrived),
        judgements=len(log.judged),
        decided=len(fate_of(log).counted),
        misjudged=account(log, topics_of_decisions(pipeline)),
        versions=Counter(each.classification.model.version for each in routed),
        tables=Counter(each.route.table for each in routed),
        unknown=sum(each.route.reason == "unknown-model" for each in routed),
        otherwise=judged_wrongly(arrived, by_version, {one: one, other: other}),
        apart=len(judged_wrongly(arrived, by_version, {one: other, other: one})),
        of_one_release=old.python == new.python,
        seconds=ended - began,
        before=watch.inquiries.quantiles(0, began),
        meanwhile=watch.inquiries.quantiles(began, ended),
        judged_meanwhile=watch.judgements.quantiles(began, ended),
    )


def table(outcome: Outcome) -> str:
    """Write what a roll-out has shown in two columns."""
    rows = [
        ("seconds, out and back", f"{outcome.seconds:.0f}"),
        *((f"inquiries by model {name}", f"{count:,}") for name, count in outcome.versions.items()),
        *((f"inquiries by table {name}", f"{count:,}") for name, count in outcome.tables.items()),
        *_counted("", outcome.faults),
        ("unknown-model", f"{outcome.unknown:,}"),
        ("not as this release judges by these limits", f"{len(outcome.otherwise):,}"),
        ("whom the other's limits send elsewhere", f"{outcome.apart:,}"),
        ("judgements", f"{outcome.judgements:,}"),
        ("inquiries that they decide", f"{outcome.decided:,}"),
        *_counted("judged and ", outcome.misjudged),
        ("latency before", _shown(outcome.before)),
        ("latency meanwhile", _shown(outcome.meanwhile)),
        ("of judgements meanwhile", _shown(outcome.judged_meanwhile)),
    ]
    return "\n".join(f"{name:<46}{value}" for name, value in rows)


def _counted(what: str, wrong: Faults | Misjudged) -> Iterator[tuple[str, str]]:
    for name, each in vars(wrong).items():
        yield what + name.replace("_", " "), f"{len(each):,}"


def _shown(times: Quantiles | None) -> str:
    if times is None:
        return "not measured"
    return f"p50 {times.p50:,.0f}, p99 {times.p99:,.0f}, max {times.max:,.0f} ms"


def main(
    *,
    rate: Annotated[int, typer.Option(help="Inquiries a second.")] = 500,
    replicas: Annotated[int, typer.Option(help="Of each service.")] = 2,
    quiet: Annotated[float, typer.Option(help="Seconds before, to compare with.")] = 30,
    old: Annotated[
        Path | None, typer.Option(help="A checkout of the release to begin with and go back to.")
    ] = None,
) -> None:
    """Roll a new model and table out and back under load, on a Kafka of its own."""
    apart = unread(old / "schemas", shipped("schemas")) if old else []
    with (
        temporary_folder("triage-rollout-") as folder,
        EmbeddedKafka(folder / "kafka") as kafka,
        ExitStack() as stack,
    ):
        pipeline = Pipeline(kafka.bootstrap_servers, folder, "rollout.", stack)

        async def run() -> Outcome:
            await pipeline.create_topics()
            new = Installed(stricter(folder / "model"), wider(folder / "table"))
            before = installed_in(old.absolute()) if old else Installed(MODEL)
            return await roll(
                pipeline, before, new, replicas=replicas, rate=rate, quiet=quiet, say=typer.echo
            )

        outcome = asyncio.run(run())
    typer.echo(table(outcome))
    typer.echo(f"{'messages that only one release reads':<46}{', '.join(apart) or 0}")
    sys.exit(outcome.failed or bool(apart))


if __name__ == "__main__":
    typer.run(main)
