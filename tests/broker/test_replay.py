import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.errors import TriageError
from services.messages.rejection import Rejection
from services.rejected.letters import Filter, Letter, letter_of
from services.rejected.replay import replay, waiting_letters
from services.rejected.topic import read_topic
from services.stream.client import Clients, Producer
from services.stream.kafka import KafkaClients, connect
from services.stream.settings import KafkaSettings
from tests.broker.at_rest import wait_until_answered
from tests.broker.exactly_once import Sent
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline

NOT_JSON, NO_ID = b"not json", b'{"text": "Where is my pension?"}'


def now() -> datetime:
    return datetime.now(UTC)


def clients_of(pipeline: Pipeline) -> KafkaClients:
    return connect(KafkaSettings(bootstrap_servers=pipeline.servers), "replay-test")


class FailingLate:
    """Clients whose producer fails when it is about to commit its second transaction."""

    def __init__(self, clients: KafkaClients) -> None:
        self._clients = clients
        self.servers, self.reader = clients.servers, clients.reader
        self.admin, self.consumer = clients.admin, clients.consumer

    def producer(self, transactional_id: str) -> Producer:
        producer = self._clients.producer(transactional_id)
        begin: Callable[[], object] = producer.transaction
        begun = Counter[str]()

        def transaction() -> object:
            begun["transactions"] += 1
            if begun["transactions"] > 1:
                raise KafkaTimeoutError
            return begin()

        producer.transaction = transaction  # type: ignore[method-assign]
        return producer


async def rejected(pipeline: Pipeline, *values: bytes) -> None:
    """Let the classifier reject records among good ones."""
    await pipeline.started(pipeline.service("classifier", CLASSIFIER_BRAKE_SHARE="1"))
    await pipeline.publish([Sent(value, b"k%d" % n) for n, value in enumerate(values)])
    await pipeline.publish(islice(good(keys=3), 5))
    await answered(pipeline)


async def answered(pipeline: Pipeline) -> None:
    settings = pipeline.classifier_settings
    await wait_until_answered(pipeline.servers, settings.group_id, settings.input_topic)


async def letters_of(pipeline: Pipeline) -> list[Letter]:
    """Wait until the classifier has answered everything, and give every letter there ever was."""
    await answered(pipeline)
    records = read_topic(clients_of(pipeline), pipeline.topics.rejected)
    letters = [letter_of(record) async for record in records]
    return [letter for letter in letters if letter is not None]


async def test_a_replayed_letter_comes_back_and_says_how_often(pipeline: Pipeline) -> None:
    """What is replayed goes back byte for byte, and where it fails again its letter says so."""
    await rejected(pipeline, NOT_JSON, NO_ID)
    wanted = Filter(reason=Rejection.NOT_JSON)
    assert await replay(clients_of(pipeline), pipeline.topics.rejected, wanted, now) == 1
    again = [each for each in await letters_of(pipeline) if each.value == NOT_JSON]
    assert sorted(each.said.rejected_times for each in again) == [1, 2]
    assert {each.key for each in again} == {b"k0"}


async def test_nothing_is_replayed_twice(pipeline: Pipeline) -> None:
    """A second replay finds only what the first did not send, or what has failed since."""
    await rejected(pipeline, NO_ID)
    clients, topic = clients_of(pipeline), pipeline.topics.rejected
    [letter] = await waiting_letters(clients, topic, Filter())
    once = Filter(place=letter.place)
    assert await replay(clients, topic, once, now) == 1
    assert await replay(clients, topic, once, now) == 0


async def test_an_interrupted_replay_goes_on_where_it_was(pipeline: Pipeline) -> None:
    """A replay that fails half-way and is run again sends each letter once, and none twice."""
    await rejected(pipeline, *[NOT_JSON] * 450)
    clients, topic = clients_of(pipeline), pipeline.topics.rejected
    first = Filter(until=now())
    failing: Clients = FailingLate(clients)
    with pytest.raises(TriageError, match="run the same command again"):
        await replay(failing, topic, first, now)
    assert await replay(clients, topic, first, now) == 450 - 200
    times = Counter(each.key for each in await letters_of(pipeline))
    assert times == {b"k%d" % number: 2 for number in range(450)}


async def test_the_commands_print_no_text_unless_asked(pipeline: Pipeline) -> None:
    """What a citizen wrote is printed only with --show-text, and a dry run sends nothing."""
    await rejected(pipeline, NOT_JSON)
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": pipeline.servers,
        "CLASSIFIER_REJECTED_TOPIC": pipeline.topics.rejected,
    }

    async def printed(*arguments: str) -> str:
        command = (sys.executable, "-P", "-c", "from services.cli import main; main()")
        process = await asyncio.create_subprocess_exec(
            *command, "rejected", *arguments, stdout=subprocess.PIPE, env=environment
        )
        out, _ = await process.communicate()
        return out.decode()

    listed = await printed("list")
    assert "1  letters wait" in listed
    assert NOT_JSON.decode() not in listed
    assert NOT_JSON.decode() in await printed("list", "--show-text")
    place = listed.split()[0]
    shown = await printed("show", place)
    assert Rejection.NOT_JSON in shown
    assert NOT_JSON.decode() not in shown
    assert "Nothing was sent" in await printed("replay")
    assert "1  letters wait" in await printed("list")
    assert "Sent 1 letters" in await printed("replay", "--letter", place, "--go")
