"""Sends dead letters to the topics they came from: each once, however often it is interrupted.

A letter and the note that it was sent are one transaction. Whoever replays first starts the
replay's one producer, which ends what an interrupted replay had in hand, and only then reads which
letters still wait, of leaders that have all that was noted.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import structs

from services.engine.batching import pack
from services.errors import TriageError
from services.kafka.errors import remedy_for, with_cause
from services.kafka.given_up import latest
from services.kafka.own_producer import in_time
from services.kafka.protocols import Clients, Producer
from services.kafka.topic_reader import check_topic, read_topic
from services.messages.dead_letter import TIMES_HEADER, Replayed, as_headers
from services.messages.record import Output
from services.operate.dead_letters.reading import Filter, WaitingLetter, waiting

PRODUCER = "inquiry-triage.replay"
LETTERS = 200


async def waiting_letters(
    clients: Clients,
    topics: Collection[str],
    wanted: Filter,
    behind: Mapping[TopicPartition, int] = MappingProxyType({}),
) -> list[WaitingLetter]:
    """Return the letters of some rejected topics that are meant and have not been replayed.

    Args:
        clients: Make the clients.
        topics: Which topics.
        wanted: Which letters are meant.
        behind: Offsets behind which all notes of a replay lie; see `read_topic`.

    Raises:
        TriageError: A topic cannot be read.
    """
    records = [
        record for topic in sorted(topics) async for record in read_topic(clients, topic, behind)
    ]
    return [letter for letter in waiting(records) if wanted.takes(letter)]


async def replay(
    clients: Clients,
    topics: Collection[str],
    wanted: Filter,
    producer_id: str,
    now: Callable[[], datetime],
) -> int:
    """Send the letters that are meant, and return how many were sent.

    Args:
        clients: Makes the clients.
        topics: Where the letters lie.
        wanted: Which are meant.
        producer_id: The transactional id, the same for whoever replays.
        now: Tells the time to note.

    Raises:
        TriageError: A topic cannot be read, or the broker refused something. What was sent until
            then stays sent, and is not sent again.
    """
    producer = clients.producer(producer_id)
    try:
        with with_cause():
            await producer.start()
        behind = await latest(producer, await _partitions(clients, producer, topics))
        letters = await waiting_letters(clients, topics, wanted, behind)
        for start in range(0, len(letters), LETTERS):
            await _send(producer, letters[start : start + LETTERS], now())
    except KafkaError as error:
        raise TriageError(
            remedy_for(error)
            or f"Not all letters could be sent ({error}): run the same command again, none of them "
            "is sent twice."
        ) from None
    finally:
        await producer.stop()
    return len(letters)


async def _partitions(
    clients: Clients, producer: Producer, topics: Collection[str]
) -> list[TopicPartition]:
    partitions: list[TopicPartition] = []
    for topic in sorted(topics):
        await check_topic(clients, topic)  # a producer would have it made
        numbers = await producer.partitions_for(topic)
        partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
    return partitions


async def _send(producer: Producer, letters: Sequence[WaitingLetter], now: datetime) -> None:
    topics = {topic for each in letters for topic in (_topic_of(each), each.why.rejected_topic)}
    counts = {name: len(await producer.partitions_for(name)) for name in topics}
    outputs = [each for letter in letters for each in _outputs(letter, counts, now)]
    packed = pack(outputs, counts, 0, producer.create_batch)
    async with producer.transaction():
        sent = [
            await producer.send_batch(batch, name, partition=number)
            for name, number, batch, _ in packed
        ]
        await in_time(asyncio.gather(*sent))


def _outputs(letter: WaitingLetter, counts: dict[str, int], now: datetime) -> tuple[Output, Output]:
    """Return the record of a letter, and the note that it was sent, each for its partition."""
    record, note = record_of(letter), note_of(letter, now)
    # Where its sender had put it: a key's, by whichever partitioner, or a judgement's own.
    partition = letter.why.rejected_partition % counts[record.topic]
    return (
        structs.replace(record, partition=partition),
        structs.replace(note, partition=letter.location.partition),
    )


def record_of(letter: WaitingLetter) -> Output:
    """Return the record as it came, with how often it was replayed by now."""
    came = [header for header in letter.headers if header[0] != TIMES_HEADER]
    times = (TIMES_HEADER, b"%d" % letter.why.rejected_times)
    return Output(letter.why.rejected_topic, letter.key, letter.value, [*came, times])


def note_of(letter: WaitingLetter, now: datetime) -> Output:
    """Return the note that a letter was replayed, for the topic where the letter lies."""
    note = Replayed(
        replayed_partition=letter.location.partition,
        replayed_offset=letter.location.offset,
        replayed_at=now,
    )
    return Output(_topic_of(letter), None, None, as_headers(note))


def _topic_of(letter: WaitingLetter) -> str:
    assert letter.location.topic is not None  # noqa: S101 - it was read from there
    return letter.location.topic
