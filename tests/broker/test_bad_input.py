import asyncio
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from aiokafka import AIOKafkaProducer
from psutil import Process

from services.messages.rejection import OF_JUDGEMENTS, OF_RETURNS, Rejection
from tests.broker.at_rest import read_all
from tests.broker.exactly_once import NUMBER, Sent, compare
from tests.broker.pipeline import Pipeline, metric, until_answered
from tests.records import BINARY, STRUCTURED, an_envelope, an_inquiry
from tests.tools import need

pytestmark = pytest.mark.long

RECORDS = 100_000
LARGE = 40  # of about a megabyte each
SEED = 20_261_124
WORDS = "pension passport pothole school visa prison farm tax rwy’n ŵyr 😀 حكومة".split()
FUTURE = tuple((name, v.replace(b"v1", b"v2") if name == "ce_type" else v) for name, v in BINARY)
Random = random.Random


def text(chance: Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))


def torn(chance: Random) -> bytes:
    whole = an_inquiry(text=text(chance))
    return whole[: chance.randrange(len(whole))]


def forged(chance: Random) -> tuple[tuple[str, bytes | None], ...]:
    name, _ = chance.choice(BINARY)
    return ((name, chance.choice([None, b"", b"2.0", b"\xff", b"inquiry.received.v9"])),)


KINDS: dict[str, Callable[[Random], Sent]] = {
    "good": lambda c: Sent(an_inquiry(text=text(c))),
    "binary mode": lambda c: Sent(an_inquiry(text=text(c)), headers=BINARY),
    "structured mode": lambda c: Sent(an_envelope(b"{}", x=text(c)), headers=STRUCTURED),
    "not JSON": lambda c: Sent(c.randbytes(c.randint(1, 80))),
    "torn": lambda c: Sent(torn(c)),
    "wrong types": lambda c: Sent(an_inquiry(text=c.choice([1, None, [], {"a": 1}]))),
    "not an object": lambda c: Sent(json.dumps(c.choice([1, "a", [1], None, True])).encode()),
    "keys twice": lambda _: Sent(b'{"id": "1", "id": "2", "text": "a", "text": 5}'),
    "NaN": lambda _: Sent(b'{"id": "1", "text": "a", "x": NaN}'),
    "deep": lambda c: Sent(b'{"id": "1", "text": "a", "x": ' + b"[" * c.randint(900, 5_000)),
    "empty text": lambda _: Sent(an_inquiry(text="")),
    "tombstone": lambda _: Sent(None),
    "empty value": lambda _: Sent(b""),
    "header not UTF-8": lambda _: Sent(an_inquiry(), headers=(("ce_trace", b"\xff\xfe"),)),
    "binary header": lambda c: Sent(an_inquiry(), headers=(("trace", c.randbytes(8)),)),
    "wrong optional field": lambda c: Sent(an_inquiry(received_at=text(c), attributes={"a": 1})),
    "header without value": lambda _: Sent(an_inquiry(), headers=(("trace", None),)),
    "forged": lambda c: Sent(an_inquiry(text=text(c)), headers=forged(c)),
    "future version": lambda _: Sent(an_inquiry(), headers=FUTURE),
    "wrong content type": lambda c: Sent(an_inquiry(), headers=(("content-type", b"text/csv"),)),
}


def generated(seed: int) -> Iterator[Sent]:
    """Yield records without end: each kind as likely as any other, half of them with a key."""
    chance = random.Random(seed)
    kinds = [*KINDS.values()]
    while True:
        record = chance.choice(kinds)(chance)
        keyed = record.value is None or chance.random() < 0.5  # a client sends one of both
        key = b"k%d" % chance.randrange(500) if keyed else None
        yield Sent(record.value, key, record.headers)


def large(seed: int) -> Iterator[Sent]:
    """Yield records of about a megabyte, some with a text that is too long."""
    chance = random.Random(seed)
    while True:
        size = chance.randint(900_000, 1_020_000)
        field = chance.choice(["text", "scan"])
        yield Sent(an_inquiry(**{field: "x" * size}), b"large")


async def publish_compressed(pipeline: Pipeline, records: list[Sent], first: int) -> None:
    """Publish a part of the records with each compression that Kafka has."""
    codecs = [None, "gzip", "snappy", "lz4", "zstd"]
    for codec, start in zip(codecs, range(0, len(records), -(-len(records) // 5)), strict=True):
        part = records[start : start + -(-len(records) // 5)]
        async with AIOKafkaProducer(
            bootstrap_servers=pipeline.servers,
            compression_type=codec,
            linger_ms=20,
            max_batch_size=400_000,
            max_request_size=1_048_588,
        ) as producer:
            for number, record in enumerate(part, first + start):
                await producer.send(
                    pipeline.installation.received_topic,
                    value=record.value,
                    key=record.key,
                    headers=[*record.headers, (NUMBER, b"%d" % number)],
                )
            await producer.flush()


async def test_a_hundred_thousand_bad_records_are_all_accounted_for(pipeline: Pipeline) -> None:
    """Whatever is sent, however it is compressed, ends once, unchanged, and the memory is flat."""
    classifier = pipeline.service("classifier", CLASSIFIER_CIRCUIT_BREAKER_SHARE="1")
    await pipeline.started(classifier, pipeline.service("router", ROUTER_CIRCUIT_BREAKER_SHARE="1"))
    records = [*islice(generated(SEED), RECORDS), *islice(large(SEED), LARGE)]
    half = len(records) // 2
    await publish_compressed(pipeline, records[half:], first=half)
    await pipeline.read()
    resident = Process(classifier.pid).memory_info().rss
    await publish_compressed(pipeline, records[:half], first=0)
    arrived = await pipeline.read()
    faults = compare(records, arrived)
    assert (faults.lost, faults.doubled, faults.altered) == ([], [], [])
    reasons = {
        value.decode()
        for record in arrived
        for name, value in record.headers
        if name == "rejected-reason" and value not in {None, b""} and value.isascii()
    }
    others = {Rejection.FAILED, *OF_JUDGEMENTS, *OF_RETURNS}
    assert reasons >= {reason.value for reason in Rejection} - others
    assert metric(classifier, "triage_rejected_total", reason=Rejection.FAILED) == 0
    assert Process(classifier.pid).memory_info().rss < 1.25 * resident


async def test_a_header_name_that_is_not_utf8_stops_nobody(pipeline: Pipeline) -> None:
    """An inquiry with such a header is answered, with the name escaped, and so are its neighbours.

    The classifier has it in one fetch with others, before and behind it.
    """
    need("kcat")
    classifier = pipeline.service("classifier", CLASSIFIER_BATCH_RECORDS="2")
    topic = [b"-b", pipeline.servers.encode(), b"-t", pipeline.installation.received_topic.encode()]
    publish = [b"kcat", b"-P", *topic, b"-p", b"0", b"-X", b"linger.ms=200", b"-H"]
    for name in (b"a", b"\xffn\xc3\xa4me", b"b"):
        lines = b"\n".join(an_inquiry(id=f"{name!r}{number}") for number in range(5))
        sent = [*publish, name + b"=\xe9"]
        await asyncio.to_thread(subprocess.run, sent, input=lines, check=True)
    await pipeline.started(classifier)
    await until_answered(classifier, 15)
    arrived = await read_all(pipeline.servers, [pipeline.classified_topic])
    names = [record.headers[0] for record in sorted(arrived, key=lambda each: each.offset)]
    assert names == [(name, b"\xe9") for name in ("a", "\\xffn\u00e4me", "b") for _ in range(5)]
