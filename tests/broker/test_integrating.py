import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Self, get_args

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from services.local.child_process import ChildProcess
from services.local.console.steps import silently
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.embedded_kafka.jars import class_path
from services.messages.decision import Reason
from services.messages.events import DecidedInquiry, Routed
from services.messages.judgement import Outcome
from services.messages.returned import Why
from tests.broker.at_rest import LIMIT, read_all, until
from tests.broker.exactly_once import Sent
from tests.broker.pipeline import PARTITIONS, Pipeline
from tests.records import an_inquiry
from tests.tools import need
from tests.warm import WarmService

PAGE = (Path(__file__).parents[2] / "docs" / "integrating.md").read_text(encoding="utf-8")
PREFIX = "integrating."
DEPARTMENT = f"{PREFIX}departments.home-office"
EVENT_ID = re.compile(rf"{re.escape(PREFIX)}inquiries[.](?:classified|returned)/\d+/\d+")
NEVER = f"{PREFIX}inquiries.classified/0/999999"
TOPIC = re.compile(
    r'(?<=[ "])(inquiries(?:[.]review|[.]judged|[.]returned)?|departments[.]home-office)(?=[ "])'
)
PUBLISHING, CONSUMING, JUDGING, RETURNING = 0, 1, 2, 3
CLIENT_JARS = ("kafka-clients-", "slf4j-api-")


class Language(NamedTuple):
    """What code blocks of a language need, and how a file of it is run."""

    tool: str
    file: str
    command: Callable[[], list[str]]


def java() -> list[str]:
    jars = [str(jar) for jar in class_path(silently) if jar.name.startswith(CLIENT_JARS)]
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(jars)]


LANGUAGES = {
    "python": Language(sys.executable, "program.py", lambda: [sys.executable]),
    "java": Language("javac", "Program.java", java),
    "sh": Language("kcat", "program.sh", lambda: ["sh"]),
}


@pytest.fixture(scope="module")
def pipeline(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline that runs, which the tests of this module share."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("pipeline")
        pipeline = Pipeline(kafka.bootstrap_servers, folder, PREFIX, stack, WarmService)
        asyncio.run(pipeline.create_topics())
        services = [pipeline.service(name) for name in ("classifier", "router", "settler")]
        asyncio.run(pipeline.started(*services))
        yield pipeline


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


class Program:
    """A code block of the page, run on the topics of a pipeline and with a group of its own.

    Where its tool is missing the test is skipped, which in CI is a failure.
    """

    def __init__(self, servers: str, language: str, number: int, folder: Path) -> None:
        tool, file, command = LANGUAGES[language]
        need(tool)
        code = blocks(language)[number].replace("localhost:9092", servers)
        code = TOPIC.sub(rf"{PREFIX}\1", code)
        code = code.replace('"home-office"', f'"{PREFIX}{language}"')
        (folder / file).write_text(code, encoding="utf-8")
        self._log = folder / "program.log"
        self._process = ChildProcess([*command(), file], folder=folder, log=self._log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    async def ends(self) -> int:
        """Wait for its end and return its exit code."""
        return await asyncio.to_thread(self._process.wait, LIMIT)

    async def shows(self, ids: set[str]) -> None:
        """Wait until it has shown the events of some ids."""

        async def shown() -> bool:
            assert self._process.exit_code in {None, 0}, self.output
            return ids <= self.shown

        await until(shown)

    @property
    def shown(self) -> set[str]:
        """The ids of the events that it has shown."""
        return set(EVENT_ID.findall(self.output))


@asynccontextmanager
async def an_attempt(servers: str) -> AsyncIterator[None]:
    """Write to each partition of the department what is open during the block, and then aborted."""
    async with AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=f"{PREFIX}attempt"
    ) as producer:
        await producer.begin_transaction()
        for partition in range(PARTITIONS):
            headers = [("ce_id", NEVER.encode())]
            await producer.send_and_wait(DEPARTMENT, b"{}", partition=partition, headers=headers)
        try:
            yield
        finally:
            await producer.abort_transaction()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_the_page_publishes_arrives(
    pipeline: Pipeline, language: str, tmp_path: Path
) -> None:
    """Each example that publishes does so as it stands, and its inquiry is routed."""
    with Program(pipeline.servers, language, PUBLISHING, tmp_path) as program:
        assert await program.ends() == 0, program.output
    records = [r for r in await pipeline.read() if r.topic != pipeline.rejected_topic]
    routed = [msgspec.json.decode(record.value, type=Routed) for record in records]
    [published] = set(re.findall(r"crm-2026-\d+", blocks(language)[PUBLISHING]))
    assert [each.inquiry.id for each in routed].count(published) == 1


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_the_page_consumes_is_what_was_routed(
    pipeline: Pipeline, language: str, tmp_path: Path
) -> None:
    """Each example that consumes shows all that was committed, and nothing open or aborted."""
    async with an_attempt(pipeline.servers):
        pass
    text = "My visa was refused. How do I appeal, and when do I get my passport back?"
    await pipeline.publish([Sent(an_inquiry(text=text), b"case-%d" % n) for n in range(8)])
    arrived = [record for record in await pipeline.read() if record.topic == DEPARTMENT]
    routed = {dict(record.headers)["ce_id"].decode() for record in arrived}
    assert routed
    async with an_attempt(pipeline.servers):
        with Program(pipeline.servers, language, CONSUMING, tmp_path) as program:
            await program.shows(routed)
        assert program.shown == routed


async def test_what_the_page_judges_arrives(pipeline: Pipeline, tmp_path: Path) -> None:
    """The example of a case system judges what waits, and it arrives as it was sent, once."""
    text = "Hoffwn wybod sut i gael fy mhasbort yn ôl cyn y gwyliau, os gwelwch yn dda."
    inquiry = an_inquiry(text=text, language="cy")
    await pipeline.publish([Sent(inquiry, b"case-cy")])
    review, courts = f"{PREFIX}inquiries.review", f"{PREFIX}departments.ministry-of-justice"
    waiting = [record for record in await pipeline.read() if record.topic == review]
    judged = {dict(record.headers)["ce_id"].decode() for record in waiting}
    with Program(pipeline.servers, "python", JUDGING, tmp_path) as program:
        await program.shows(judged)
    await pipeline.answered("settler")
    arrived = [
        each for each in await read_all(pipeline.servers, [courts]) if each.key == b"case-cy"
    ]
    [decided] = arrived
    assert decided.value.startswith(b'{"inquiry":' + inquiry)
    decision = msgspec.json.decode(decided.value, type=DecidedInquiry).decision
    assert decision.department == "ministry-of-justice"


async def test_what_the_page_returns_goes_to_review(pipeline: Pipeline, tmp_path: Path) -> None:
    """The example of a department sends back what it got, with a key and without, once each."""
    text = "My visa was refused. How do I appeal, and when do I get my passport back?"
    await pipeline.publish([Sent(an_inquiry(text=text), key) for key in (b"case-back", None)])
    arrived = [record for record in await pipeline.read() if record.topic == DEPARTMENT]
    got = {dict(record.headers)["ce_id"].decode() for record in arrived}
    with Program(pipeline.servers, "python", RETURNING, tmp_path) as program:
        await program.shows(got)
    await pipeline.answered("settler")
    review = await read_all(pipeline.servers, [f"{PREFIX}inquiries.review"])
    back = [each for each in review if dict(each.headers)["ce_source"].endswith(b"settler")]
    assert Counter(each.key for each in back) == Counter(each.key for each in arrived)
    for each in back:
        body = msgspec.json.decode(each.value, type=Routed)
        assert body.route.reason == "returned"
        assert body.returned is not None
        assert (body.returned.why, body.returned.suggests) == ("not-ours", "ministry-of-justice")


@pytest.mark.parametrize("why", get_args(Why))
def test_every_reason_to_return_is_explained(why: str) -> None:
    """A department finds on the page when to give which reason."""
    assert f"| `{why}` |" in PAGE


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_is_explained(outcome: str) -> None:
    """Who builds a case system finds on the page what comes of each outcome."""
    assert f"| `{outcome}` |" in PAGE


def test_the_message_that_is_shown_is_one() -> None:
    """What the page says arrives can be read as what the router writes."""
    [shown] = blocks("json")
    assert msgspec.json.decode(shown, type=Routed).route.topic == "departments.home-office"


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_of_a_route_is_explained(reason: str) -> None:
    """A reviewer finds on the page what each value of `route.reason` means."""
    assert f"`{reason}`" in PAGE
