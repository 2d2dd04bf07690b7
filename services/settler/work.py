"""The settler at work on one partition: rebuilds what is settled, and reads what was judged."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from aiokafka import TopicPartition

from services.engine.job import Done, Opening, Process, Work
from services.kafka.protocols import Clients, SingleRecords, Value
from services.messages.codec import Judged, routed
from services.messages.judgement import Place, Settled, Source
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection
from services.settler.judged_copies import CopiesAtWork, JudgedCopies, NotedCopy
from services.settler.settle import Addresses, Originals, places_to_read, settle_records
from services.settler.state import Draft, Noted, Settlements

log = structlog.get_logger()

_read_note = msgspec.json.Decoder(Noted).decode
_read_copy = msgspec.json.Decoder(NotedCopy).decode


@dataclass(frozen=True)
class Settling:
    """How the settler works on a partition, whichever it is.

    Args:
        addresses: Where inquiries and notes go.
        sources: The topics on which inquiries lie that are judged.
        now: Tells the time to write into notes and events.
        copies: Where the judged audit copies of each partition are counted.
    """

    addresses: Addresses
    sources: Mapping[Source, str]
    now: Callable[[], datetime]
    copies: CopiesAtWork

    @asynccontextmanager
    async def open(self, opening: Opening) -> AsyncIterator[Work]:
        """Rebuild what is settled of a partition, and connect to where its inquiries lie.

        Raises:
            KafkaError: The broker does not answer, or refuses.
        """
        number, clients = opening.partition.partition, opening.clients
        async with AsyncExitStack() as stack:
            readers: dict[Source, SingleRecords] = {}
            for source, topic in self.sources.items():
                readers[source] = clients.single_records(TopicPartition(topic, number))
                stack.push_async_callback(readers[source].stop)
                await readers[source].start()
            begins = {source: await reader.begins() for source, reader in readers.items()}
            settlements, copies = Settlements(begins), JudgedCopies()
            notes = TopicPartition(self.addresses.settled, number)
            async for settled, judged in _notes_of(clients, notes, await opening.latest(notes)):
                opening.beat()
                settlements.note(settled)
                copies.note(judged)
            stack.enter_context(self.copies.counting(copies))
            yield _SettlerWork(self, settlements, copies, readers)


@dataclass(frozen=True)
class _SettlerWork(Work):
    settling: Settling
    settlements: Settlements
    copies: JudgedCopies
    readers: Mapping[Source, SingleRecords]

    async def prepare(self, records: Sequence[Record]) -> Process:
        batch = Draft(self.settlements)
        originals = await self._originals(places_to_read(records, batch))
        now = self.settling.now()

        def process(part: Sequence[Record]) -> Sequence[list[Output] | RejectedError]:
            draft = Draft(batch)
            results = settle_records(part, draft, originals, self.settling.addresses, now)
            batch.take(draft)
            return results

        return process

    def note(self, outputs: Sequence[Output]) -> Done:
        settled = [each.decided for each in outputs if isinstance(each.decided, Settled)]

        def done() -> None:
            self.settlements.note(settled)
            self.copies.note(settled)

        return done

    async def _originals(self, places: Iterable[Place]) -> Originals:
        """Read what lies at some places, those of one topic together."""
        by_source: dict[Source, list[Place]] = defaultdict(list)
        for place in places:
            by_source[place.topic].append(place)
        originals: dict[Place, Judged | RejectedError] = {}
        for source, wanted in by_source.items():
            reader = self.readers[source]
            begins, found = await reader.read({place.offset for place in wanted})
            for place in wanted:
                originals[place] = _original(place, begins, found.get(place.offset))
        return originals


def _original(place: Place, begins: int, record: Record | None) -> Judged | RejectedError:
    """Return what was judged, or why it is not what lies at its place."""
    if place.offset < begins:
        detail = f"the topic begins at offset {begins:,}: what lay before is kept no longer"
        return RejectedError(Rejection.INQUIRY_GONE, detail)
    if record is None:
        detail = "no record lies there: its topic may have been made anew"
        return RejectedError(Rejection.OTHER_INQUIRY, detail)
    if dict(record.headers).get("ce_id") != place.event_id.encode():
        detail = "the record there has another ce_id than event_id: its topic may be made anew"
        return RejectedError(Rejection.OTHER_INQUIRY, detail)
    received = routed[place.topic].read_or_reject(record)
    if isinstance(received, RejectedError):
        detail = f"the record there is no inquiry of ours ({received.reason})"
        return RejectedError(Rejection.OTHER_INQUIRY, detail)
    return Judged(record, received)


async def _notes_of(
    clients: Clients, partition: TopicPartition, behind: int
) -> AsyncIterator[tuple[list[Noted], list[NotedCopy]]]:
    """Yield the notes of a partition, in order and many at a time, those of copies once more.

    They are not all where the end is not behind an offset.
    """
    reader = clients.partition_reader(partition)
    try:
        await reader.start()
        async for values in reader.values(behind):
            yield _read_notes(partition, values)
    finally:
        await reader.stop()


def _read_notes(
    partition: TopicPartition, values: Sequence[Value]
) -> tuple[list[Noted], list[NotedCopy]]:
    notes: list[Noted] = []
    copies: list[NotedCopy] = []
    for offset, value in values:
        try:
            note = _read_note(value or b"")
            notes.append(note)
            if note.record.topic == "audit":
                copies.append(_read_copy(value or b""))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            log.warning("settler.note_unreadable", partition=partition.partition, offset=offset)
    return notes, copies
