"""A desk: inquiries that wait on the review topic, and people who judge them."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord

from services.messages.events import ROUTED, SAMPLED, Routed, SampledInquiry
from services.messages.examples import example_of
from services.messages.judgement import Settled
from tests.broker.at_rest import read_all
from tests.broker.pipeline import PARTITIONS, Pipeline
from tests.records import an_inquiry

DEPARTMENT = "home-office"
OTHER = "ministry-of-justice"
AT = "2026-11-02T10:03:59Z"


@dataclass(frozen=True)
class Waiting:
    """An inquiry that waits to be judged: where it lies, and what it is."""

    source: str
    partition: int
    offset: int
    event_id: str
    key: bytes | None
    value: bytes = field(repr=False)

    @property
    def place(self) -> dict[str, Any]:
        """Return it as a judgement names it."""
        return {
            "topic": self.source,
            "partition": self.partition,
            "offset": self.offset,
            "event_id": self.event_id,
        }


def a_judgement(of: Waiting, number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a judgement, with some fields set otherwise."""
    return {
        "id": f"{of.source}-{of.partition}-{of.offset}-{number}",
        "record": of.place,
        "outcome": "department",
        "department": DEPARTMENT,
        "mode": "blind",
        "seconds": 12.5,
        "by": f"reviewer-{number}",
        "at": AT,
        **fields,
    }


class Desk:
    """What the people at one installation's review topic see and say."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._numbers = count()
        installation = pipeline.installation
        settler = installation.settler
        self.topics = {
            "review": installation.table.review_topic,
            "audit": settler.audit_topic,
            "judged": settler.input_topic,
            "settled": settler.settled_topic,
            "not-ours": settler.not_ours_topic,
            "rejected": settler.rejected_topic,
            "home-office": installation.table.departments[DEPARTMENT].topic,
            "justice": installation.table.departments[OTHER].topic,
        }

    async def waiting(
        self, inquiries: int, source: str = "review", topic: str | None = None
    ) -> list[Waiting]:
        """Let some inquiries wait, in turn on each partition, as the router would have it."""
        async with self._producer() as producer:
            sent = [
                await self._wait(producer, source, topic or self.topics[source])
                for _ in range(inquiries)
            ]
            return await asyncio.gather(*sent)

    async def _wait(
        self, producer: AIOKafkaProducer, source: str, topic: str
    ) -> Coroutine[None, None, Waiting]:
        """Send an inquiry, and return what says where it lies."""
        number = next(self._numbers)
        event_id = f"{self.topics['review']}.classified/0/{number}"
        routed = example_of(SampledInquiry if source == "audit" else Routed)
        rest = json.dumps({name: each for name, each in routed.items() if name != "inquiry"})
        # Spaces and escapes as no encoder of ours would write them.
        inquiry = an_inquiry(id=f"q-{number}").replace(b": ", b" :\t").replace(b"W", b"\\u0057")
        value = b'{"inquiry":%b,%b' % (inquiry, rest[1:].encode())
        headers = [
            ("trace", b"\xff\x00"),
            ("received-ce_id", b"e-%d" % number),
            ("ce_id", event_id.encode()),
            ("ce_specversion", b"1.0"),
            ("ce_type", (SAMPLED if source == "audit" else ROUTED).encode()),
            ("ce_source", b"/inquiry-triage/router"),
            ("ce_time", AT.encode()),
            ("content-type", b"application/json"),
        ]
        key, partition = b"case-%d" % number, number % PARTITIONS
        sent = await producer.send(topic, value, key=key, partition=partition, headers=headers)

        async def waiting() -> Waiting:
            return Waiting(source, partition, (await sent).offset, event_id, key, value)

        return waiting()

    async def lying(self, source: str) -> list[Waiting]:
        """Return what lies to be judged on the review topic, or on that of copies."""
        return [
            Waiting(
                source,
                each.partition,
                each.offset,
                dict(each.headers)["ce_id"].decode(),
                each.key,
                each.value,
            )
            for each in await read_all(self._pipeline.servers, [self.topics[source]])
        ]

    async def judge(self, *judgements: dict[str, Any]) -> None:
        """Publish judgements, in order, each on the partition of its inquiry."""
        await self.say(
            [(each["record"]["partition"], json.dumps(each).encode()) for each in judgements]
        )

    async def say(
        self,
        records: Iterable[tuple[int, bytes | None]],
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Publish anything as if it were a judgement, on given partitions."""
        async with self._producer() as producer:
            sent = [
                await producer.send(
                    self.topics["judged"],
                    value,
                    b"desk",
                    partition=partition,
                    headers=[*headers],
                )
                for partition, value in records
            ]
            await asyncio.gather(*sent)

    async def read(self, *names: str) -> list[ConsumerRecord]:
        """Wait until the settler has answered everything, and read some topics."""
        await self._pipeline.answered("settler")
        topics = [self.topics[name] for name in names]
        records = await read_all(self._pipeline.servers, topics)
        return sorted(records, key=lambda each: (each.topic, each.partition, each.offset))

    async def settled(self) -> list[Settled]:
        """Wait likewise, and read every note."""
        notes = await self.read("settled")
        return [msgspec.json.decode(each.value, type=Settled) for each in notes]

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._pipeline.servers, enable_idempotence=True, linger_ms=2
        )
