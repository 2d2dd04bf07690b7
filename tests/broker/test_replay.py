from collections import Counter
from collections.abc import Callable
from itertools import islice

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.clock import utc_now
from services.errors import TriageError
from services.kafka.clients import KafkaClients, connect
from services.kafka.protocols import Clients, Producer
from services.kafka.topic_reader import read_topic
from services.messages.rejection import Rejection
from services.operate.dead_letters.reading import Filter, WaitingLetter, letter_of
from services.operate.dead_letters.replay import replay, waiting_letters
from tests.broker.command import triage
from tests.broker.exactly_once import Sent, publish
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline

NOT_JSON, NO_ID = b"not json", b'{"text": "Where is my pension?"}'


def clients_of(pipeline: Pipeline) -> KafkaClients:
    return connect(pipeline.installation.kafka, "replay-test")


async def replayed(pipeline: Pipeline, wanted: Filter, *, clients: Clients | None = None) -> int:
    """Replay the letters that are wanted, and return how many there were."""
    installation = pipeline.installation
    producer_id = f"{installation.kafka.topic_prefix}replay"
    return await replay(
        clients or clients_of(pipeline), installation.rejected_topics, wanted, producer_id, utc_now
    )


class FailingLate:
    """Clients whose producer fails before the second transaction that sends letters.

    The first of all sends none, but shows how far the topics have come.
    """

    def __init__(self, clients: KafkaClients) -> None:
        self._clients = clients
        self.servers, self.server_options = clients.servers, clients.server_options
        self.reader = clients.reader
        self.admin, self.consumer = clients.admin, clients.consumer
        self.partition_reader = clients.partition_reader
        self.single_records = clients.single_records

    def producer(self, transactional_id: str) -> Producer:
        producer = self._clients.producer(transactional_id)
        begin: Callable[[], object] = producer.transaction
        begun = Counter[str]()

        def transaction() -> object:
            begun["transactions"] += 1
            if begun["transactions"] > 2:
                raise KafkaTimeoutError
            return begin()

        producer.transaction = transaction  # type: ignore[method-assign]
        return producer


async def rejected(pipeline: Pipeline, *values: bytes) -> None:
    """Let the classifier reject records among good ones."""
    await pipeline.started(pipeline.service("classifier", CLASSIFIER_CIRCUIT_BREAKER_SHARE="1"))
    await pipeline.publish([Sent(value, b"k%d" % n) for n, value in enumerate(values)])
    await pipeline.publish(islice(good(keys=3), 5))
    await pipeline.answered("classifier")


async def letters_of(pipeline: Pipeline) -> list[WaitingLetter]:
    """Wait until the classifier has answered everything, and read every letter there ever was."""
    await pipeline.answered("classifier")
    records = read_topic(clients_of(pipeline), pipeline.rejected_topic)
    letters = [letter_of(record) async for record in records]
    return [letter for letter in letters if letter is not None]


async def test_a_replayed_letter_comes_back_and_says_how_often(pipeline: Pipeline) -> None:
    """What is replayed goes back byte for byte, and where it fails again its letter says so."""
    await rejected(pipeline, NOT_JSON, NO_ID)
    assert await replayed(pipeline, Filter(reason=Rejection.NOT_JSON)) == 1
    again = [each for each in await letters_of(pipeline) if each.value == NOT_JSON]
    assert sorted(each.why.rejected_times for each in again) == [1, 2]
    assert {each.key for each in again} == {b"k0"}


async def test_nothing_is_replayed_twice(pipeline: Pipeline) -> None:
    """A second replay finds only what the first did not send, or what has failed since."""
    await rejected(pipeline, NO_ID)
    topics = pipeline.installation.rejected_topics
    [letter] = await waiting_letters(clients_of(pipeline), topics, Filter())
    once = Filter(location=letter.location)
    assert await replayed(pipeline, once) == 1
    assert await replayed(pipeline, once) == 0


async def test_an_interrupted_replay_goes_on_where_it_was(pipeline: Pipeline) -> None:
    """A replay that fails half-way and is run again sends each letter once, and none twice."""
    await rejected(pipeline, *[NOT_JSON] * 450)
    first = Filter(until=utc_now())
    with pytest.raises(TriageError, match="run the same command again"):
        await replayed(pipeline, first, clients=FailingLate(clients_of(pipeline)))
    assert await replayed(pipeline, first) == 450 - 200
    times = Counter(each.key for each in await letters_of(pipeline))
    assert times == {b"k%d" % number: 2 for number in range(450)}


async def test_the_commands_print_no_text_unless_asked(pipeline: Pipeline) -> None:
    """What a citizen wrote is printed only with --show-text, and a dry run sends nothing."""
    await rejected(pipeline, NOT_JSON)

    async def printed(*arguments: str) -> str:
        ended = await triage("rejected", *arguments, settings=pipeline.environment)
        return ended.output

    listed = await printed("list")
    assert "1  letters wait" in listed
    assert NOT_JSON.decode() not in listed
    assert NOT_JSON.decode() in await printed("list", "--show-text")
    location = listed.split()[0]
    shown = await printed("show", location)
    assert Rejection.NOT_JSON in shown
    assert NOT_JSON.decode() not in shown
    assert "Nothing was sent" in await printed("replay")
    assert "1  letters wait" in await printed("list")
    assert "Sent 1 letters" in await printed("replay", "--letter", location, "--go")


async def test_the_letters_of_both_services_are_found(pipeline: Pipeline, prefix: str) -> None:
    """Where the services' rejected topics differ, the letters on both are listed and replayed."""
    own = {"ROUTER_REJECTED_TOPIC": "router.rejected"}
    settings = pipeline.environment | own
    topics = f"{prefix}inquiries.rejected/", f"{prefix}router.rejected/"
    made = await triage(
        "topics", "--partitions", "1", "--replication-factor", "1", settings=settings
    )
    assert f"Created 1 topics: {prefix}router.rejected." in made.output
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router", **own))
    await pipeline.publish([Sent(NOT_JSON, b"k1"), *islice(good(keys=3), 5)])
    await publish(pipeline.servers, pipeline.classified_topic, [Sent(NO_ID, b"k2")])
    await pipeline.answered()

    async def listed() -> list[str]:
        """Return the lines of the letters that wait, those of the classifier first."""
        ended = await triage("rejected", "list", settings=settings)
        assert "2  letters wait" in ended.output
        letters = [line for line in ended.output.splitlines() if line.lstrip().startswith(topics)]
        return sorted(letters, key=str.split)

    ours, theirs = await listed()
    assert (Rejection.NOT_JSON in ours, Rejection.MISSING_FIELD in theirs) == (True, True)
    location = theirs.split()[0]
    shown = await triage("rejected", "show", location, settings=settings)
    assert Rejection.MISSING_FIELD in shown.output
    for option in (("--letter", location), ("--source", "/inquiry-triage/classifier")):
        sent = await triage("rejected", "replay", *option, "--go", settings=settings)
        assert "Sent 1 letters" in sent.output
    await pipeline.answered()
    assert all(line.endswith("(2 times)") for line in await listed())
