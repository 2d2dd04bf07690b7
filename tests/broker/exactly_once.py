"""Publishes numbered records, reads them again, and says what became of each.

Everything here speaks of records by their numbers, so that a failing test shows no inquiry's text.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord

from services.kafka.connected import started
from services.local.exactly_once import Account

NUMBER = "test-number"
SLICE = 100
# Longer than a broker is away in any test: a record that is given up may be there all the same.
PATIENCE_MS = 600_000
ANSWER_MS = 5_000


@dataclass(frozen=True)
class Sent:
    """A record as it is published; its number is its position in what is published."""

    value: bytes | None = field(repr=False)
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True)
class Faults:
    """The numbers of the records with which something went wrong: none, where all is well."""

    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    altered: list[int] = field(default_factory=list)
    out_of_order: list[int] = field(default_factory=list)


async def publish(
    servers: str, topic: str, records: Iterable[Sent], *, pause: float = 0.0, first: int = 0
) -> None:
    """Publish records, numbered from `first` on, and wait until the broker has them.

    With a pause (in seconds) after each hundred, they arrive over some time.
    """
    numbered = enumerate(records, first)
    # The broker's own limit, so that it is the services that find a record too large.
    async with started(patient_producer(servers, max_request_size=1_048_588)) as producer:
        while part := list(islice(numbered, SLICE)):
            sent = [
                await producer.send(
                    topic,
                    value=record.value,
                    key=record.key,
                    headers=[*record.headers, (NUMBER, b"%d" % number)],
                )
                for number, record in part
            ]
            await asyncio.gather(*sent)
            await asyncio.sleep(pause)


def patient_producer(servers: str, **settings: int) -> AIOKafkaProducer:
    """Make a producer that gives nothing up, and soon asks another broker than one that is silent.

    aiokafka has one limit for both, a record's and an answer's.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        enable_idempotence=True,
        linger_ms=2,
        request_timeout_ms=PATIENCE_MS,
        **settings,
    )
    producer.client._request_timeout_ms = ANSWER_MS  # noqa: SLF001 - no setting leads here
    return producer


def number_of(record: ConsumerRecord) -> int:
    """Return a record's number."""
    return int(dict(record.headers)[NUMBER])


def compare(sent: Sequence[Sent], arrived: Iterable[ConsumerRecord]) -> Faults:
    """Compare what was published with what came out, on whichever topics.

    Order is that of each key on each topic, with the offsets of a partition as the clock; on the
    topic that both services write, the dead letters', it is that of each service.
    """
    faults, account = Faults(), Account(range(len(sent)))
    last: dict[tuple[str, bytes, bytes | None], int] = defaultdict(lambda: -1)
    for record in sorted(arrived, key=lambda r: (r.topic, r.partition, r.offset)):
        number = number_of(record)
        account.note(number)
        if not _is_unaltered(sent[number], record):
            faults.altered.append(number)
        if record.key is not None:
            sequence = (record.topic, record.key, dict(record.headers).get("rejected-by"))
            if number < last[sequence]:
                faults.out_of_order.append(number)
            last[sequence] = number
    return replace(faults, lost=account.lost_numbers(), doubled=account.doubled_numbers())


class _Carrying(msgspec.Struct):
    inquiry: msgspec.Raw


def _is_unaltered(sent: Sent, arrived: ConsumerRecord) -> bool:
    """Tell whether a record has the key, the headers and the bytes that were sent.

    A dead letter has them as its own; an event of ours has the bytes inside, and the headers that
    named the event before as `received-…`.
    """
    kept = [(name.removeprefix("received-"), value) for name, value in arrived.headers]
    headers_kept = all(header in kept for header in sent.headers)
    return arrived.key == sent.key and headers_kept and _bytes_of(arrived) == sent.value


def _bytes_of(record: ConsumerRecord) -> bytes | None:
    headers = dict(record.headers)
    own = headers.get("rejected-by", b"").endswith(b"/classifier")
    if own or record.value is None:
        value: bytes | None = record.value
        return value
    return bytes(msgspec.json.decode(record.value, type=_Carrying).inquiry)
