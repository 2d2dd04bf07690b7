"""People who judge what comes to review for as long as a round runs, some of them twice."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from services.kafka.connected import started
from services.messages.codec import ESCALATED_HEADER
from tests.broker.at_rest import until
from tests.broker.desk import DEPARTMENT, OTHER, Waiting, a_judgement
from tests.broker.exactly_once import patient_producer
from tests.broker.faults.traffic import is_too_large_to_judge
from tests.broker.pipeline import Pipeline

DEPARTMENTS = (DEPARTMENT, OTHER, "department-for-work-pensions")
UNKNOWN = "ministry-of-magic"
# A second click comes so many inquiries later: a settler that was killed since has to know.
LATER = 300
SETTLER = "settler"


class People:
    """What they judge, and what they say of it.

    Every tenth inquiry is judged twice and every twentieth by two people, a while later; of a
    hundred one is first given to a department that does not exist. Each judgement is numbered by
    its id, in the order in which they are made.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.review = pipeline.installation.table.review_topic
        self.topic = pipeline.installation.settler.input_topic
        self.judged = 0
        self.published = 0
        self._ids = count()
        self._done: dict[TopicPartition, int] = {}
        self._later: deque[tuple[int, dict[str, Any]]] = deque()
        self._leaving = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Judge for as long as the block runs, and after it until nothing waits any more."""
        self._leaving = False
        async with started(self._reader()) as reader, started(self._producer()) as producer:
            working = asyncio.create_task(self._work(reader, producer))
            try:
                yield
                await self._finish(reader, working)
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    async def _finish(self, reader: AIOKafkaConsumer, working: "asyncio.Task[None]") -> None:
        """Wait until everything is judged, that which is escalated by it too."""
        self._leaving = True
        while True:
            await until(lambda: self._nothing_waits(reader, working))
            await self._pipeline.answered(SETTLER)
            if await self._nothing_waits(reader, working):
                return

    async def _nothing_waits(self, reader: AIOKafkaConsumer, working: "asyncio.Task[None]") -> bool:
        if working.done():
            working.result()
        ends = await reader.end_offsets(reader.assignment())
        return not self._later and all(self._done.get(each, 0) >= end for each, end in ends.items())

    async def _work(self, reader: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        while True:
            batches = await reader.getmany(timeout_ms=50, max_records=100)
            records = [each for batch in batches.values() for each in batch]
            # What is read a second time, as after an outage, was judged then.
            fresh = [each for each in records if each.offset >= self._done.get(_place(each), 0)]
            sent = [
                await producer.send(self.topic, json.dumps(each).encode(), partition=partition)
                for partition, each in self._said_of(fresh)
            ]
            await asyncio.gather(*sent)
            self.published += len(sent)
            for each in reader.assignment():
                self._done[each] = max(self._done.get(each, 0), await reader.position(each))

    def _said_of(self, records: list[ConsumerRecord]) -> Iterator[tuple[int, dict[str, Any]]]:
        for record in records:
            for each in self._judgements(record):
                yield record.partition, each
        while self._later and (self._leaving or self._later[0][0] <= self.judged):
            _, each = self._later.popleft()
            yield each["record"]["partition"], each

    def _judgements(self, record: ConsumerRecord) -> Iterator[dict[str, Any]]:
        number, self.judged = self.judged, self.judged + 1
        of = _waiting(record)
        if number % 100 == 50:
            yield self._judgement(of, department=UNKNOWN)
        first = self._judgement(of, **_outcome(record, number))
        yield first
        if number % 10 == 0:
            self._later.append((number + LATER, first))
        if number % 20 == 7:
            second = self._judgement(of, 2, department=DEPARTMENTS[number % 2])
            self._later.append((number + LATER, second))

    def _judgement(self, of: Waiting, who: int = 1, **fields: Any) -> dict[str, Any]:
        return a_judgement(of, who, id=f"judgement-{next(self._ids)}", **fields)

    def _reader(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self.review,
            bootstrap_servers=self._pipeline.servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )

    def _producer(self) -> AIOKafkaProducer:
        return patient_producer(self._pipeline.servers)


def number_of(judgement: Mapping[str, Any]) -> int:
    """Return which of all judgements it is, in the order in which they were made."""
    return int(judgement["id"].rpartition("-")[2])


def _outcome(record: ConsumerRecord, number: int) -> dict[str, Any]:
    """Return what is decided: mostly a department; nothing is escalated twice."""
    again = ESCALATED_HEADER in dict(record.headers)
    if number % 25 == 3 and not again and not is_too_large_to_judge(record):
        return {"outcome": "escalate", "department": None}
    if number % 25 == 4:
        return {"outcome": "not-ours", "department": None, "signpost": "Ask your council."}
    return {"department": DEPARTMENTS[number % len(DEPARTMENTS)]}


def _place(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _waiting(record: ConsumerRecord) -> Waiting:
    event_id = dict(record.headers)["ce_id"].decode()
    return Waiting("review", record.partition, record.offset, event_id, record.key, record.value)
