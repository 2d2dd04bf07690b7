"""Sends dead letters to the topics they came from: each once, however often it is interrupted.

A letter and the note that it was sent are one transaction. Whoever replays first starts the
replay's one producer, which ends what an interrupted replay had in hand, and only then reads which
letters still wait.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from aiokafka.errors import KafkaError

from services.errors import TriageError
from services.messages.dead_letter import TIMES_HEADER, Replayed, as_headers
from services.messages.record import Output
from services.rejected.letters import Filter, Letter, waiting
from services.rejected.topic import read_topic
from services.stream.client import Clients, Producer
from services.stream.outbox import fill, partition_of
from services.stream.refusals import refusal_of

PRODUCER = "inquiry-triage.replay"
LETTERS = 200

Outbox = dict[tuple[str, int], list[Output]]


async def waiting_letters(clients: Clients, topic: str, wanted: Filter) -> list[Letter]:
    """Give the letters that are meant and have not been replayed.

    Raises:
        TriageError: The topic cannot be read.
    """
    letters = waiting([record async for record in read_topic(clients, topic)])
    return [letter for letter in letters if wanted.takes(letter)]


async def replay(
    clients: Clients,
    topic: str,
    wanted: Filter,
    now: Callable[[], datetime],
) -> int:
    """Send the letters that are meant, and give how many were sent.

    Args:
        clients: Makes the clients.
        topic: Where the letters lie.
        wanted: Which are meant.
        now: Tells the time to note.

    Raises:
        TriageError: The topic cannot be read, or the broker refused something. What was sent until
            then stays sent, and is not sent again.
    """
    producer = clients.producer(PRODUCER)
    try:
        await producer.start()
        letters = await waiting_letters(clients, topic, wanted)
        for start in range(0, len(letters), LETTERS):
            part = letters[start : start + LETTERS]
            await _send(producer, topic, part, now())
    except KafkaError as error:
        raise TriageError(
            refusal_of(error)
            or f"Not all letters could be sent ({error}): run the same command again, none of them "
            "is sent twice."
        ) from None
    finally:
        await producer.stop()
    return len(letters)


async def _send(producer: Producer, topic: str, letters: Sequence[Letter], now: datetime) -> None:
    topics = {topic, *(letter.said.rejected_topic for letter in letters)}
    counts = {name: len(await producer.partitions_for(name)) for name in topics}
    async with producer.transaction():
        sent = [
            await producer.send_batch(batch, name, partition=number)
            for (name, number), outputs in _sorted(topic, letters, counts, now).items()
            for _, batch in fill(outputs, producer.create_batch)
        ]
        await asyncio.gather(*sent)


def _sorted(topic: str, letters: Sequence[Letter], counts: dict[str, int], now: datetime) -> Outbox:
    """Sort by topic and partition what one transaction sends: records, and notes of them."""
    outbox: Outbox = defaultdict(list)
    for letter in letters:
        record = record_of(letter)
        count = counts[record.topic]
        spare = letter.said.rejected_partition % count
        number = spare if record.key is None else partition_of(record.key, count)
        outbox[record.topic, number].append(record)
        outbox[topic, letter.place.partition].append(note_of(letter, topic, now))
    return outbox


def record_of(letter: Letter) -> Output:
    """Give the record as it came, with how often it was replayed by now."""
    came = [header for header in letter.headers if header[0] != TIMES_HEADER]
    times = (TIMES_HEADER, b"%d" % letter.said.rejected_times)
    return Output(letter.said.rejected_topic, letter.key, letter.value, [*came, times])


def note_of(letter: Letter, topic: str, now: datetime) -> Output:
    """Give the note that a letter was replayed."""
    note = Replayed(
        replayed_partition=letter.place.partition,
        replayed_offset=letter.place.offset,
        replayed_at=now,
    )
    return Output(topic, None, None, as_headers(note))
