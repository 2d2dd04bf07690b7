"""The desk under load: `python -m benchmarks.desk` measures what its users and operators feel.

Inquiries wait on a Kafka of this machine's own. Measured are how long the desk takes from its start
until it is ready and its memory then; how long pages take while so many people decide so many
inquiries a minute; and, while the desk is killed time and again under that load, what becomes of
each decision that a page said was kept.
"""

import asyncio
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Annotated, Any

import httpx
import msgspec
import psutil
import typer

from benchmarks.waiting import let_wait
from services.classifier.settings import ClassifierSettings
from services.desk.interface import Person
from services.desk.login import csrf
from services.desk.login.seal import Seal
from services.desk.login.session import session_for
from services.desk.modes import has_second
from services.desk.sending import OTHERS_MS
from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings
from services.kafka.topic_reader import read_topic
from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from services.messages.judgement import Settled
from services.operate.installation import Installation, installation_of
from services.operate.topics import create_topics, topics_of
from services.router.settings import RouterSettings

PARTITIONS = 12
DEPARTMENTS = ("home-office", "ministry-of-justice", "hm-treasury")
HOST = "desk.example.org"
SECRET = "0123456789abcdef" * 4  # of a desk that is gone in some minutes
COOKIE = "__Host-desk-session"
UNDO_SECONDS = 20
SETTINGS = {
    "DESK_URL": f"https://{HOST}",
    "DESK_OIDC_ISSUER": "https://login.example.org",
    "DESK_OIDC_CLIENT_ID": "desk",
    "DESK_SECRET": SECRET,
    "DESK_UNDO_SECONDS": str(UNDO_SECONDS),
}
# As a page has it: the id that the judgement will have.
JUDGEMENT = re.compile(r'name="judgement" value="([0-9a-f]+)"')
SEE_OTHER = 303


@dataclass
class Figures:
    """What people saw: seconds of each page, and from pressing Send to the next inquiry's page."""

    pages: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    failed: int = 0


@dataclass
class Reviewer:
    """One person with a browser, who decides so many inquiries a minute."""

    number: int
    client: httpx.AsyncClient
    figures: Figures
    pause: float

    def __post_init__(self) -> None:
        """Sign in, by a cookie that the desk's own secret has signed."""
        seal = Seal([SECRET])
        person = Person(f"person-{self.number}", frozenset({"reviewer"}))
        session = session_for(person, time.time() + 86_400)
        self._headers = {"host": HOST, "cookie": f"{COOKIE}={seal.write('session', session)}"}
        self._token = csrf.form_token(seal, session)

    async def work(self) -> None:
        """Decide one inquiry after the other until cancelled; what fails is begun anew."""
        await asyncio.sleep(random.random() * self.pause)
        while True:
            try:
                await self._work()
            except (httpx.HTTPError, ValueError):
                self.figures.failed += 1
                await asyncio.sleep(0.5)

    async def _work(self) -> None:
        where = await self._post("/next")
        while True:
            page = await self._get(where)
            found = JUDGEMENT.search(page)
            if found is None:
                raise ValueError("this is no page of an inquiry")
            await asyncio.sleep(random.uniform(0.5, 1.5) * self.pause)
            chosen = random.choice(DEPARTMENTS)
            began = time.perf_counter()
            fields = {"judgement": found[1], "choice": f"to:{chosen}"}
            where = await self._post(f"{where.partition('?')[0]}/choose", **fields)
            self.figures.kept[found[1]] = chosen
            await self._get(where)
            self.figures.turns.append(time.perf_counter() - began)

    async def _get(self, path: str) -> str:
        began = time.perf_counter()
        response = await self.client.get(path, headers=self._headers)
        response.raise_for_status()
        self.figures.pages.append(time.perf_counter() - began)
        return response.text

    async def _post(self, path: str, **fields: str) -> str:
        data = {"token": self._token, **fields}
        response = await self.client.post(path, headers=self._headers, data=data)
        if response.status_code != SEE_OTHER:
            raise ValueError("the desk says why not")
        return response.headers["location"]


async def load(desk: ServiceProcess, reviewers: int, a_minute: float, seconds: float) -> Figures:
    """Let people decide for so long, and return what they saw."""
    figures = Figures()
    await _with_people(desk, figures, reviewers, a_minute, asyncio.sleep(seconds))
    return figures


async def kill(desk: ServiceProcess, reviewers: int, a_minute: float, kills: int) -> Figures:
    """Kill the desk so often while people decide, and return what they saw."""
    figures = Figures()

    async def killing() -> None:
        for _ in range(kills):
            await asyncio.sleep(random.uniform(0.2, 3))
            desk.kill()
            desk.start()
            await asyncio.to_thread(desk.wait_until_ready)
        await asyncio.sleep(2)

    await _with_people(desk, figures, reviewers, a_minute, killing())
    return figures


async def _with_people(
    desk: ServiceProcess,
    figures: Figures,
    reviewers: int,
    a_minute: float,
    meanwhile: Coroutine[Any, Any, None],
) -> None:
    limits = httpx.Limits(max_connections=reviewers, max_keepalive_connections=reviewers)
    async with httpx.AsyncClient(base_url=desk.url, limits=limits, timeout=30) as client:
        people = [Reviewer(n, client, figures, 60 / a_minute) for n in range(reviewers)]
        tasks = [asyncio.create_task(each.work()) for each in people]
        try:
            await meanwhile
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def account(installation: Installation, figures: Figures) -> dict[str, int]:
    """Hold what pages said was kept against what was settled."""
    clients = connect(installation.kafka, "benchmark")
    notes = [
        msgspec.json.decode(record.value or b"", type=Settled)
        async for record in read_topic(clients, installation.settler.settled_topic)
    ]
    counted = Counter(note.judgement for note in notes if note.verdict == "counted")
    late = [note for note in notes if note.verdict == "late"]
    # The second of two people who were both asked comes late, and is on record as that.
    second = {note.judgement for note in late if has_second(note.record.event_id)}
    places = Counter(note.record.key for note in notes if note.verdict == "counted")
    chosen = {note.judgement: note.department for note in notes if note.verdict == "counted"}
    return {
        "kept": len(figures.kept),
        "lost": sum(each not in counted and each not in second for each in figures.kept),
        "doubled": sum(times > 1 for times in [*counted.values(), *places.values()]),
        "other than chosen": sum(
            chosen.get(each, department) != department for each, department in figures.kept.items()
        ),
        "second opinions": len(second),
        "late": len(late) - len(second),
        "repeated": sum(note.verdict == "repeated" for note in notes),
    }


def p95(seconds: list[float]) -> str:
    """Return the 95th percentile, in milliseconds."""
    return f"{quantiles(seconds, n=20)[-1] * 1000:,.0f} ms" if len(seconds) > 1 else "none"


def measure(
    waiting: Annotated[int, typer.Option(help="How many inquiries wait.")] = 100_000,
    reviewers: Annotated[int, typer.Option(help="How many people decide.")] = 50,
    a_minute: Annotated[float, typer.Option(help="How many each decides a minute.")] = 8,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 60,
    kills: Annotated[int, typer.Option(help="How often the desk is killed then.")] = 50,
) -> None:
    """Measure the desk on a Kafka of this machine's own."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of leaders that are being chosen
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("triage-desk-"))
        kafka = stack.enter_context(EmbeddedKafka(folder))
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        installation = installation_of(settings, ClassifierSettings(), RouterSettings())
        topics = topics_of(installation)
        asyncio.run(create_topics(settings, topics, partitions=PARTITIONS, replication_factor=1))
        review = installation.table.review_topic
        asyncio.run(let_wait(settings.bootstrap_servers, review, waiting, PARTITIONS))
        settler = stack.enter_context(ServiceProcess("settler", settings.bootstrap_servers, folder))
        desk = ServiceProcess("desk", settings.bootstrap_servers, folder, environment=SETTINGS)
        began = time.perf_counter()
        stack.enter_context(desk)
        desk.wait_until_ready()
        print(f"ready after {time.perf_counter() - began:.1f} s with {waiting:,} waiting")
        print(f"memory {psutil.Process(desk.pid).memory_info().rss / 1e6:,.0f} MB")
        settler.wait_until_ready()
        calm = asyncio.run(load(desk, reviewers, a_minute, seconds))
        print(
            f"{len(calm.turns)} decisions: page p95 {p95(calm.pages)}, press to next p95 "
            f"{p95(calm.turns)}, {calm.failed} failed"
        )
        print(f"memory {psutil.Process(desk.pid).memory_info().rss / 1e6:,.0f} MB")
        killed = asyncio.run(kill(desk, reviewers, a_minute, kills))
        time.sleep(UNDO_SECONDS + OTHERS_MS / 1000 + 10)
        killed.kept |= calm.kept
        print(f"killed {kills} times: {asyncio.run(account(installation, killed))}")


if __name__ == "__main__":
    typer.run(measure)
